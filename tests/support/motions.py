"""Motions whose people are known: what the exports are made from, and the world that they must show.

World of the tests: metres, x right, y up, z towards the camera, floor at 0. The camera stands at (0, 1.2, 4.5).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from app.motion import Motion, PersonMotion
from estimators.observation import Provenance
from estimators.pinhole import project
from estimators.skeleton import H36M17

CAMERA = np.array([0.0, 1.2, 4.5])
ANKLE = 0.068  # 4 % of the height: where `app.world.placing` takes the floor to be, below the ankles
J = {name: index for index, name in enumerate(H36M17.joints)}
SIGMA = 0.012


def _turn_x(angle: np.ndarray) -> np.ndarray:
    """(N,3): the direction down, turned forward (towards +z) by `angle` (N,) radians."""
    return np.stack([0 * angle, -np.cos(angle), np.sin(angle)], axis=1)


def walking(n: int, fps: float = 30.0, phase: float = 0.0) -> np.ndarray:
    """(N,17,3) metres: somebody steps on the spot, facing the camera; bones of constant length, 1.7 m tall."""
    swing = 0.4 * np.sin(2 * np.pi * np.arange(n) / fps + phase)
    body = np.zeros((n, 17, 3))
    for name, offset in {"spine": 0.25, "thorax": 0.5, "neck": 0.6, "head": 0.72}.items():
        body[:, J[name], 1] = offset
    body[:, J["neck"], 2] = 0.05
    for side, sign in (("left", 1), ("right", -1)):
        body[:, J[f"{side}_hip"]] = [sign * 0.12, 0, 0]
        thigh = _turn_x(sign * swing)
        shin = _turn_x(sign * swing - 0.5 * np.maximum(sign * swing, 0) - 0.1)
        body[:, J[f"{side}_knee"]] = body[:, J[f"{side}_hip"]] + 0.44 * thigh
        body[:, J[f"{side}_foot"]] = body[:, J[f"{side}_knee"]] + 0.42 * shin
        body[:, J[f"{side}_shoulder"]] = [sign * 0.17, 0.48, 0]
        upper = _turn_x(-sign * swing) + [sign * 0.2, 0, 0]
        lower = _turn_x(-sign * swing + 0.6)
        body[:, J[f"{side}_elbow"]] = body[:, J[f"{side}_shoulder"]] + 0.28 * upper / np.linalg.norm(
            upper, axis=1, keepdims=True
        )
        body[:, J[f"{side}_wrist"]] = body[:, J[f"{side}_elbow"]] + 0.25 * lower
    lowest = body[:, [J["left_foot"], J["right_foot"]], 1].min(axis=1)
    body[..., 1] += ANKLE - lowest[:, None]
    return body


def motion_of(bodies: list[np.ndarray], fps: Fraction = Fraction(30), pitch: float = 0.0, **marks: slice) -> Motion:
    """People of (N,17,3) metres in the tests' world, as a camera turned down by `pitch` radians finds them.

    `marks`: `missing` and `interpolated` frames of the first person.
    """
    sin, cos = np.sin(pitch), np.cos(pitch)
    to_camera = np.array([[1.0, 0, 0], [0, -cos, -sin], [0, sin, -cos]])
    to_camera[1:] = np.array([[cos, -sin], [sin, cos]]) @ np.array([[0, -1.0, 0], [0, 0, -1.0]])
    size, focal, people = (1280, 720), 1536.0, []
    for index, body in enumerate(bodies):
        seen = (body - CAMERA) @ to_camera.T
        provenance = np.full(len(body), Provenance.DETECTED, np.uint8)
        if index == 0:
            provenance[marks.get("interpolated", slice(0))] = Provenance.INTERPOLATED
            provenance[marks.get("missing", slice(0))] = Provenance.MISSING
        gone = provenance == Provenance.MISSING
        arrays = {
            "keypoints_2d": project(seen, size, focal),
            "scores": np.full(seen.shape[:2], 0.9),
            "lifted": seen - seen[:, :1] + 0.03,
            "refined": seen - seen[:, :1],
            "root": seen[:, 0].copy(),
            "sigma": np.full(seen.shape[:2], SIGMA),
        }
        for name, array in arrays.items():
            array[gone] = 0 if name == "scores" else np.nan
        people.append(
            PersonMotion(
                id=2 * index + 1, provenance=provenance, **{k: v.astype(np.float32) for k, v in arrays.items()}
            )
        )
    return Motion(
        people=tuple(people),
        timestamps=np.arange(len(bodies[0])) / float(fps),
        fps=fps,
        image_size=size,
        source={"name": "clip.mp4", "sha256": "00"},
        camera={"focal_px": focal, "principal_point_px": [640.0, 360.0]},
    )


def chain_slack(positions: np.ndarray) -> np.ndarray:
    """(N,17) metres: how far a joint may move if every bone between it and the hip takes its median length."""
    slack = np.zeros(positions.shape[:2])
    for parent, child in H36M17.bones:  # parents come first
        length = np.linalg.norm(positions[:, child] - positions[:, parent], axis=-1)
        slack[:, child] = slack[:, parent] + np.abs(length - np.nanmedian(length))
    return slack
