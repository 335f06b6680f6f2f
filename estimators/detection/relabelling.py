"""Left and right of limbs as one detector sees them, told by another that is right about sides more often."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from estimators.boxes import joint_box, long_side, pose_distance
from estimators.detection.detections import Detections
from estimators.skeleton import COCO17, H36M17

CLEARER = 0.03  # body sizes by which the joints of a limb must be nearer to the reference, on average, to be traded
APART = 0.15  # body sizes from the reference, on average, from which a pose is another person's or none
_ALIKE = 0.01  # body sizes: of two ways to trade a limb that differ by less, the one that trades more of it is taken

# From the end of a limb to the trunk; faces are traded whole.
LIMBS = (("wrist", "elbow", "shoulder"), ("ankle", "knee", "hip"))
FACE = ("eye", "ear")
_IN_3D = {"ankle": "foot"}


def traded(poses: np.ndarray, names: Iterable[str]) -> np.ndarray:
    """Poses (T,17,...) of COCO joints with the left and right of these, named without their sides, traded."""
    return np.asarray(poses[:, _order(COCO17.joints, names)])


def relabelled(people: Detections, keypoints: np.ndarray, scores: np.ndarray) -> Detections:
    """Each person with limbs traded, in the picture, in 3D and in the scores, where that brings them clearly nearer.

    A limb is traded whole or from its end to a joint of it. Somebody who is still too far from the reference is none:
    all scores are 0, the pose in 3D is NaN.

    Args:
        people: M people whose left and right are in doubt; with `poses_3d`, or without.
        keypoints: (M,17,2) pixels, COCO order: the same people as the reference sees them.
        scores: (M,17) how sure the reference is.
    """
    found = people[np.arange(len(people))]  # copies
    for number in range(len(people)):
        seen, sure = keypoints[number], scores[number]
        size = long_side(joint_box(seen, sure))
        names = _to_trade(people.keypoints[number], people.scores[number], seen, sure, size)
        order = _order(COCO17.joints, names)
        joints, peaks = people.keypoints[number, order], people.scores[number, order]
        same = pose_distance(joints, peaks, seen, sure, size) <= APART
        found.keypoints[number], found.scores[number] = joints, peaks * same
        found.person_scores[number] *= same
        if found.poses_3d is not None and found.poses_3d_scores is not None:
            order = _order(H36M17.joints, [_IN_3D.get(name, name) for name in names])
            found.poses_3d[number] = found.poses_3d[number, order] if same else np.nan
            found.poses_3d_scores[number] = found.poses_3d_scores[number, order] * same
    return found


def _to_trade(joints: np.ndarray, scores: np.ndarray, seen: np.ndarray, sure: np.ndarray, size: float) -> list[str]:
    """The pairs of joints, without their sides, that are to be traded."""
    names: list[str] = []
    for limb in (*LIMBS, FACE):
        gains = np.array([_gain(name, joints, scores, seen, sure) for name in limb]) / size
        # what trading gains a joint if the first 1, 2, ... joints of the limb are traded, face only whole
        totals = np.cumsum(gains) / len(limb)
        allowed = range(len(limb)) if limb in LIMBS else [len(limb) - 1]
        best = max(totals[last] for last in allowed)
        if best > CLEARER:
            names += limb[: max(last for last in allowed if totals[last] >= best - _ALIKE) + 1]
    return names


def _gain(name: str, joints: np.ndarray, scores: np.ndarray, seen: np.ndarray, sure: np.ndarray) -> float:
    """By how many pixels a pair of joints is nearer to the reference when traded, on average; as sure as both are."""
    pair = COCO17.pair(name)
    as_is = np.linalg.norm(joints[pair] - seen[pair], axis=1)
    turned = np.linalg.norm(joints[pair[::-1]] - seen[pair], axis=1)
    return float((sure[pair] * (as_is - turned)).mean() * scores[pair].mean())


def _order(joints: tuple[str, ...], names: Iterable[str]) -> list[int]:
    """Where each joint is found when these pairs, as far as there are such joints, are traded."""
    order = list(range(len(joints)))
    for name in names:
        if f"left_{name}" in joints:
            left, right = joints.index(f"left_{name}"), joints.index(f"right_{name}")
            order[left], order[right] = right, left
    return order
