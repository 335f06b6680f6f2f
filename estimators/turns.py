"""How a body is turned: the axes of a pose, and the rotation between two poses."""

from __future__ import annotations

import numpy as np

_FACING = np.diag([1.0, -1.0, -1.0])  # left, up and forward of somebody upright who faces the camera: the columns


def body_axes(poses: np.ndarray) -> np.ndarray:
    """(N, 3, 3) of (N, 17, 3) poses, Human3.6M-17; rows: to the person's left, up along the spine, forward."""
    left = poses[:, 4] - poses[:, 1]
    left = left / np.linalg.norm(left, axis=-1, keepdims=True).clip(min=1e-9)
    up = poses[:, 8] - poses[:, 0]
    up = up - (up * left).sum(-1, keepdims=True) * left
    up = up / np.linalg.norm(up, axis=-1, keepdims=True).clip(min=1e-9)
    return np.stack([left, up, np.cross(left, up)], axis=1)


def turns_of(poses: np.ndarray) -> np.ndarray:
    """(N, 3, 3) rotations in camera space that turn somebody who stands upright and faces the camera as (N, 17, 3)
    poses are turned."""
    return np.swapaxes(body_axes(poses), 1, 2) @ _FACING.T


def turns_between(poses: np.ndarray, others: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(N, 3, 3) rotations that lay (N, 17, 3) poses over others best, about the root (Kabsch, Acta Cryst. A32, 1976).

    Args:
        weights: (N, 17) of the joints.
    """
    both = np.einsum("nj,nji,njk->nik", weights, others.astype(np.float64), poses.astype(np.float64))
    left, _, right = np.linalg.svd(both)
    proper = np.ones(left.shape[:2])
    proper[:, 2] = np.sign(np.linalg.det(left @ right))
    turns: np.ndarray = (left * proper[:, None]) @ right
    return turns
