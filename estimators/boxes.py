"""Where a person is in an image: boxes round joints, their sizes, and how far two poses are apart.

Boxes are (4,) x0, y0, x1, y1 pixels. Distances between poses are in body sizes (the long side of the box round the
joints), so that one limit serves near and far people alike.
"""

from __future__ import annotations

import numpy as np

from estimators.confidence import TRUSTED

PERSON_IN_RECTANGLE = 0.5
"""A rectangle that is held round a person is twice as large: MoveNet then sees them at about 130 of its 256 pixels."""


def joint_box(keypoints: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(4,) xyxy pixels round the trusted joints of (17,2); round all joints if none is trusted."""
    trusted = scores >= TRUSTED
    points = keypoints[trusted] if trusted.any() else keypoints
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def long_side(box: np.ndarray) -> float:
    """Longer side of an xyxy box, pixels; at least one."""
    return float(max(box[2] - box[0], box[3] - box[1], 1.0))


def rectangle_about(box: np.ndarray, size: float) -> np.ndarray:
    """(4,) xyxy: the square that is held round a person of so many pixels, whose box is in its middle."""
    centre, half = (box[:2] + box[2:]) / 2, size / PERSON_IN_RECTANGLE / 2
    return np.concatenate([centre - half, centre + half])


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two xyxy boxes."""
    width, height = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return float(shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared))


def pose_distance(
    keypoints_a: np.ndarray, scores_a: np.ndarray, keypoints_b: np.ndarray, scores_b: np.ndarray, size: float
) -> float:
    """Mean distance of (17,2) joints weighted by both confidences, in units of `size` pixels.

    One joint counts at most 1.5 sizes: a wrist on the wrong person must not outweigh the body.
    """
    weights = scores_a * scores_b
    distances = np.minimum(np.linalg.norm(keypoints_a - keypoints_b, axis=1) / size, 1.5)
    return float((weights * distances).sum() / (weights.sum() + 1e-9))
