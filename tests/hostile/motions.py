"""Motion files that are broken, lie, or attack: through `d3p export`, which loads them and draws conclusions."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .case import EITHER, REFUSED, RIGHT, Case, Place, d3p
from .damage import damaged

AREA = "export: motion"


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


# --- motions ---------------------------------------------------------------------------------------------------------


def _export(place: Place, *options: str, formats: str = "bvh,glb,trc,c3d,csv,json") -> None:
    d3p("export", place.inputs / "motion.npz", "--to", formats, "-o", place.out, *options)
    for name in formats.split(","):
        assert list(place.out.glob(f"motion*.{name}")), name


def _changed(change: Callable[[dict[str, Any]], None]) -> Callable[[Place], object]:
    def prepare(place: Place) -> None:
        arrays = arrays_of(place.good("motion.npz"))
        change(arrays)
        place.put("motion.npz", npz(arrays))

    return prepare


def _with_meta(**entries: Any) -> Callable[[Place], object]:
    def change(arrays: dict[str, Any]) -> None:
        meta = json.loads(str(arrays["meta"]))
        for key, value in entries.items():
            if value is KeyError:
                del meta[key]
            else:
                meta[key] = value
        arrays["meta"] = np.array(json.dumps(meta))

    return _changed(change)


def _set(key: str, value: Any) -> Callable[[Place], object]:
    return _changed(lambda arrays: arrays.update({key: value(arrays[key]) if callable(value) else value}))


def cases() -> Iterator[Case]:
    yield Case(AREA, "a good motion", _export, RIGHT, lambda p: p.put("motion.npz", p.good("motion.npz")))
    for number, (what, _) in enumerate(damaged(bytes(1000))):
        yield Case(
            AREA, f"motion.npz: {what}", _export, EITHER,
            lambda p, number=number: p.put("motion.npz", list(damaged(p.good("motion.npz")))[number][1]),
            quick=number == 9,
        )  # fmt: skip
    for what, data in {
        "empty": b"",
        "text": b"hello",
        "an .npy": claiming("(25,)"),
        "a zip of nothing": npz({}),
    }.items():
        yield Case(AREA, f"motion.npz: {what}", _export, REFUSED, lambda p, data=data: p.put("motion.npz", data))
    yield from member_cases(AREA, "motion.npz", "person0/lifted", _export)
    yield from _metas()
    yield from _values()
    yield from _options()


def _metas() -> Iterator[Case]:
    for key in ("fps", "timestamps", "image_size", "people", "format", "joint_names", "camera", "source"):
        yield Case(AREA, f"no {key}", _export, REFUSED, _with_meta(**{key: KeyError}))
    wrong: dict[str, list[Any]] = {
        "fps": ["0/1", "1/0", "nan", "-30", "", None, [30], "9" * 5000, {"a": 1}, 1e400],
        "timestamps": [[], None, "abc", [0], [0] * 12, [float("nan")] * 12, [[0]] * 12, list(range(12))[::-1],
                       {"a": 1}],
        "image_size": [[0, 0], [-1, 5], [], "ab", None, [float("inf"), 3], [float("nan")] * 2],
        "people": [[], 7, [0] * 100_000, None, {"a": 1}],
        "format_version": [99, "x", None, -1],
        "joint_names": [["a"] * 17, [], None, 3, [["x"]] * 17], "parents": [[5] * 17, [], list(range(17))],
        "left": [[99]], "camera": [[1], "x", None], "models": [3], "options": [[1, 2]],
    }  # fmt: skip
    for key, values in wrong.items():
        for value in values:
            ends = EITHER if (key, value) == ("format_version", -1) else REFUSED
            yield Case(
                AREA,
                f"{key} = {json.dumps(value)[:30]}",
                _export,
                ends,
                _with_meta(**{key: value}),
                quick=value == "1/0",
            )
    for focal in (0, -5, "wide", float("nan"), 1e300, None, [1]):
        yield Case(AREA, f"a focal length of {focal!r}", _export, EITHER, _with_meta(camera={"focal_px": focal}))
    for what, text in {
        "no JSON": "{",
        "a list": "[]",
        "a number": "3",
        "deep": "[" * 100_000,
        "empty": "",
        "null": "null",
    }.items():
        yield Case(AREA, f"meta: {what}", _export, REFUSED, _set("meta", np.array(text)), quick=what == "deep")
    yield Case(AREA, "meta of numbers", _export, REFUSED, _set("meta", np.arange(3)))


def _values() -> Iterator[Case]:
    for name in ("keypoints_2d", "lifted", "refined", "root"):
        for value in (np.nan, np.inf, -np.inf):

            def change(array: np.ndarray, value: float = value) -> np.ndarray:
                array = array.copy()
                array[2] = value
                return array

            yield Case(
                AREA, f"{value} in {name}", _export, REFUSED, _set(f"person0/{name}", change), quick=name == "lifted"
            )
    for name in ("lifted", "refined", "root", "keypoints_2d", "sigma", "scores"):
        for factor in (1e6, 1e30, 0.0):
            yield Case(
                AREA, f"{name} times {factor:g}", _export, EITHER,
                _set(f"person0/{name}", lambda a, f=factor: (a * np.float32(f)).astype(np.float32)),
            )  # fmt: skip
    yield Case(AREA, "NaN in scores", _export, EITHER, _set("person0/scores", lambda a: a * np.float32(np.nan)))
    yield Case(AREA, "infinite sigma", _export, EITHER, _set("person0/sigma", lambda a: a * np.float32(np.inf)))
    yield Case(AREA, "scores of wrong shape", _export, REFUSED, _set("person0/scores", np.zeros((12, 5), np.float32)))
    yield Case(
        AREA, "poses of double precision", _export, REFUSED, _set("person0/lifted", lambda a: a.astype(np.float64))
    )
    yield Case(
        AREA, "poses of whole numbers", _export, REFUSED, _set("person0/lifted", lambda a: np.zeros(a.shape, int))
    )
    yield Case(AREA, "poses of text", _export, REFUSED, _set("person0/lifted", lambda a: np.full(a.shape, "x")))
    yield Case(
        AREA, "poses of a structure", _export, REFUSED, _set("person0/lifted", np.zeros(12, [("a", "f4", (17, 3))]))
    )
    yield Case(AREA, "a frame too few", _export, REFUSED, _set("person0/root", lambda a: a[:-1]))
    yield Case(AREA, "provenance of 7", _export, REFUSED, _set("person0/provenance", lambda a: a + np.uint8(5)))
    yield Case(AREA, "never seen", _export, REFUSED, _changed(_unseen), quick=True)
    yield Case(AREA, "seen in one frame", _export, RIGHT, _changed(lambda arrays: _unseen(arrays, keep=1)))
    yield Case(
        AREA,
        "no sigma, no refined",
        _export,
        RIGHT,
        _changed(lambda a: [a.pop(f"person0/{n}") for n in ("sigma", "refined")]),
    )
    for number in (-1, 2**63 - 1, -(2**63)):
        yield Case(
            AREA,
            f"the id {number}",
            _export,
            EITHER,
            _changed(lambda a, n=number: a.update({"person0/id": np.int64(n)})),
        )
    for identity in (np.float64("nan"), np.array([1, 2]), np.array("../../x")):
        yield Case(
            AREA, f"the id {identity!r}", _export, EITHER, _changed(lambda a, n=identity: a.update({"person0/id": n}))
        )
    yield Case(AREA, "all joints in one point", _export, EITHER, _changed(_collapsed))
    yield Case(AREA, "no lifted", _export, REFUSED, _changed(lambda arrays: arrays.pop("person0/lifted")))


def _unseen(arrays: dict[str, Any], keep: int = 0) -> None:
    arrays["person0/provenance"][keep:] = 0
    for name in ("keypoints_2d", "lifted", "refined", "root"):
        arrays[f"person0/{name}"][keep:] = np.nan


def _collapsed(arrays: dict[str, Any]) -> None:
    for name in ("lifted", "refined"):
        arrays[f"person0/{name}"] *= 0


def _options() -> Iterator[Case]:
    def prepare(place: Place) -> None:
        place.put("motion.npz", place.good("motion.npz"))

    for height in ("nan", "inf", "-1", "0", "1e9", "tall"):
        yield Case(AREA, f"--height={height}", lambda p, h=height: _export(p, f"--height={h}"), REFUSED, prepare)
    for space in ("", "moon", "../world", "WORLD"):
        yield Case(AREA, f"--space={space}", lambda p, s=space: _export(p, f"--space={s}"), REFUSED, prepare)
    for formats in ("", ",", "fbx", "bvh,../x", "__init__", "place", "bvh\0", "BVH;rm"):
        yield Case(
            AREA,
            f"--to={formats!r}",
            lambda p, f=formats: _export(p, formats=f),
            REFUSED,
            prepare,
            quick=formats == "../x",
        )
    yield Case(AREA, "no file", lambda p: d3p("export", p.inputs / "nothing.npz", "--to", "bvh"), REFUSED)
    yield Case(AREA, "a folder", lambda p: d3p("export", p.inputs, "--to", "bvh"), REFUSED)
    yield Case(AREA, "a device", lambda p: d3p("export", "/dev/zero", "--to", "bvh"), REFUSED, seconds=20)
    yield Case(
        AREA,
        "a FIFO",
        lambda p: d3p("export", p.inputs / "x.npz", "--to", "bvh"),
        REFUSED,
        lambda p: os.mkfifo(p.inputs / "x.npz"),
        seconds=20,
    )
    yield Case(
        AREA, "a file that may not be read", _export, REFUSED,
        lambda p: p.put("motion.npz", p.good("motion.npz")).chmod(0), as_nobody=True,
    )  # fmt: skip
    for name in ("-x.npz", "new\nline.npz", "n" * 240 + ".npz", "no suffix", "*.npz"):
        yield Case(
            AREA, f"called {name[:20]!r}", lambda p,
            n=name: d3p("export", "--to", "bvh,json", "-o", p.out, "--", p.inputs / n),
            RIGHT, lambda p, n=name: p.put(n, p.good("motion.npz")),
        )  # fmt: skip
