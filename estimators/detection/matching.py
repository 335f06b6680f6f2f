"""How alike are two views of a person: measures on joints and colours, without state.

Distances between poses are in body sizes (the long side of the box round the joints), so that one limit serves near
and far people alike.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from estimators.skeleton import COCO17

TRUSTED = 0.2
"""A joint below this confidence is not where the detector says (measured on MoveNet)."""

MIN_JOINTS = 5
"""Fewer trusted joints inside the image are an arm at the border, not a person."""

WEAK, STRONG = 0.25, 0.4
"""Mean joint confidence from which a pose may continue a track, and from which it is evidence for a new one."""

_TORSO = [COCO17.joints.index(f"{side}_{joint}") for joint in ("shoulder", "hip") for side in ("left", "right")]
_COLOUR_BINS = (8, 4, 4)  # hue, saturation, value


def joint_box(keypoints: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(4,) xyxy pixels round the trusted joints of (17,2); round all joints if none is trusted."""
    trusted = scores >= TRUSTED
    points = keypoints[trusted] if trusted.any() else keypoints
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def long_side(box: np.ndarray) -> float:
    """Longer side of an xyxy box, pixels; at least one."""
    return float(max(box[2] - box[0], box[3] - box[1], 1.0))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two xyxy boxes."""
    width, height = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return float(shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared))


def is_person(keypoints: np.ndarray, scores: np.ndarray, image_size: tuple[int, int]) -> bool:
    """Whether (17,2) joints with (17,) scores are enough of a person inside the image (width, height) to be used."""
    inside = np.all((keypoints >= 0) & (keypoints < np.asarray(image_size)), axis=1)
    return bool(np.sum(inside & (scores >= TRUSTED)) >= MIN_JOINTS and scores.mean() >= WEAK)


def pose_distance(
    keypoints_a: np.ndarray, scores_a: np.ndarray, keypoints_b: np.ndarray, scores_b: np.ndarray, size: float
) -> float:
    """Mean distance of (17,2) joints weighted by both confidences, in units of `size` pixels.

    One joint counts at most 1.5 sizes: a wrist on the wrong person must not outweigh the body.
    """
    weights = scores_a * scores_b
    distances = np.minimum(np.linalg.norm(keypoints_a - keypoints_b, axis=1) / size, 1.5)
    return float((weights * distances).sum() / (weights.sum() + 1e-9))


def torso_colours(image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> np.ndarray | None:
    """(128,) histogram, summing to 1, of the clothes between shoulders and hips; None where they are not seen.

    Args:
        image: (H, W, 3) uint8 BGR.
        keypoints: (17, 2) pixels, COCO order.
        scores: (17,) confidences.
    """
    if np.any(scores[_TORSO] < TRUSTED):
        return None
    torso = keypoints[_TORSO]
    low, high = torso.min(axis=0), torso.max(axis=0)
    # Seen from the side the torso has no width between its joints: look at a quarter of its height at least.
    margin = np.maximum(0.0, (0.25 * (high[1] - low[1]) - (high - low)) / 2)
    x0, y0 = np.maximum(low - margin, 0).astype(int)
    x1, y1 = np.ceil(high + margin).astype(int) + 1
    patch = image[y0 : max(y1, 0), x0 : max(x1, 0)]
    if patch.size == 0:
        return None
    patch = cv2.resize(patch, (24, 24), interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(patch, cv2.COLOR_BGR2HSV)
    counts = cv2.calcHist([hsv], [0, 1, 2], None, list(_COLOUR_BINS), [0, 180, 0, 256, 0, 256]).ravel()
    return counts / counts.sum()


def colour_distance(a: np.ndarray | None, b: np.ndarray | None) -> float:
    """Hellinger distance of two histograms, 0 (alike) to 1; 0.5, which favours nobody, where one is unknown."""
    if a is None or b is None:
        return 0.5
    return float(np.sqrt(max(0.0, 1.0 - np.sqrt(a * b).sum())))


def assign(costs: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (row, column) of the cheapest one-to-one assignment of (R,C) costs; infinite cost means never."""
    if costs.size == 0:
        return []
    # Far dearer than any real cost: as many pairs as possible are made, and of those the cheapest set.
    rows, columns = linear_sum_assignment(np.minimum(costs, 1e3))
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if np.isfinite(costs[r, c])]


def scene_signature(image: np.ndarray) -> np.ndarray:
    """(576,) brightness pattern of an image, zero mean and unit length; the dot product of two is their correlation."""
    step = max(1, min(image.shape[:2]) // 180)  # enough pixels for an average, at a tenth of the time
    small = cv2.resize(image[::step, ::step], (32, 18), interpolation=cv2.INTER_AREA).mean(axis=2).ravel()
    small -= small.mean()
    return small / (np.linalg.norm(small) + 1e-6)
