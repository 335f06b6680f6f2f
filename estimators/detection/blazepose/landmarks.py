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
HIPS_HIGHER = 0.04  # of the trunk: COCO's hips, and Human3.6M's, than BlazePose's
_SHOULDERS, _HIPS = COCO17.pair("shoulder"), COCO17.pair("hip")


def _to_h36m_matrix() -> np.ndarray:
    """(17,33) weights W with h36m = W @ landmarks; every row sums to 1.

    What BlazePose has no landmark for is made of the middles of hips, shoulders, ears and mouth, by the weights that
    fit rendered validation people best whose limbs are laid on the true ones (432 frames of four people's motion): the
    neck base is then 40 mm off instead of 60 for the middle of the shoulders, the face 49 and the head's end 57 mm.
    """
    mark = dict(zip(LANDMARKS, np.eye(len(LANDMARKS)), strict=True))
    hips, shoulders, ears, mouth = (
        (mark[left] + mark[right]) / 2
        for left, right in (
            ("left_hip", "right_hip"), ("left_shoulder", "right_shoulder"), ("left_ear", "right_ear"),
            ("mouth_left", "mouth_right"),
        )
    )  # fmt: skip
    higher = HIPS_HIGHER * (shoulders - hips)
    rows = {
        "hip": hips + higher,
        "left_hip": mark["left_hip"] + higher,
        "right_hip": mark["right_hip"] + higher,
        "spine": (hips + shoulders) / 2,
        "thorax": shoulders + 0.09 * (shoulders - hips),
        "neck": -0.27 * hips + 1.07 * shoulders - 0.74 * ears + 0.94 * mouth,
        "head": -0.5 * hips + 1.34 * shoulders - 0.24 * ears + 0.4 * mouth,
    }
    renamed = {"left_foot": "left_ankle", "right_foot": "right_ankle"}
    return np.stack([rows[name] if name in rows else mark[renamed.get(name, name)] for name in H36M17.joints])


TO_H36M = _to_h36m_matrix()


def to_coco(points: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(..., 33, 2) points and (..., 33) scores to (..., 17, 2) and (..., 17), COCO order."""
    keypoints = points[..., TO_COCO, :]
    trunk = keypoints[..., _SHOULDERS, :].mean(axis=-2) - keypoints[..., _HIPS, :].mean(axis=-2)
    keypoints[..., _HIPS, :] += HIPS_HIGHER * trunk[..., None, :]
    return keypoints, scores[..., TO_COCO]


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
