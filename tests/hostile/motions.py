"""Motion files that are broken, lie, or attack: through `d3p export`, which loads them and draws conclusions."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .archives import arrays_of, claiming, member_cases, npz
from .case import EITHER, REFUSED, RIGHT, Case, Place, d3p
from .damage import damaged

AREA = "export: motion"


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
