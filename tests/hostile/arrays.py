"""Motion capture, ground truth, Human3.6M and lifted poses: their readers, and the converter of pickled ones."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from demo_videos.truth import load_truth
from refiner.data.capture import VirtualCapture
from refiner.data.human36m import read_human36m
from refiner.data.lifted import read_lifted
from refiner.data.mocap import read_mocap

from .archives import Bomb, arrays_of, member_cases, npz
from .case import EITHER, REFUSED, RIGHT, Case, Place, d3p
from .damage import damaged

CONVERT = "convert-h36m"


def cases() -> Iterator[Case]:
    yield from _reader("read: mocap", "mocap.npz", "root_m", _mocap, _MOCAP)
    yield from _reader("read: human36m", "h36m.npz", "poses", _human36m, _HUMAN36M)
    yield from _reader("read: truth", "clip.npz", "joints_3d", _truth, _TRUTH)
    yield from _reader("read: lifted", "lifted.npz", "poses", _lifted, _LIFTED)
    yield from _converter()


def _mocap(place: Place) -> None:
    clips = read_mocap(place.inputs / "mocap.npz", "train")
    assert all(clip.joints.shape[1:] == (17, 3) for clip in clips)
    windows = VirtualCapture(clips, (2, 4)).draw(4, 9, seed=1)
    assert windows.poses.isfinite().all()


def _human36m(place: Place) -> None:
    assert all(len(sequence.poses) == len(sequence.observed) for sequence in read_human36m(place.inputs / "h36m.npz"))


def _truth(place: Place) -> None:
    assert len(load_truth(place.inputs / "clip.npz")) > 0


def _lifted(place: Place) -> None:
    observed, poses = read_lifted(place.inputs / "lifted.npz")
    assert observed.present.any() and np.isfinite(poses[observed.present]).all()


_MOCAP: dict[str, list[Any]] = {
    "length": [np.zeros(4, int), np.full(4, -60), np.array([240, 0, 0, 0]), np.array([300, -60, 0, 0]),
               np.zeros(0, int),
               np.full(4, np.nan), np.array("60"), np.array([60, 60]), np.full((4, 1), 60)],
    "fps": [0.0, -50.0, np.nan, np.inf, np.full(4, 50.0), "50"],
    "split": [np.array(["train"] * 3), np.array(["x"] * 4), np.zeros(4)],
    "subject": [np.array("a"), np.arange(4)], "name": [np.array(["x"])], "text": [np.array([1.5] * 4)],
    "root_m": [np.zeros((240, 2), "f4"), np.full((240, 3), np.nan, "f4"), np.full((240, 3), np.inf, "f4"),
               np.zeros((0, 3), "f4"),
               np.zeros((240, 3), complex)],
    "offset_0p1mm": [np.zeros((240, 16, 3), "i2"), np.zeros((239, 17, 3), "i2"), np.zeros((240, 17, 3)),
                     np.zeros((240, 17, 3), bool)],
}  # fmt: skip
_HUMAN36M: dict[str, list[Any]] = {
    "length": [np.array([0, 20]), np.array([-10, 30]), np.array([10.0, 10.0]), np.array([10]), np.zeros(0, int),
               np.array([10, 11])],
    "fps": [0.0, np.nan, np.array([50.0])],
    "image_size": [np.zeros((2, 2), int), np.full((2, 3), 9), np.full((2, 2), -5)],
    "subject": [np.array(["S1", "S1"]), np.array([9, 11])], "action": [np.array(["Walking"])],
    "poses": [np.zeros((20, 16, 3), "f4"), np.full((20, 17, 3), np.nan, "f4"), np.zeros((19, 17, 3), "f4"),
              np.full((20, 17, 3), "x")],
    "keypoints_2d": [np.zeros((20, 17, 3), "f4"), np.full((20, 17, 2), np.inf, "f4")],
}  # fmt: skip
_LIFTED: dict[str, list[Any]] = {
    "keypoints_2d": [np.zeros((20, 17, 3), "f4"), np.full((20, 17, 2), np.nan), np.zeros((19, 17, 2)),
                     np.full((20, 17, 2), "x")],
    "poses": [np.zeros((20, 16, 3)), np.full((20, 17, 3), np.inf), np.full((20, 17, 3), np.nan),
              np.zeros((20, 17, 3), complex),
              np.arange(20 * 51.0).reshape(20, 17, 3), np.zeros((20, 51))],
    "image_size": [np.array([0, 5]), np.array([np.nan, 5]), np.array([-640, 480]), np.array([640]),
                   np.array([1e300, 5])],
    "fps": [0.0, -25.0, np.nan, np.inf, np.array([25.0]), "25"],
}  # fmt: skip
_TRUTH: dict[str, list[Any]] = {
    "joints_3d": [np.zeros((0, 17, 3), "f4"), np.zeros((12, 16, 3), "f4"), np.full((12, 17, 3), np.nan, "f4"),
                  np.float32(3),
                  np.full((12, 17, 3), "x")],
    "fps": [np.array([30, 0]), np.array([0, 1]), np.array([-30, 1]), np.array([30]), np.array(["30", "1"]),
            np.array([30.5, 1])],
    "image_size": [np.array([0, 5]), np.array([1])], "rotation": [np.zeros(3)],
    "meta": [np.array("{"), np.array("[]"), np.array(3), np.array("[" * 100_000)],
}  # fmt: skip


def _reader(
    area: str, file: str, key: str, act: Callable[[Place], None], wrong: dict[str, list[Any]]
) -> Iterator[Case]:
    yield Case(area, "a good file", act, RIGHT, lambda p: p.put(file, p.good(file)))
    yield Case(area, "no file", act, REFUSED)
    yield Case(area, "a folder", act, REFUSED, lambda p: (p.inputs / file).mkdir())
    yield Case(
        area, "a file that may not be read", act, REFUSED, lambda p: p.put(file, p.good(file)).chmod(0), as_nobody=True
    )
    for number, (what, _) in enumerate(damaged(bytes(1000))):
        yield Case(
            area,
            what,
            act,
            EITHER,
            lambda p, n=number: p.put(file, list(damaged(p.good(file)))[n][1]),
            quick=number == 9,
        )
    for what, data in {"empty": b"", "text": b"hello", "no arrays": npz({})}.items():
        yield Case(area, what, act, REFUSED, lambda p, data=data: p.put(file, data))
    yield from member_cases(area, file, key, act)
    for name, values in wrong.items():
        yield Case(area, f"no {name}", act, REFUSED, lambda p, n=name: p.put(file, npz(_without(p.good(file), n))))
        for number, value in enumerate(values):
            yield Case(
                area, f"{name}: {number}: {np.asarray(value).dtype} {np.asarray(value).shape}", act, REFUSED,
                lambda p, n=name, v=value: p.put(file, npz({**arrays_of(p.good(file)), n: v})), quick=number == 0,
            )  # fmt: skip


def _without(data: bytes, key: str) -> dict[str, Any]:
    arrays = arrays_of(data)
    del arrays[key]
    return arrays


# --- the converter ---------------------------------------------------------------------------------------------------


def _convert(place: Place) -> None:
    d3p(
        "convert-h36m",
        place.inputs / "data_3d_h36m.npz",
        place.inputs / "data_2d_h36m_gt.npz",
        "-o",
        place.out / "h36m.npz",
    )
    assert len(list(read_human36m(place.out / "h36m.npz"))) == 4


def _files(
    poses: Callable[[Place], Any] | None = None, seen: Callable[[Place], Any] | None = None
) -> Callable[[Place], object]:
    """The two files; `poses` and `seen` replace what is inside them."""

    def prepare(place: Place) -> None:
        for file, key, other in (
            ("data_3d_h36m.npz", "positions_3d", poses), ("data_2d_h36m_gt.npz", "positions_2d", seen),
        ):  # fmt: skip
            data = place.good(file)
            if other:
                inside = other(place)
                data = inside if isinstance(inside, bytes) else npz({key: np.array(inside, dtype=object)})
            place.put(file, data)

    return prepare


def _converter() -> Iterator[Case]:
    yield Case(CONVERT, "good files", _convert, RIGHT, _files(), seconds=120)
    yield Case(CONVERT, "no files", _convert, REFUSED)
    yield Case(CONVERT, "a pickle that runs code", _convert, REFUSED, _files(lambda p: Bomb(p.canary)), quick=True)
    yield Case(
        CONVERT,
        "a pickle that runs code, deep inside",
        _convert,
        REFUSED,
        _files(lambda p: {"S9": {"Walking": Bomb(p.canary)}}),
    )
    yield Case(CONVERT, "a bare pickle", _convert, REFUSED, _files(lambda p: pickle.dumps(Bomb(p.canary))))
    yield Case(
        CONVERT, "code in the 2D", _convert, REFUSED, _files(None, lambda p: {"S9": {"Walking": [Bomb(p.canary)] * 4}})
    )
    joints = np.zeros((10, 32, 3), "f4")
    for what, inside in {
        "a list": [1, 2], "a number": 3, "text": "hello", "none": None, "no takes": {"S9": 5}, "no subjects": {},
        "no take": {"S9": {}},
        "poses of 17 joints": {"S9": {"Walking": joints[:, :17]}}, "all zeros": {"S9": {"Walking": joints}},
        "NaN poses": {"S9": {"Walking": joints * np.nan}}, "text poses": {"S9": {"Walking": np.full((10, 32, 3), "x")}},
        "no frames": {"S9": {"Walking": joints[:0]}}, "a frame": {"S9": {"Walking": joints[:1]}},
        "ragged": {"S9": {"Walking": [[1], [2, 3]]}},
        "keys of numbers": {9: {1: joints}}, "another subject": {"S5": {"Walking": joints}},
    }.items():  # fmt: skip
        yield Case(
            CONVERT, f"3D that is {what}", _convert, REFUSED, _files(lambda p, inside=inside: inside), seconds=120
        )
    for what, inside in {
        "a list": [1], "too few cameras": {"S9": {"Walking": [np.zeros((80, 17, 2))]}},
        "zeros": {"S9": {"Walking": [np.zeros((80, 17, 2))] * 4}},
        "NaN": {"S9": {"Walking": [np.full((80, 17, 2), np.nan)] * 4}},
        "shorter": {"S9": {"Walking": [np.zeros((5, 17, 2))] * 4}},
        "text": {"S9": {"Walking": "abcd"}}, "infinite": {"S9": {"Walking": [np.full((80, 17, 2), np.inf)] * 4}},
    }.items():  # fmt: skip
        yield Case(
            CONVERT, f"2D that is {what}", _convert, REFUSED, _files(None, lambda p, inside=inside: inside), seconds=120
        )
    for number, (what, _) in enumerate(damaged(bytes(1000))):
        yield Case(
            CONVERT, f"3D: {what}", _convert, EITHER,
            _files(lambda p, n=number: list(damaged(p.good("data_3d_h36m.npz")))[n][1]), seconds=120,
        )  # fmt: skip
