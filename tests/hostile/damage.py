"""Ways to damage bytes, the same ones every time."""

from __future__ import annotations

import random
from collections.abc import Iterator


def cut(data: bytes, share: float) -> bytes:
    """The first part of it."""
    return data[: int(len(data) * share)]


def flip(data: bytes, seed: int, count: int, first: int = 0, last: int | None = None) -> bytes:
    """`count` random bits between two offsets turned over."""
    rng, broken = random.Random(seed), bytearray(data)
    for _ in range(count):
        broken[rng.randrange(first, last or len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def damaged(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(what was done, the result): truncated, flipped, spliced."""
    for share in (0.02, 0.1, 0.3, 0.5, 0.8, 0.97):
        yield f"cut at {share:.0%}", cut(data, share)
    for seed in range(4):
        yield f"one bit, {seed}", flip(data, seed, 1)
        yield f"40 bits, {seed}", flip(data, 100 + seed, 40)
    yield "head flipped", flip(data, 7, 6, 0, min(64, len(data)))
    yield "tail flipped", flip(data, 8, 12, max(0, len(data) - 200))
    yield "middle gone", data[: len(data) // 3] + data[2 * len(data) // 3 :]
    yield "zeros within", data[: len(data) // 3] + bytes(len(data) // 3) + data[2 * len(data) // 3 :]
