"""Skeletons, and the one conversion between them.

A `Skeleton` owns joint names, parents, left and right; everything else asks it. COCO-17 is what 2D detectors give,
Human3.6M-17 is what the lifters and the refiner work on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

Points = TypeVar("Points", np.ndarray, "Tensor")


@dataclass(frozen=True)
class Skeleton:
    """Names and structure of J joints. `parents[root]` is -1; `left[i]` mirrors `right[i]`."""

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]

    @cached_property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """(parent, child) pairs, one for each joint that has a parent."""
        return tuple((parent, child) for child, parent in enumerate(self.parents) if parent >= 0)

    @cached_property
    def flip_order(self) -> tuple[int, ...]:
        """(J,) permutation that swaps left and right joints, for what has no axes: `scores[..., flip_order]`."""
        order = list(range(len(self.joints)))
        for left, right in zip(self.left, self.right, strict=True):
            order[left], order[right] = right, left
        return tuple(order)

    def pair(self, joint: str) -> list[int]:
        """The left and the right joint of a name without its side."""
        return [self.joints.index(f"{side}_{joint}") for side in ("left", "right")]


H36M17 = Skeleton(
    name="h36m17",
    joints=(
        "hip", "right_hip", "right_knee", "right_foot", "left_hip", "left_knee", "left_foot", "spine", "thorax",
        "neck", "head", "left_shoulder", "left_elbow", "left_wrist", "right_shoulder", "right_elbow", "right_wrist",
    ),
    parents=(-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15),
    left=(4, 5, 6, 11, 12, 13),
    right=(1, 2, 3, 14, 15, 16),
)  # fmt: skip

COCO17 = Skeleton(
    name="coco17",
    joints=(
        "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
        "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
        "right_ankle",
    ),
    parents=(-1, 0, 0, 1, 2, 0, 0, 5, 6, 7, 8, 5, 6, 11, 12, 13, 14),
    left=(1, 3, 5, 7, 9, 11, 13, 15),
    right=(2, 4, 6, 8, 10, 12, 14, 16),
)  # fmt: skip

# How far the head point lies beyond the middle of eyes and ears, seen from the thorax: the end of the head bone is
# some 6 cm above that middle, which itself is some 20 cm above the neck base.
_HEAD_EXTRAPOLATION = 0.3


def _coco_to_h36m_matrix() -> np.ndarray:
    """(17,17) weights W with h36m = W @ coco; every row sums to 1."""
    coco = dict(zip(COCO17.joints, np.eye(17), strict=True))
    hip = (coco["left_hip"] + coco["right_hip"]) / 2
    thorax = (coco["left_shoulder"] + coco["right_shoulder"]) / 2
    face = (coco["left_eye"] + coco["right_eye"] + coco["left_ear"] + coco["right_ear"]) / 4
    rows = {
        "hip": hip,
        "spine": (hip + thorax) / 2,
        "thorax": thorax,
        "neck": coco["nose"],
        "head": face + _HEAD_EXTRAPOLATION * (face - thorax),
    }
    renamed = {"left_foot": "left_ankle", "right_foot": "right_ankle"}
    return np.stack([rows[name] if name in rows else coco[renamed.get(name, name)] for name in H36M17.joints])


COCO_TO_H36M = _coco_to_h36m_matrix()


def coco_to_h36m(keypoints: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Convert COCO-17 image points to Human3.6M-17, at run time and in training alike.

    The same fixed linear map everywhere, so that a lifter meets at run time what it was trained on.

    Args:
        keypoints: (..., 17, 2) pixels, COCO order.
        scores: (..., 17) confidences.

    Returns:
        (..., 17, 2) pixels and (..., 17) confidences in Human3.6M order; a derived joint gets the weighted mean
        confidence of the joints it is made from.
    """
    weights = np.abs(COCO_TO_H36M)
    weights = weights / weights.sum(axis=1, keepdims=True)
    return (
        np.einsum("ij,...jk->...ik", COCO_TO_H36M, keypoints).astype(keypoints.dtype),
        np.einsum("ij,...j->...i", weights, scores).astype(scores.dtype),
    )


def mirror(points: Points, skeleton: Skeleton = H36M17, width: Any = None) -> Points:
    """The mirror image of NumPy or torch points: x negated, or taken from `width`; left and right joints traded.

    Args:
        points: (..., J, D), x first; unchanged.
        skeleton: the order of the J joints.
        width: of the picture, pixels, for points that are counted from its left border: a number, or one for each
            window that can be broadcast to (..., J). None for points whose x axis is centred at 0.

    Returns:
        (..., J, D) of the same kind.
    """
    mirrored = points[..., list(skeleton.flip_order), :]
    mirrored[..., 0] = -mirrored[..., 0] if width is None else width - mirrored[..., 0]
    return mirrored
