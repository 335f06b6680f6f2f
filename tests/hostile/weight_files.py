"""Weights: cards that are no cards, safetensors that are none, and hashes that do not fit."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator

import torch

from .cards import AREA, FILE, copied, lift
from .case import EITHER, REFUSED, RIGHT, Case, Place
from .damage import damaged
from .material import LIFTER_CARD, seal

CARD_TEXTS = {
    "no JSON": "{", "a list": "[]", "a number": "7", "null": "null", "empty": "", "binary": "\x00\x01\x02",
    "deep": "[" * 100_000,
    "deep inside": '{"kind":' * 50_000, "a huge number": "9" * 100_000, "not a number": "NaN",
    "twice": '{"kind": 1, "kind": 2}',
}  # fmt: skip


def cases() -> Iterator[Case]:
    for what, text in CARD_TEXTS.items():
        yield Case(
            AREA,
            f"a card that is {what}",
            lift,
            REFUSED,
            lambda p, t=text: (copied()(p), p.put("tiny-9.json", t)),
            quick=what == "deep",
        )
    yield Case(
        AREA,
        "a card that is not UTF-8",
        lift,
        REFUSED,
        lambda p: (copied()(p), p.put("tiny-9.json", b'{"kind": "\xff"}')),
    )
    yield Case(AREA, "no card", lift, REFUSED, lambda p: p.put(FILE, p.good(FILE)))
    yield Case(
        AREA,
        "a card that is a folder",
        lift,
        REFUSED,
        lambda p: (p.put(FILE, p.good(FILE)), (p.inputs / "tiny-9.json").mkdir()),
    )
    yield Case(
        AREA,
        "a card that may not be read",
        lift,
        REFUSED,
        lambda p: (copied()(p), (p.inputs / "tiny-9.json").chmod(0)),
        as_nobody=True,
    )
    yield Case(
        AREA,
        "weights that may not be read",
        lift,
        REFUSED,
        lambda p: (copied()(p), (p.inputs / FILE).chmod(0)),
        as_nobody=True,
    )
    for number, (what, _) in enumerate(damaged(bytes(1000))):
        yield Case(
            AREA,
            f"wrong hash: {what}",
            lift,
            REFUSED,
            lambda p, n=number: (copied()(p), p.put(FILE, list(damaged(p.good(FILE)))[n][1])),
            quick=number == 0,
        )
        yield Case(
            AREA, f"right hash: {what}", lift, EITHER,
            lambda p, n=number: seal(p.inputs, "tiny-9", list(damaged(p.good(FILE)))[n][1], LIFTER_CARD),
            quick=number == 3,
        )  # fmt: skip
    for what, header in SAFETENSORS.items():
        yield Case(
            AREA, f"safetensors: {what}", lift, REFUSED, lambda p, h=header: seal(p.inputs, "tiny-9", h(), LIFTER_CARD)
        )
    for value in (float("nan"), float("inf")):
        yield Case(AREA, f"weights of {value}", lift, REFUSED, lambda p, v=value: _filled(p, v), quick=value != value)
    yield Case(AREA, "weights of double precision", lift, RIGHT, lambda p: _filled(p, 0.01, torch.float64))
    yield Case(AREA, "weights of whole numbers", lift, EITHER, lambda p: _filled(p, 1, torch.int8))


def _safetensors(header: object, data: bytes = bytes(64), length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


SAFETENSORS: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"", "a header of 2^63 bytes": lambda: _safetensors({}, length=2**63),
    "no tensors": lambda: _safetensors({}, b""),
    "a header of 1 GB": lambda: _safetensors({}, length=1 << 30), "no JSON": lambda: _safetensors(b"{"),
    "a list": lambda: _safetensors([]),
    "a shape of 10^12": lambda: _safetensors({"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 64]}}),
    "a negative shape": lambda: _safetensors({"a": {"dtype": "F32", "shape": [-4], "data_offsets": [0, 64]}}),
    "offsets beyond the end": lambda: _safetensors({"a": {"dtype": "F32", "shape": [99], "data_offsets": [0, 396]}}),
    "overlapping": lambda: _safetensors({k: {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]} for k in "ab"}),
    "an unknown type": lambda: _safetensors({"a": {"dtype": "Q99", "shape": [16], "data_offsets": [0, 64]}}),
    "deep": lambda: _safetensors(b"[" * 100_000), "a pickle": lambda: b"\x80\x04N.",
    "other names": lambda: _safetensors({"a": {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]}}),
}  # fmt: skip


def _filled(place: Place, value: float, dtype: torch.dtype = torch.float32) -> None:
    from safetensors.torch import load, save

    state = load(place.good(FILE))
    seal(
        place.inputs,
        "tiny-9",
        save({key: torch.full_like(one, value, dtype=dtype) for key, one in state.items()}),
        LIFTER_CARD,
    )
