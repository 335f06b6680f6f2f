"""Read motion capture (the `mocap17.npz` format) and resample it to a clip's frame times.

Format: that of `refiner.data.mocap`; Human3.6M-17, metres, Z up. Here everything is turned to Y up:
(x, y, z) -> (y, z, x), which keeps left and right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from scipy.interpolate import CubicSpline

from estimators.errors import DataError
from refiner.data.mocap import NOT_TOLD, ORIGIN, THANKS


@dataclass(frozen=True)
class Motion17:
    """One motion: joints (N, 17, 3) metres, Y up, Human3.6M-17, at `fps`, and where it is from, as the file says it."""

    name: str
    subject: str
    split: str
    text: str
    licence: str
    joints: np.ndarray
    fps: float
    source: str = ""

    @property
    def terms(self) -> str:
        """Under which licence it is, and whose it is: the sentence that its terms ask for, if they do."""
        if self.licence in THANKS:
            return THANKS[self.licence]
        return f"Motion: {self.source or 'source ' + NOT_TOLD}, licence {self.licence or NOT_TOLD}."

    def at(self, times: np.ndarray) -> np.ndarray:
        """(T, 17, 3) joints at `times` seconds: a cubic spline through the captured frames.

        Raises:
            DataError: a time lies outside the motion.
        """
        last = (len(self.joints) - 1) / self.fps
        if times[0] < 0 or times[-1] > last + 1e-9:
            raise DataError(f"{self.name} lasts {last:.2f} s; {times[0]:.2f} to {times[-1]:.2f} s were asked for.")
        return CubicSpline(np.arange(len(self.joints)) / self.fps, self.joints)(times)


def load_motion(path: str | Path, name: str) -> Motion17:
    """Read the clip `name` of a motion-capture file.

    Raises:
        DataError: no such file, not this format, or no such clip.
    """
    found = _read(path, lambda label: label["name"] == name)
    if not found:
        raise DataError(f"{Path(path).name} has no clip named {name!r}.")
    return found[0]


def motions_of(path: str | Path, split: str) -> list[Motion17]:
    """Read all clips of a split ("train", "val", "test").

    Raises:
        DataError: no such file, not this format, or no clips in the split.
    """
    found = _read(path, lambda label: label["split"] == split)
    if not found:
        raise DataError(f"{Path(path).name} has no clips in split {split!r}.")
    return found


def _read(path: str | Path, wanted: Callable[[dict[str, str]], bool]) -> list[Motion17]:
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no motion-capture file {path}.")
    try:
        with np.load(path, allow_pickle=False) as data:
            columns = {key: data[key] for key in ("name", "subject", "split", "text", "length")}
            columns |= {key: data[key] if key in data else np.full(len(columns["name"]), "") for key in ORIGIN}
            root, offset, fps = data["root_m"], data["offset_0p1mm"], float(data["fps"])
    except (KeyError, ValueError, OSError, BadZipFile) as error:
        raise DataError(f"{path.name} is not a motion-capture file of the mocap17 format: {error}.") from error
    ends = np.cumsum(columns.pop("length"))
    found = []
    for which, (start, end) in enumerate(pairwise([0, *ends.tolist()])):
        label = {key: str(values[which]) for key, values in columns.items()}
        if wanted(label):
            joints = root[start:end, None].astype(np.float64) + offset[start:end] * 1e-4
            found.append(Motion17(joints=joints[..., [1, 2, 0]], fps=fps, **label))
    return found
