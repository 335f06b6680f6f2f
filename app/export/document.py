"""JSON: everybody in one document that explains itself.

format, format_version     "d3p-poses", 1
units, axes, space, scale  of the positions; scale is the factor that a given height brought, else 1
feet_held                  true if standing feet were kept from sliding, as was asked for
joint_names, parents, left, right
fps                        frames per second as a fraction "30000/1001"
timestamps                 (N) seconds since the first frame
start_offset               seconds from the beginning of the video's sound to the first frame; null without sound
source, models, camera     as in motion.npz
looked                     (N) true for the frames that the detector has looked at; null: all
people                     for each: id, and by frame
    provenance             (N) "detected", "interpolated" or "missing"
    positions              (N) of [x, y, z] for each of the 17 joints, metres; null where missing
    sigma                  (N) of 17 numbers, metres: 68 % of a coordinate's errors are smaller, 95 % are smaller than
                           models.refiner.sigma_95 times that; null where missing or not estimated
    contacts               (N) of [left, right]: true while the foot stands, null if it is not believed; null where
                           missing
    believed               (N) of 17: false for a joint outside the picture or not seen for long, whose position is a
                           neutral guess; null where missing
    scores                 (N) of 17 numbers, confidences of the 2D keypoints; null where missing
    pose_3d                (N) of [x, y, z] for each of the 17 joints: the pose that the detector reads from the picture
                           itself, before any lifter; metres, x right, y down, z away from the camera, relative to the
                           hip, whatever `space` is; null in frames without; absent if the detector gives none
    pose_3d_scores         (N) of 17 numbers, how sure that is, 0 to 1; null in frames without; absent with `pose_3d`
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from app.motion import PersonMotion
from app.world.placing import Placed
from estimators.observation import Provenance


def write(placed: Placed, path: Path) -> None:
    """Write all people of a placed motion as one JSON document."""
    motion = placed.motion
    meta = {
        key: motion.meta[key]
        for key in ("joint_names", "parents", "left", "right", "fps", "timestamps", "start_offset")
    }
    document = {
        "format": "d3p-poses",
        "format_version": 1,
        "units": "metre",
        "axes": placed.axes,
        "space": placed.space,
        "scale": placed.scale,
        "feet_held": placed.feet_held,
        **meta,
        **{key: motion.meta[key] for key in ("source", "models", "camera")},
        "looked": None if motion.looked is None else motion.looked.tolist(),
        "people": [_person(placed, index) for index in range(len(motion.people))],
    }
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


def _person(placed: Placed, index: int) -> dict[str, Any]:
    person, sigma = placed.motion.people[index], placed.sigma(index)
    sigma = np.full(person.scores.shape, np.nan) if sigma is None else sigma
    scores = np.where(person.present[:, None], person.scores, np.nan)
    return {
        "id": person.id,
        "provenance": [Provenance(kind).name.lower() for kind in person.provenance],
        "positions": _frames(placed.positions[index]),
        "sigma": _frames(sigma),
        "contacts": [
            [bool(on) if known else None for on, known in zip(stands, feet, strict=True)] if there else None
            for stands, feet, there in zip(
                placed.contacts[index], placed.feet_known(index), person.present, strict=True
            )
        ],
        "believed": [
            known.tolist() if there else None for known, there in zip(person.known, person.present, strict=True)
        ],
        "scores": _frames(scores),
        **_picture_pose(person),
    }


def _picture_pose(person: PersonMotion) -> dict[str, Any]:
    if person.pose_3d is None or person.pose_3d_scores is None:
        return {}
    given = np.isfinite(person.pose_3d).all(axis=(1, 2))[:, None]
    scores = np.where(given, person.pose_3d_scores, np.nan)
    return {"pose_3d": _frames(person.pose_3d), "pose_3d_scores": _frames(scores)}


def _frames(values: np.ndarray) -> list[Any]:
    """A list a frame, rounded to five decimals; None for frames that are not finite."""
    return [np.round(frame.astype(np.float64), 5).tolist() if np.isfinite(frame).all() else None for frame in values]
