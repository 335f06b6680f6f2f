"""BlazePose's 33 landmarks as the joints of this project: COCO-17 in the picture, Human3.6M-17 in metres."""

from __future__ import annotations

import numpy as np

from estimators.skeleton import COCO17, H36M17

LANDMARKS = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index", "left_thumb",
    "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_heel",
    "right_heel", "left_foot_index", "right_foot_index",
)  # fmt: skip

TO_COCO = np.array([LANDMARKS.index(name) for name in COCO17.joints])


def _to_h36m_matrix() -> np.ndarray:
    """(17,33) weights W with h36m = W @ landmarks; every row sums to 1."""
    mark = dict(zip(LANDMARKS, np.eye(len(LANDMARKS)), strict=True))

    def middle(name: str) -> np.ndarray:
        return (mark[f"left_{name}"] + mark[f"right_{name}"]) / 2

    hip, shoulders, ears = middle("hip"), middle("shoulder"), middle("ear")
    mouth = (mark["mouth_left"] + mark["mouth_right"]) / 2
    rows = {
        "hip": hip,
        "spine": (hip + shoulders) / 2,
        "thorax": shoulders,
        "neck": (mouth + ears) / 2,
        "head": ears + (ears - mouth),
    }
    renamed = {"left_foot": "left_ankle", "right_foot": "right_ankle"}
    return np.stack([rows[name] if name in rows else mark[renamed.get(name, name)] for name in H36M17.joints])


TO_H36M = _to_h36m_matrix()


def to_coco(points: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(..., 33, 2) points and (..., 33) scores to (..., 17, 2) and (..., 17), COCO order."""
    return points[..., TO_COCO, :], scores[..., TO_COCO]


def to_h36m(world: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """World landmarks as a Human3.6M-17 pose, relative to the hip.

    Args:
        world: (..., 33, 3) metres.
        scores: (..., 33) confidences.

    Returns:
        (..., 17, 3) metres and (..., 17) confidences; a joint that is made of several landmarks gets the weighted mean
        of their confidences.
    """
    weights = np.abs(TO_H36M)
    weights = weights / weights.sum(axis=1, keepdims=True)
    poses = np.einsum("ij,...jk->...ik", TO_H36M, world)
    return poses - poses[..., :1, :], np.einsum("ij,...j->...i", weights, scores)
