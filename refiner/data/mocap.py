"""The motion-capture file: Human3.6M-17 joints of many people, clips concatenated.

An .npz without pickles. Keys: `name`, `subject`, `split` (train, val, test; by person), `text` (activity), `length`
(frames) for each clip; `fps`; and, for all frames, `root_m` (N,3) float32 and `offset_0p1mm` (N,17,3) int16, so that
joints = root_m[:, None] + offset_0p1mm * 1e-4. World frame: metres, Z up, right-handed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from estimators.errors import DataError

KEYS = ("name", "subject", "split", "text", "length", "fps", "root_m", "offset_0p1mm")


@dataclass(frozen=True)
class Clip:
    """One recorded motion: `joints` (N, 17, 3) metres, world frame with Z up."""

    name: str
    subject: str
    text: str
    joints: np.ndarray
    fps: float


def read_mocap(path: str | Path, split: str, folds: tuple[int, int] | None = None) -> list[Clip]:
    """Read the clips of one split.

    Args:
        split: "train", "val" or "test". The splits share no person.
        folds: (k, n) keeps the people of fold k of n only; for cross-fitting.

    Raises:
        DataError: missing or malformed file, or an empty split.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"No motion-capture file at {path}.")
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = {key: data[key] for key in KEYS}
    except (ValueError, OSError, KeyError) as error:
        raise DataError(f"{path.name} is not a motion-capture file of the documented format: {error}.") from error
    ends = np.cumsum(arrays["length"])
    if ends[-1] != len(arrays["root_m"]):
        raise DataError(f"{path.name}: the clips' lengths add up to {ends[-1]}, but it has {len(arrays['root_m'])}.")
    people = sorted(set(arrays["subject"][arrays["split"] == split].tolist()))
    if folds is not None:
        people = people[folds[0] :: folds[1]]
    clips = []
    for i in np.flatnonzero((arrays["split"] == split) & np.isin(arrays["subject"], people)):
        frames = slice(ends[i] - arrays["length"][i], ends[i])
        joints = arrays["root_m"][frames, None] + arrays["offset_0p1mm"][frames] * np.float32(1e-4)
        name, subject, text = (str(arrays[key][i]) for key in ("name", "subject", "text"))
        clips.append(Clip(name, subject, text, joints.astype(np.float32), float(arrays["fps"])))
    if not clips:
        raise DataError(f"{path.name} has no clips in split {split!r}.")
    return clips
