"""CSV: one row a frame and person, everybody in one file; frames of the first person first.

Columns, comma-separated, with a header line:

    frame           counts from 0
    time_s          seconds since the first frame
    person          id
    provenance      detected, interpolated or missing
    JOINT_x_m       metres in the axes of `app.export.place`, and the same for y and z; for each of the 17 joints
    JOINT_sigma_m   metres, 68 % of each coordinate's errors are smaller; empty if not estimated
    JOINT_score     confidence of the 2D keypoint
    left_contact    1 while the left foot stands, else 0; and right_contact for the other

Fields of missing frames are empty after `provenance`.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from app.export.place import Placed
from estimators.tracks import Provenance


def write(placed: Placed, path: Path) -> None:
    """Write everybody."""
    motion = placed.motion
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(columns(motion.skeleton.joints))
        for index, person in enumerate(motion.people):
            values = _values(placed, index)
            for frame, seconds in enumerate(motion.timestamps):
                kind = Provenance(person.provenance[frame]).name.lower()
                fields = (f"{value:.6f}" if np.isfinite(value) else "" for value in values[frame])
                stands = placed.contacts[index][frame].astype(int) if person.present[frame] else ("", "")
                rows.writerow([frame, f"{seconds:.6f}", person.id, kind, *fields, *stands])


def columns(joints: tuple[str, ...]) -> list[str]:
    """The header."""
    endings = ("x_m", "y_m", "z_m", "sigma_m", "score")
    values = (f"{joint}_{ending}" for joint in joints for ending in endings)
    return ["frame", "time_s", "person", "provenance", *values, "left_contact", "right_contact"]


def _values(placed: Placed, index: int) -> np.ndarray:
    """(N,17*5): x, y, z, sigma, score of each joint; NaN where missing."""
    person, sigma, positions = placed.motion.people[index], placed.sigma(index), placed.positions[index]
    sigma = np.full(positions.shape[:2], np.nan) if sigma is None else sigma
    values = np.concatenate([positions, sigma[..., None], person.scores[..., None]], axis=-1)
    values[~person.present] = np.nan
    return values.reshape(len(values), -1)
