"""C3D: marker positions for biomechanics software, everybody in one file.

Millimetres, the axes of `app.world.placing`; POINT:X_SCREEN and POINT:Y_SCREEN say which of them is to the right and
which is up on a screen. Labels are the joints' names, with `personID:` before them if there are several people. The
rate is the motion's frames per second; a video whose frames come unevenly is resampled, see `Motion.even`.
Frames count from 1.

A point's residual is -1 where the person is missing or the joint is not believed, 0 where it was interpolated and 1
where it was measured. It is not the standard deviation: readers disagree about which byte of a C3D file's fourth word
is the residual and which the mask of cameras, and only 0 and 1 mean the same to all of them.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import c3d
import numpy as np

from app.world.placing import Placed
from estimators.observation import Provenance

_MOST_LABELS = 255  # in one parameter: its dimension is one byte; the rest goes to LABELS2, LABELS3, ...


def write(placed: Placed, path: Path) -> None:
    """Write all people of a placed motion as one C3D file."""
    motion = placed.motion
    people, joints = motion.people, motion.skeleton.joints
    prefixes = [f"person{person.id}:" if len(people) > 1 else "" for person in people]
    writer = c3d.Writer(point_rate=float(motion.fps), point_units="mm")
    _add_labels(writer, [prefix + joint for prefix in prefixes for joint in joints])
    writer.set_screen_axis("+X", "+Y" if placed.space == "world" else "-Y")
    points = np.concatenate([_points(placed, index) for index in range(len(people))], axis=1)
    no_analog = np.zeros((0, 0), np.float32)
    for frame in points:
        writer.add_frames((frame, no_analog))
    with path.open("wb") as file, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No analog data")
        writer.write(file)


def _add_labels(writer: c3d.Writer, labels: list[str]) -> None:
    """POINT:LABELS and DESCRIPTIONS, the latter empty; each in as many parameters as it needs."""
    for number, first in enumerate(range(0, len(labels), _MOST_LABELS)):
        some = labels[first : first + _MOST_LABELS]
        width = max(len(label) for label in some)
        suffix = str(number + 1) if number else ""
        padded = "".join(label.ljust(width) for label in some)
        writer.point_group.add_str(f"LABELS{suffix}", "Point labels.", padded, width, len(some))
        writer.point_group.add_str(f"DESCRIPTIONS{suffix}", "Point descriptions.", " " * len(some), 1, len(some))


def _points(placed: Placed, index: int) -> np.ndarray:
    """(N,17,5) float32: x, y, z in millimetres, residual, bits of the cameras that saw the point."""
    person = placed.motion.people[index]
    points = np.zeros((*placed.positions[index].shape[:2], 5), np.float32)
    points[..., :3] = np.nan_to_num(1000 * placed.positions[index])
    points[person.provenance == Provenance.DETECTED, :, 3:] = 1
    points[~person.known] = [0, 0, 0, -1, 0]
    return points
