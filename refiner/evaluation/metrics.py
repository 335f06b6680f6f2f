"""Accuracy of poses against the truth, as papers on Human3.6M report it.

Predictions and targets are (..., N, 17, 3) or (N, 17, 3) in metres; results are in metres (x 1000 for the usual mm).
The root (joint 0) of both is set to zero first. Time runs along axis -3. What tables and cards show of them, under
which names and in which units, is said once, in `MEASURES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline


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


def lag(predicted: np.ndarray, target: np.ndarray) -> float:
    """Frames by which `predicted` follows `target`: where velocities correlate best, in quarters, from -3 to 3.

    Args:
        predicted, target: (N,J,3) of a stretch without gaps, any joints. NaN if N < 9, or if one of them does not move.
    """
    if len(target) < 9:
        return float("nan")
    wanted, curve = np.gradient(target, axis=0), CubicSpline(np.arange(len(target)), np.gradient(predicted, axis=0))
    inside, shifts = np.arange(3, len(target) - 3), np.arange(-12, 13) / 4
    velocities = np.stack([curve(inside + shift).ravel() for shift in shifts])
    if not velocities.any() or not wanted[inside].any():
        return float("nan")
    return float(shifts[np.argmax([np.corrcoef(wanted[inside].ravel(), velocity)[0, 1] for velocity in velocities])])


def speed_kept(predicted: np.ndarray, target: np.ndarray, fastest: float = 0.05) -> float:
    """Speed of `predicted` where `target` is fastest, in that share of frames and joints, over the target's.

    Too much smoothing makes it small: what is smoothed most is what turns most sharply.

    Args:
        predicted, target: (N,J,3) of a stretch without gaps, any joints. NaN if N < 9, or if the target does not move.
    """
    if len(target) < 9:
        return float("nan")
    wanted, speed = (np.linalg.norm(np.gradient(poses, axis=0), axis=-1) for poses in (target, predicted))
    fast = wanted >= np.quantile(wanted, 1 - fastest)
    return float(speed[fast].mean() / wanted[fast].mean()) if wanted[fast].any() else float("nan")


def pck(predicted: np.ndarray, target: np.ndarray, threshold: float = 0.15) -> float:
    """Share of joints nearer than `threshold` metres to the truth."""
    return float((np.linalg.norm(_rooted(predicted) - _rooted(target), axis=-1) < threshold).mean())


def auc(predicted: np.ndarray, target: np.ndarray) -> float:
    """Mean PCK over thresholds 0, 5, ... 150 mm."""
    return float(np.mean([pck(predicted, target, float(threshold)) for threshold in np.arange(0, 0.1501, 0.005)]))


@dataclass(frozen=True)
class Measure:
    """One error of a table.

    Attributes:
        field: its name in code and JSON. name: in tables. unit: what `in_mm` gives.
        error: predicted and target poses (N, 17, 3) metres to the error, in metres.
    """

    field: str
    name: str
    unit: str
    error: Callable[[np.ndarray, np.ndarray], float]

    def in_mm(self, predicted: np.ndarray, target: np.ndarray) -> float:
        """The error in `unit`."""
        return 1000 * self.error(predicted, target)


POSITION = (Measure("mpjpe", "MPJPE", "mm", mpjpe), Measure("p_mpjpe", "P-MPJPE", "mm", p_mpjpe))
MEASURES = (*POSITION, Measure("accel", "Accel", "mm/frame^2", acceleration_error))


def _rooted(poses: np.ndarray) -> np.ndarray:
    poses = np.asarray(poses, np.float64)
    return poses - poses[..., :1, :]
