"""What is a person, and how alike are two in their clothes: measures without state;
where joints are is `estimators.boxes`'."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import linear_sum_assignment

from estimators.boxes import joint_box, long_side
from estimators.confidence import SURE, TRUSTED
from estimators.skeleton import COCO17

MIN_JOINTS = 5
"""Fewer trusted joints inside the image are an arm at the border, not a person."""

WEAK, STRONG = 0.25, 0.4
"""Mean joint confidence from which a pose may continue a track, and from which it is evidence for a new one."""

_TORSO = [*COCO17.pair("shoulder"), *COCO17.pair("hip")]
_COLOUR_BINS = (8, 4, 4)  # hue, saturation, value
_CLOTHES_BINS = (16, 8, 8)
_LEGS = [*COCO17.pair("hip"), *COCO17.pair("knee"), *COCO17.pair("ankle")]


def is_person(keypoints: np.ndarray, scores: np.ndarray, image_size: tuple[int, int]) -> bool:
    """Whether (17,2) joints with (17,) scores are enough of a person inside the image (width, height) to be used."""
    inside = np.all((keypoints >= 0) & (keypoints < np.asarray(image_size)), axis=1)
    return bool(np.sum(inside & (scores >= TRUSTED)) >= MIN_JOINTS and scores.mean() >= WEAK)


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


def clothes(image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(2, 1024) histograms of the clothes on torso and legs, each summing to 1; zeros where they are not seen.

    Finer than `torso_colours`, and taken along the limbs, so that next to nothing of what is behind gets in: what
    somebody is known by who was away for seconds.

    Args:
        image: (H, W, 3) uint8 BGR.
        keypoints: (17, 2) pixels, COCO order.
        scores: (17,) confidences.
    """
    found = np.zeros((2, int(np.prod(_CLOTHES_BINS))), np.float32)
    reach = 0.012 * long_side(joint_box(keypoints, scores))
    around = reach * np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)])
    left, right, left_hip, right_hip = keypoints[_TORSO]
    middle = (left + right) / 2, (left_hip + right_hip) / 2
    hips, knees, ankles = keypoints[_LEGS].reshape(3, 2, 2)
    for part, joints, limbs in (
        (0, _TORSO, [(left, left_hip), (right, right_hip), middle]),
        (1, _LEGS, [*zip(hips, knees, strict=True), *zip(knees, ankles, strict=True)]),
    ):
        if np.any(scores[joints] < SURE):
            continue
        along = np.linspace(0.2, 0.8, 8)[:, None]
        points = np.concatenate([start + (end - start) * along for start, end in limbs])
        x, y = np.round(points[:, None] + around).astype(int).reshape(-1, 2).T
        inside = (x >= 0) & (y >= 0) & (x < image.shape[1]) & (y < image.shape[0])
        if inside.mean() < 0.7:
            continue
        hsv = cv2.cvtColor(image[y[inside], x[inside]][None], cv2.COLOR_BGR2HSV)
        counts = cv2.calcHist([hsv], [0, 1, 2], None, list(_CLOTHES_BINS), [0, 180, 0, 256, 0, 256])
        found[part] = counts.ravel() / counts.sum()
    return found


def clothes_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(2,) distances, 0 (alike) to 1, of the clothes (2, 1024) of two people; NaN where either is not seen.

    What lies in neighbouring bins is nearly alike: light changes a little from place to place.
    """
    distances = np.full(2, np.nan)
    for part in range(2):
        if a[part].any() and b[part].any():
            soft = [
                gaussian_filter(one[part].reshape(_CLOTHES_BINS), 0.7, mode=("wrap", "nearest", "nearest")).ravel()
                for one in (a, b)
            ]
            distances[part] = colour_distance(soft[0] / soft[0].sum(), soft[1] / soft[1].sum())
    return distances


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
