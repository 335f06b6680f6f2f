"""One pose of two detectors' looks at the same person: each joint where both together see it, as sure as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from estimators.detection.detections import Detections


def fused(first: Detections, second: Detections) -> Detections:
    """The mean of two looks, weighted by their scores; a joint is as sure as both are on average.

    Where the second sees nobody, the first's word is taken. What only the second knows, 3D, stays the second's.

    Args:
        first, second: the same M people in the same order, left and right named alike.
    """
    a, b = first.scores[..., None], second.scores[..., None]
    both: np.ndarray = np.asarray(second.scores.any(axis=1))
    middle = (a * first.keypoints + b * second.keypoints) / np.maximum(a + b, 1e-9)
    keypoints = np.where(a + b > 0, middle, first.keypoints)
    scores = np.where(both[:, None], (first.scores + second.scores) / 2, first.scores)
    persons = np.where(both, (first.person_scores + second.person_scores) / 2, first.person_scores)
    return replace(
        Detections.of(keypoints, scores, persons), poses_3d=second.poses_3d, poses_3d_scores=second.poses_3d_scores
    )
