"""motion.npz: a `Motion` as a file, which NumPy loads with `allow_pickle=False`.

    person{i}/id            ()         int64    the person's id; i, from 0, is only the place in this file
    person{i}/keypoints_2d  (N,17,2)   float32  pixels, x right, y down, from the top-left corner; NaN if missing
    person{i}/scores        (N,17)     float32  confidence of each keypoint, 0 if missing
    person{i}/provenance    (N,)       uint8    0 missing, 1 interpolated, 2 detected
    person{i}/lifted        (N,17,3)   float32  metres, camera space, relative to the hip; NaN if missing
    person{i}/refined       (N,17,3)   float32  the same after refinement; absent if the run did not refine
    person{i}/root          (N,3)      float32  metres, camera space: where the hip is; NaN if missing
    person{i}/sigma         (N,17)     float32  metres, half a 68 % band of each coordinate of `refined`; perhaps absent
    person{i}/believed      (N,17)     bool     False for a joint whose place is a guess; absent in older files
    person{i}/pose_3d       (N,17,3)   float32  metres, camera space, relative to the hip: the pose that the detector
                                                reads from the picture itself; NaN without; absent if it gives none
    person{i}/pose_3d_scores (N,17)    float32  how sure that is, 0 to 1; 0 without; absent with `pose_3d`
    looked                  (N,)       bool     the frames that the detector has looked at; absent in older files
    meta                    ()         str      JSON, see `meta_of`

The ids of all, by place, are `people` in `meta`: person 3 is at `person{meta["people"].index(3)}`, and
`Motion.person(3)` finds it. Exports go by the id. Camera space is x right, y down, z forward. N is the number of frames
of the video, always.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from app.media.clock import rate_of
from app.motion import ARRAYS, Motion, PersonMotion
from estimators.arrays import read_arrays
from estimators.errors import DataError
from estimators.files import complete_file
from estimators.gaps import frames_a_look
from estimators.observation import Provenance
from estimators.skeleton import H36M17, Skeleton

FORMAT = "d3p-motion"
FORMAT_VERSION = 1
_LEFT_OUT = ("id", "frames", "first", "last")


def save(motion: Motion, path: str | Path, beside: Mapping[str, np.ndarray | None] | None = None) -> Path:
    """Write the .npz under a temporary name and rename it. Returns the path.

    Args:
        beside: arrays for other programs, under names that a motion does not use; `load` passes over them.
    """
    arrays: dict[str, Any] = {name: array for name, array in (beside or {}).items() if array is not None}
    for index, person in enumerate(motion.people):
        arrays[f"person{index}/id"] = np.int64(person.id)
        for name in ARRAYS:
            if (array := getattr(person, name)) is not None:
                arrays[f"person{index}/{name}"] = array
    if motion.looked is not None:
        arrays["looked"] = motion.looked
    arrays["meta"] = np.array(json.dumps(meta_of(motion), ensure_ascii=False))
    with complete_file(path) as temporary, temporary.open("wb") as file:  # by name, NumPy would add a suffix
        np.savez_compressed(file, **arrays)
    return Path(path)


def load(path: str | Path) -> Motion:
    """Read a .npz written by `save`.

    Raises:
        DataError: no such file, or not a motion file, or one that contradicts itself.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"No motion file at {path}.")
    arrays = read_arrays(path, "a motion file")
    try:
        return _from_arrays(arrays)
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        where = " ".join(str(error).split())[:200]
        raise DataError(f"{path.name} is not a motion file: {type(error).__name__} at {where}.") from error


def meta_of(motion: Motion) -> dict[str, Any]:
    """Everything of a motion but the arrays, ready for JSON."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "frames": len(motion),
        "people": [person.id for person in motion.people],
        "skeleton": motion.skeleton.name,
        "joint_names": list(motion.skeleton.joints),
        "parents": list(motion.skeleton.parents),
        "left": list(motion.skeleton.left),
        "right": list(motion.skeleton.right),
        "units": {
            "keypoints_2d": "pixel", "lifted": "metre", "refined": "metre", "root": "metre", "sigma": "metre",
            "pose_3d": "metre", "timestamps": "second", "start_offset": "second",
        },
        "coordinate_frame": "camera: x right, y down, z forward; lifted, refined and pose_3d are relative to the hip",
        "provenance": {kind.name.lower(): int(kind) for kind in Provenance},
        "fps": f"{motion.fps.numerator}/{motion.fps.denominator}",
        "timestamps": [float(seconds) for seconds in motion.timestamps],
        "start_offset": motion.start_offset,
        "image_size": list(motion.image_size),
        "source": dict(motion.source),
        "camera": dict(motion.camera),
        "models": dict(motion.models),
        "options": dict(motion.options),
        "cuts": list(motion.cuts),
        "left_out": [dict(one) for one in motion.left_out],
    }  # fmt: skip


def _from_arrays(arrays: Mapping[str, np.ndarray]) -> Motion:
    """The Motion of a file's arrays. Raises KeyError, ValueError, TypeError or DataError on anything malformed."""
    meta = json.loads(str(arrays["meta"]), parse_constant=_no_number)
    if meta["format"] != FORMAT or int(meta["format_version"]) > FORMAT_VERSION:
        raise DataError(
            f"Cannot read {meta['format']} version {meta['format_version']}; newest known: {FORMAT_VERSION}."
        )
    skeleton = Skeleton(
        meta["skeleton"], tuple(meta["joint_names"]), tuple(meta["parents"]), tuple(meta["left"]), tuple(meta["right"])
    )
    if skeleton != H36M17:
        raise DataError("The joints of a motion are Human3.6M's 17, in their order; these are others.")
    focal = meta["camera"].get("focal_px")
    if focal is not None and not 0 < float(focal) < float("inf"):
        raise DataError("The focal length of a motion's camera must be a positive number.")
    timestamps = np.asarray(meta["timestamps"], dtype=np.float64)
    offset = meta.get("start_offset")
    people = []
    if not isinstance(meta["people"], list):
        raise DataError("The people of a motion must be a list of ids.")
    for index in range(len(meta["people"])):
        fields = {name: arrays.get(f"person{index}/{name}") for name in ARRAYS}
        people.append(PersonMotion(id=int(arrays[f"person{index}/id"]), **fields))  # type: ignore[arg-type]
    motion = Motion(
        people=tuple(people),
        timestamps=timestamps,
        fps=rate_of(timestamps, Fraction(meta["fps"])),
        image_size=(int(meta["image_size"][0]), int(meta["image_size"][1])),
        source=dict(meta["source"]),
        camera=dict(meta["camera"]),
        models=dict(meta["models"]),
        options=dict(meta["options"]),
        looked=arrays.get("looked"),
        start_offset=None if offset is None else float(offset),
        cuts=tuple(int(cut) for cut in meta.get("cuts", ())),
        left_out=tuple({key: int(one[key]) for key in _LEFT_OUT} for one in meta.get("left_out", ())),
    )
    return motion if "looked" in arrays else replace(motion, looked=_looked_of_old(motion))


def _looked_of_old(motion: Motion) -> np.ndarray:
    """(N,) bool: what earlier versions have looked at, who wrote only how many looks a second were asked for.

    They have also used what was found in every frame, by a search for everybody: then people are detected between
    the looks.
    """
    looks = motion.options.get("looks")
    every = frames_a_look(motion.fps, looks if isinstance(looks, int) and looks > 0 else 0)
    looked = np.arange(len(motion)) % min(every, len(motion)) == 0
    looked[-1] = True
    between = any((person.provenance[~looked] == Provenance.DETECTED).any() for person in motion.people)
    return np.ones(len(motion), bool) if between else looked


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")
