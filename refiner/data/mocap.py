"""The motion-capture file: Human3.6M-17 joints of many people, clips concatenated.

An .npz without pickles. Keys: `name`, `subject`, `split` (train, val, test; by person), `text` (activity), `length`
(frames) for each clip, perhaps also `source` (the collection) and `licence` (CMU, MIT, ...); `fps`; and, for all
frames, `root_m` (N,3) float32 and `offset_0p1mm` (N,17,3) int16, so that joints = root_m[:, None] + offset_0p1mm *
1e-4. World frame: metres, Z up, right-handed. Sources and licences are whatever the file says: nothing here knows their
names, but for those whose terms ask for a sentence of thanks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from estimators.arrays import read_arrays
from estimators.errors import DataError

Files = str | Path | Sequence[str | Path]  # one, or several that are read as one

KEYS = ("name", "subject", "split", "text", "length", "fps", "root_m", "offset_0p1mm")
ORIGIN = ("source", "licence")
NOT_TOLD = "not told by the file"
# licence -> what its terms ask to be said
THANKS = {
    "CMU": "The data used in this project was obtained from mocap.cs.cmu.edu. "
    "The database was created with funding from NSF EIA-0196217.",
}


@dataclass(frozen=True)
class Clip:
    """One recorded motion: `joints` (N, 17, 3) metres, world frame, Z up; its source, "" if the file has none."""

    name: str
    subject: str
    text: str
    joints: np.ndarray
    fps: float
    source: str = ""
    licence: str = ""


def read_mocap(files: Files, split: str, folds: tuple[int, int] | None = None) -> list[Clip]:
    """Read the clips of one split.

    Args:
        files: a motion-capture file, or several, of which each may lack the split.
        split: "train", "val" or "test". The splits share no person.
        folds: (k, n) keeps the people of fold k of n only; for cross-fitting.

    Raises:
        DataError: missing or malformed file, files of several frame rates, or an empty split.
    """
    paths = paths_of(files)
    clips = [clip for path in paths for clip in _clips(path, split)]
    people = sorted({clip.subject for clip in clips})
    if folds is not None:
        people = people[folds[0] :: folds[1]]
    clips = [clip for clip in clips if clip.subject in people]
    names = " and ".join(path.name for path in paths)
    if not clips:
        raise DataError(f"{names} has no clips in split {split!r}.")
    if len(rates := {clip.fps for clip in clips}) > 1:
        raise DataError(f"{names} have several frame rates: {', '.join(f'{rate:g}' for rate in sorted(rates))}.")
    return clips


def paths_of(files: Files) -> list[Path]:
    """The path of each file."""
    return [Path(file) for file in ([files] if isinstance(files, str | Path) else files)]


def _clips(path: Path, split: str) -> list[Clip]:
    if not path.is_file():
        raise DataError(f"No motion-capture file at {path}.")
    arrays = read_arrays(path, "a motion-capture file of the documented format", KEYS, ORIGIN)
    _check(path, arrays)
    ends = np.cumsum(arrays["length"])
    clips = []
    for i in np.flatnonzero(arrays["split"] == split):
        frames = slice(ends[i] - arrays["length"][i], ends[i])
        joints = arrays["root_m"][frames, None] + arrays["offset_0p1mm"][frames] * np.float32(1e-4)
        name, subject, text = (str(arrays[key][i]) for key in ("name", "subject", "text"))
        origin = {key: str(arrays[key][i]).strip() for key in ORIGIN if key in arrays}
        clips.append(Clip(name, subject, text, joints.astype(np.float32), float(arrays["fps"]), **origin))
    return clips


def origins(clips: list[Clip]) -> dict[str, Any]:
    """Whose motion this is, ready for JSON: people, clips and minutes, in all and of each source, with its licence."""
    groups: dict[tuple[str, str], list[Clip]] = {}
    for clip in clips:
        groups.setdefault((clip.source or NOT_TOLD, clip.licence or NOT_TOLD), []).append(clip)
    sources = [{"source": source, "licence": licence, **_amount(some)} for (source, licence), some in groups.items()]
    return {**_amount(clips), "sources": sorted(sources, key=lambda one: (one["licence"], one["source"]))}


def _amount(clips: list[Clip]) -> dict[str, Any]:
    minutes = sum(len(clip.joints) / clip.fps for clip in clips) / 60
    return {"people": len({clip.subject for clip in clips}), "clips": len(clips), "minutes": round(minutes, 2)}


def _check(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Raise DataError if the arrays are not those of the module's docstring."""
    clips, frames = arrays["length"].size, arrays["root_m"].shape[:1]
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(("name", "subject", "split", "text", "length"), (clips,))
    shapes |= {key: (clips,) for key in ORIGIN if key in arrays}
    shapes |= {"fps": (), "root_m": (*frames, 3), "offset_0p1mm": (*frames, 17, 3)}
    kinds = {"length": "iu", "fps": "fiu", "root_m": "f", "offset_0p1mm": "iu"}
    for key, shape in shapes.items():
        array, kind = arrays[key], kinds.get(key, "U")
        if array.shape != shape or array.dtype.kind not in kind:
            raise DataError(f"{path.name}: {key} is {array.dtype} of shape {array.shape}, not as documented.")
    if clips == 0 or (arrays["length"] < 1).any() or arrays["length"].sum() != frames[0]:
        raise DataError(f"{path.name}: the clips' lengths do not add up to its {frames[0]} frames.")
    if not (np.isfinite(arrays["root_m"]).all() and np.isfinite(arrays["fps"]) and arrays["fps"] > 0):
        raise DataError(f"{path.name}: a root that is not finite, or a frame rate that is not positive.")
