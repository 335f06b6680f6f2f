"""CSV: one row a frame and person, everybody in one file; frames of the first person first.

Columns, comma-separated, with a header line:

    frame           counts from 0
    time_s          seconds since the first frame
    person          id
    provenance      detected, interpolated or missing
    JOINT_x_m       metres in the axes of `app.world.placing`, and the same for y and z; for each of the 17 joints
    JOINT_sigma_m   metres, 68 % of each coordinate's errors are smaller; empty if not estimated
    JOINT_score     confidence of the 2D keypoint
    JOINT_believed  1, or 0 for a joint outside the picture or not seen for long: its place is a neutral guess
    left_contact    1 while the left foot stands, else 0, empty if it is not believed; and right_contact for the other
    sound_time_s    seconds since the video's sound began; empty without sound

Fields of missing frames are empty between `provenance` and `sound_time_s`.
"""

from __future__ import annotations

import csv
from itertools import cycle
from pathlib import Path

import numpy as np

from app.world.placing import Placed
from estimators.observation import Provenance

DECIMALS = {"x_m": 6, "y_m": 6, "z_m": 6, "sigma_m": 6, "score": 6, "believed": 0}  # of each joint's columns


def write(placed: Placed, path: Path) -> None:
    """Write all people of a placed motion as one CSV table."""
    motion = placed.motion
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(columns(motion.skeleton.joints))
        for index, person in enumerate(motion.people):
            values = _values(placed, index)
            for frame, seconds in enumerate(motion.timestamps):
                kind = Provenance(person.provenance[frame]).name.lower()
                fields = (_field(*one) for one in zip(values[frame], cycle(DECIMALS)))
                feet = zip(placed.contacts[index][frame], placed.feet_known(index)[frame], strict=True)
                stands = [int(on) if known else "" for on, known in feet]
                heard = "" if motion.start_offset is None else f"{seconds + motion.start_offset:.6f}"
                rows.writerow([frame, f"{seconds:.6f}", person.id, kind, *fields, *stands, heard])


def columns(joints: tuple[str, ...]) -> list[str]:
    """The names of the columns, in their order."""
    values = (f"{joint}_{ending}" for joint in joints for ending in DECIMALS)
    return ["frame", "time_s", "person", "provenance", *values, "left_contact", "right_contact", "sound_time_s"]


def _field(value: float, kind: str) -> str:
    return f"{value:.{DECIMALS[kind]}f}" if np.isfinite(value) else ""


def _values(placed: Placed, index: int) -> np.ndarray:
    """(N,17*6): x, y, z, sigma, score, believed of each joint; NaN where missing."""
    person, sigma, positions = placed.motion.people[index], placed.sigma(index), placed.positions[index]
    sigma = np.full(positions.shape[:2], np.nan) if sigma is None else sigma
    values = np.concatenate([positions, *(one[..., None] for one in (sigma, person.scores, person.known))], axis=-1)
    values[~person.present] = np.nan
    return values.reshape(len(values), -1)
