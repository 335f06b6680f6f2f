"""Cameras as Human3.6M has them, and what they see."""

from __future__ import annotations

import numpy as np

from refiner.data.convert_human36m import CAMERAS


def truth_cameras(rng: np.random.Generator) -> list[tuple[np.ndarray, ...]]:
    """Four cameras around: rotation, translation, focal, centre, radial (3), tangential (2)."""
    cameras: list[tuple[np.ndarray, ...]] = []
    for angle, size in zip((0.3, 1.9, 3.5, 5.1), CAMERAS.values(), strict=True):
        position = np.array([5 * np.cos(angle), 5 * np.sin(angle), 1.5])
        forward = np.array([0, 0, 1.0]) - position
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, [0, 0, 1.0])
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(forward, right), forward])
        focal, centre = 1145 + rng.normal(0, 3, 2), np.array(size) / 2 + rng.normal(0, 8, 2)
        distortion = (np.array([-0.2, 0.24, -0.002]), rng.normal(0, 1e-3, 2))
        cameras.append((rotation, -rotation @ position, focal, centre, *distortion))
    return cameras


def project(
    points: np.ndarray, focal: np.ndarray, centre: np.ndarray, radial: np.ndarray, tangential: np.ndarray
) -> np.ndarray:
    """Camera space to pixels, as the data set's authors distort."""
    x = points[..., :2] / points[..., 2:]
    r2 = (x**2).sum(-1, keepdims=True)
    factor = 1 + radial[0] * r2 + radial[1] * r2**2 + radial[2] * r2**3 + (tangential * x).sum(-1, keepdims=True)
    return (x * factor + tangential * r2) * focal + centre
