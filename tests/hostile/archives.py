"""Archives of arrays (.npz) whose members are broken, lie, or attack; every reader of one meets them all."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .case import EITHER, REFUSED, Case, Place


class Bomb:
    """Unpickling it runs code: `touch CANARY`."""

    def __init__(self, canary: object) -> None:
        self.canary = str(canary)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.canary}'",)


def arrays_of(data: bytes) -> dict[str, np.ndarray]:
    """The arrays of an .npz file's bytes."""
    with np.load(io.BytesIO(data)) as stored:
        return dict(stored)


def npz(arrays: dict[str, Any]) -> bytes:
    """An .npz file of arrays; objects are pickled."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def with_member(data: bytes, key: str, member: bytes, compress: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The .npz with one member's bytes replaced."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", compress) as new:
        for info in old.infolist():
            if info.filename != f"{key}.npy":
                new.writestr(info.filename, old.read(info))
        new.writestr(f"{key}.npy", member)
    return file.getvalue()


def claiming(shape: str, descr: str = "'<f4'", data: bytes = bytes(100), version: int = 1) -> bytes:
    """An .npy that claims a shape it does not have."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(header)) + header + data


# what a member of an .npz may be instead of an array; `data` stands for the canary's place
MEMBERS: dict[str, Callable[[Place], bytes]] = {
    "a shape of 10^12": lambda p: claiming("(1000000000000,)"),
    "a shape of 2^40 x 17 x 3": lambda p: claiming("(1099511627776, 17, 3)"),
    "a shape of 10^30": lambda p: claiming("(1" + "0" * 30 + ",)"),
    "a negative shape": lambda p: claiming("(-1, 17, 3)"),
    "two negative sides": lambda p: claiming("(-5, -5)"),
    "a shape of words": lambda p: claiming("('a', 'b')"),
    "a shape of 2^63 zeros": lambda p: claiming("(9223372036854775807, 0)", data=b""),
    "a type of no size": lambda p: claiming("(10000000000000,)", "'<U0'", b""),
    "a huge type": lambda p: claiming("()", "'<U2147483647'"),
    "an unknown type": lambda p: claiming("(1,)", "'<q99'"),
    "a type that is a list": lambda p: claiming("(1,)", "[('a', '<f4'), ('b', 'O')]"),
    "a type that is a call": lambda p: claiming("(1,)", "__import__('os').system('touch canary')"),
    "a deep header": lambda p: claiming("(" * 3000 + ")" * 3000),
    "a header that is no dictionary": lambda p: b"\x93NUMPY\x01\x00\x05\x00[1,2]" + bytes(50),
    "a header beyond the end": lambda p: b"\x93NUMPY\x01\x00\xff\xff{}",
    "version 9": lambda p: claiming("(1,)", version=9),
    "no array": lambda p: b"hello",
    "nothing": lambda p: b"",
    "a pickle": lambda p: pickle.dumps(Bomb(p.canary)),
    "an array of objects": lambda p: claiming("(1,)", "'|O'", pickle.dumps(Bomb(p.canary))),
    "a bomb of 2 GB": lambda p: claiming(f"({1 << 29},)", data=b"") + b"",
}


def member_cases(area: str, file: str, key: str, act: Callable[[Place], None]) -> Iterator[Case]:
    """Cases of an .npz in which one member is something else."""
    for what, member in MEMBERS.items():
        yield Case(
            area, f"{key} is {what}", act, REFUSED,
            lambda p, member=member: p.put(file, with_member(p.good(file), key, member(p))),
            quick=what in ("a shape of 10^12", "an array of objects"),
        )  # fmt: skip
    yield Case(
        area, f"{key} is 2 GB of zeros in 2 MB", act, REFUSED, lambda p: p.put(file, zip_bomb(p.good(file), key))
    )
    yield Case(area, "every array pickled", act, REFUSED, lambda p: p.put(file, _pickled(p, file)), quick=True)
    yield Case(area, "a member named twice", act, EITHER, lambda p: p.put(file, _twice(p.good(file), key)))
    yield Case(area, "a member encrypted", act, EITHER, lambda p: p.put(file, _flagged(p.good(file), 1)))
    yield Case(area, "an unknown compression", act, REFUSED, lambda p: p.put(file, _method(p.good(file))))


def zip_bomb(data: bytes, key: str) -> bytes:
    """The .npz with `key` replaced by 2 GB of zeros, compressed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != f"{key}.npy":
                new.writestr(info.filename, old.read(info))
        with new.open(f"{key}.npy", "w", force_zip64=True) as member:
            member.write(claiming(f"({1 << 29},)", data=b""))
            for _ in range(128):
                member.write(bytes(1 << 24))
    return file.getvalue()


def _pickled(place: Place, file: str) -> bytes:
    return npz({key: np.array([Bomb(place.canary)], dtype=object) for key in arrays_of(place.good(file))})


def _twice(data: bytes, key: str) -> bytes:
    file = io.BytesIO(data)
    import warnings

    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(file, "a") as archive:
        archive.writestr(f"{key}.npy", claiming("(3,)", data=bytes(12)))
    return file.getvalue()


def _flagged(data: bytes, flag: int) -> bytes:
    broken = bytearray(data)
    at = broken.index(b"PK\x01\x02")
    broken[at + 8] |= flag
    broken[6] |= flag
    return bytes(broken)


def _method(data: bytes) -> bytes:
    broken = bytearray(data)
    at = broken.index(b"PK\x01\x02")
    struct.pack_into("<H", broken, at + 10, 99)
    struct.pack_into("<H", broken, 8, 99)
    return bytes(broken)
