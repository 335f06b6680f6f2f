"""Rotations as (..., 3, 3) matrices that act on column vectors: the few constructions that retargeting needs."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation


def unit(vectors: np.ndarray) -> np.ndarray:
    """(..., 3) vectors at length one; a zero vector stays zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def reject(vectors: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """The part of (..., 3) `vectors` orthogonal to the unit `axis`."""
    return vectors - np.sum(vectors * axis, axis=-1, keepdims=True) * axis


def frame(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Right-handed frames (..., 3, 3) with the columns: `first`, `second` made orthogonal to it,
    their cross product."""
    a = unit(first)
    b = unit(reject(second, a))
    return np.stack([a, b, np.cross(a, b)], axis=-1)


def about(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Rotations by `angle` (...) radians about the unit `axis` (..., 3)."""
    axis, angle = np.broadcast_arrays(axis, np.asarray(angle)[..., None])
    return exp(axis * angle)


def swing(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The smallest rotations (..., 3, 3) that carry the unit vectors `start` to `end`."""
    start, end = np.broadcast_arrays(start, end)
    cross = np.cross(start, end)
    angle = np.arctan2(np.linalg.norm(cross, axis=-1), np.sum(start * end, axis=-1))
    return about(unit(cross), angle)


def exp(rotation_vectors: np.ndarray) -> np.ndarray:
    """(..., 3) rotation vectors to (..., 3, 3) matrices."""
    shape = rotation_vectors.shape[:-1]
    return Rotation.from_rotvec(rotation_vectors.reshape(-1, 3)).as_matrix().reshape(*shape, 3, 3)


def log(matrices: np.ndarray) -> np.ndarray:
    """(..., 3, 3) matrices to (..., 3) rotation vectors."""
    shape = matrices.shape[:-2]
    return Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_rotvec().reshape(*shape, 3)


def between(start: np.ndarray, end: np.ndarray, fraction: float | np.ndarray) -> np.ndarray:
    """Spherical interpolation from `start` to `end`, both (..., 3, 3), at `fraction` (scalar or (...))."""
    step = log(np.swapaxes(start, -1, -2) @ end)
    return start @ exp(step * np.asarray(fraction)[..., None])


def apply(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(..., 3, 3) times (..., 3), broadcast."""
    return np.einsum("...ij,...j->...i", matrices, vectors)
