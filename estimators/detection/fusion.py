"""One pose of several looks at the same person: each joint where all together see it, as sure as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from estimators.detection.detections import Detections


def fused(looks: Sequence[Detections]) -> Detections:
    """The mean of several looks, weighted by their scores; a joint is as sure as those who see the person are on
    average.

    Where nobody sees a person, the first's word is taken. What is known in 3D is that of the first look that has it.

    Args:
        looks: each the same M people in the same order, left and right named alike; all scores of a person are 0 in a
            look that does not see them.
    """
    keypoints, scores = (np.stack([getattr(look, of) for look in looks]) for of in ("keypoints", "scores"))
    seeing = scores.any(axis=2)  # (looks, M)
    count = np.maximum(seeing.sum(axis=0), 1)
    total = scores.sum(axis=0)
    middle = (scores[..., None] * keypoints).sum(axis=0) / np.maximum(total, 1e-9)[..., None]
    persons = np.stack([look.person_scores for look in looks])
    together = Detections.of(
        np.where(total[..., None] > 0, middle, keypoints[0]),
        total / count[:, None],
        (persons * seeing).sum(axis=0) / count,
    )
    deep = next((look for look in looks if look.poses_3d is not None), looks[0])
    return replace(together, poses_3d=deep.poses_3d, poses_3d_scores=deep.poses_3d_scores)
