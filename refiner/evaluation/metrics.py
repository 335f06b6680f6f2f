"""Accuracy of poses against the truth, as papers on Human3.6M report it.

Predictions and targets are (..., N, 17, 3) or (N, 17, 3) in metres; results are in metres (x 1000 for the usual mm).
The root (joint 0) of both is set to zero first. Time runs along axis -3.
"""

from __future__ import annotations

import numpy as np


def mpjpe(predicted: np.ndarray, target: np.ndarray) -> float:
    """Mean per-joint position error (protocol 1)."""
    return float(np.linalg.norm(_rooted(predicted) - _rooted(target), axis=-1).mean())


def n_mpjpe(predicted: np.ndarray, target: np.ndarray) -> float:
    """MPJPE after the best scale of each frame, s = sum(p g) / sum(p p)."""
    p, g = _rooted(predicted), _rooted(target)
    scale = (p * g).sum((-2, -1), keepdims=True) / np.maximum((p * p).sum((-2, -1), keepdims=True), 1e-12)
    return float(np.linalg.norm(scale * p - g, axis=-1).mean())


def p_mpjpe(predicted: np.ndarray, target: np.ndarray) -> float:
    """MPJPE after the best similarity transform of each frame (Procrustes; protocol 2)."""
    p = np.asarray(predicted, np.float64).reshape(-1, *predicted.shape[-2:])
    g = np.asarray(target, np.float64).reshape(-1, *target.shape[-2:])
    p_mean, g_mean = p.mean(1, keepdims=True), g.mean(1, keepdims=True)
    p, g = p - p_mean, g - g_mean
    p_norm = np.maximum(np.linalg.norm(p, axis=(1, 2), keepdims=True), 1e-12)
    g_norm = np.maximum(np.linalg.norm(g, axis=(1, 2), keepdims=True), 1e-12)
    U, S, Vt = np.linalg.svd(np.swapaxes(g / g_norm, 1, 2) @ (p / p_norm))
    # no reflection: flip the axis of the smallest singular value where the determinant is negative
    sign = np.ones_like(S)
    sign[:, -1] = np.sign(np.linalg.det(U @ Vt))
    rotation = (U * sign[:, None]) @ Vt
    scale = (S * sign).sum(1)[:, None, None] * g_norm / p_norm
    aligned = scale * (p @ np.swapaxes(rotation, 1, 2))
    return float(np.linalg.norm(aligned - g, axis=-1).mean())


def velocity_error(predicted: np.ndarray, target: np.ndarray) -> float:
    """MPJVE: mean error of the frame-to-frame difference, metres per frame."""
    return _difference_error(predicted, target, order=1)


def acceleration_error(predicted: np.ndarray, target: np.ndarray) -> float:
    """Accel: mean error of the second difference, metres per frame^2."""
    return _difference_error(predicted, target, order=2)


def _difference_error(predicted: np.ndarray, target: np.ndarray, order: int) -> float:
    if predicted.shape[-3] <= order:
        return float("nan")
    error = np.diff(_rooted(predicted) - _rooted(target), n=order, axis=-3)
    return float(np.linalg.norm(error, axis=-1).mean())


def pck(predicted: np.ndarray, target: np.ndarray, threshold: float = 0.15) -> float:
    """Share of joints nearer than `threshold` metres to the truth."""
    return float((np.linalg.norm(_rooted(predicted) - _rooted(target), axis=-1) < threshold).mean())


def auc(predicted: np.ndarray, target: np.ndarray) -> float:
    """Mean PCK over thresholds 0, 5, ... 150 mm."""
    return float(np.mean([pck(predicted, target, float(threshold)) for threshold in np.arange(0, 0.1501, 0.005)]))


def _rooted(poses: np.ndarray) -> np.ndarray:
    poses = np.asarray(poses, np.float64)
    return poses - poses[..., :1, :]
