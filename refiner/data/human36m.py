"""Human3.6M in a file without pickles, made from the user's own copy by `d3p convert-h36m`; no part of this project.

An .npz. Keys: `subject`, `action`, `camera`, `length` (frames) and `image_size` (width, height) for each sequence;
`detector` (where the 2D is from); `fps`; and, for all frames of all sequences, `keypoints_2d` (N,17,2) float32 pixels
and `poses` (N,17,3) float32 metres, camera space, root not subtracted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from estimators.arrays import read_arrays
from estimators.errors import DataError
from estimators.observation import Observation

TRAIN, TEST = ("S1", "S5", "S6", "S7", "S8"), ("S9", "S11")
DROPPED = ("S11", "Directions")  # its capture is broken
FPS = 50.0
_RENAMED = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog"}
_KEYS = ("subject", "action", "camera", "length", "image_size", "detector", "fps", "keypoints_2d", "poses")


@dataclass(frozen=True)
class Recording:
    """A take seen by one camera: what is observed (`exact`, or by a detector); poses (N,17,3) metres, camera space."""

    subject: str
    take: str
    camera: str
    observed: Observation
    poses: np.ndarray
    exact: bool

    @property
    def action(self) -> str:
        """The action that tables group by: "Directions 1" is Directions."""
        return action_of(self.take)


def action_of(take: str) -> str:
    """The text before the first space; two actions have two spellings."""
    action = take.split(" ")[0]
    return _RENAMED.get(action, action)


def read_human36m(path: str | Path, subjects: tuple[str, ...] = TEST) -> Iterator[Recording]:
    """The sequences of some subjects, without the one that nobody counts.

    Raises:
        DataError: missing or malformed file, or nothing of these subjects in it.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"No Human3.6M file at {path}; make one of your own copy with `d3p convert-h36m`.")
    arrays = read_arrays(path, "a file of `d3p convert-h36m`", _KEYS)
    _check(path, arrays)
    ends = np.cumsum(arrays["length"])
    chosen = [
        i
        for i, (subject, take) in enumerate(zip(arrays["subject"], arrays["action"], strict=True))
        if subject in subjects and (subject, take) != DROPPED
    ]
    if not chosen:
        raise DataError(f"{path.name} holds nothing of {', '.join(subjects)}.")
    for i in chosen:
        frames = slice(ends[i] - arrays["length"][i], ends[i])
        width, height = (int(side) for side in arrays["image_size"][i])
        keypoints, fps = arrays["keypoints_2d"][frames], float(arrays["fps"])
        yield Recording(
            subject=str(arrays["subject"][i]),
            take=str(arrays["action"][i]),
            camera=str(arrays["camera"][i]),
            observed=Observation.of(keypoints, None, (width, height), fps),
            poses=arrays["poses"][frames],
            exact=str(arrays["detector"]) == "truth",
        )


def _check(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Raise DataError if the arrays are not those of the module's docstring."""
    count, frames = arrays["length"].size, arrays["poses"].shape[:1]
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(("subject", "action", "camera", "length"), (count,))
    shapes |= {"image_size": (count, 2), "detector": (), "fps": ()}
    shapes |= {"keypoints_2d": (*frames, 17, 2), "poses": (*frames, 17, 3)}
    kinds = {"subject": "U", "action": "U", "camera": "U", "length": "iu", "detector": "U", "image_size": "iu"}
    for key, shape in shapes.items():
        array, kind = arrays[key], kinds.get(key, "fiu")
        if array.shape != shape or array.dtype.kind not in kind:
            raise DataError(f"{path.name}: {key} is {array.dtype} of shape {array.shape}, not as documented.")
        if array.dtype.kind in "fiu" and not np.isfinite(array).all():
            raise DataError(f"{path.name}: {key} holds values that are not finite.")
    if not count or (arrays["length"] < 1).any() or arrays["length"].sum() != frames[0]:
        raise DataError(f"{path.name}: the lengths of its sequences do not add up to its frames.")
    if (arrays["image_size"] < 1).any() or arrays["fps"] <= 0:
        raise DataError(f"{path.name}: an image size or a frame rate that is not positive.")
