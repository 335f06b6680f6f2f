"""Smoothing of a course in time that keeps straight lines and holds over gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded

from estimators.differences import difference_penalty


@dataclass(frozen=True)
class Moves:
    """What is known about the course from frame to frame.

    Attributes:
        sizes: (N-1,) from each frame to the next; read where `weights` is not 0.
        weights: (N-1,) how many witnesses a move has.
        seconds: over so long one witness outweighs what is known of the frames by themselves.
    """

    sizes: np.ndarray
    weights: np.ndarray
    seconds: float


def smooth(
    values: np.ndarray, fps: float, cutoff_hz: float, tolerance: float = np.inf, moves: Moves | None = None
) -> np.ndarray:
    """Whittaker smoother: least squares with a penalty on second differences; outliers lose weight.

    Straight lines pass unchanged, at the ends as well.

    Args:
        values: (N,) with NaN where unknown; these are interpolated.
        fps: frames per second.
        cutoff_hz: frequency of which half the amplitude passes.
        tolerance: values further off than this, and further than 4.7 robust standard deviations, are outliers
            (Tukey's biweight). By default nothing is, so that a short quick movement is not taken for an error.
        moves: that the course should make from frame to frame, besides.

    Returns:
        (N,) float64.
    """
    known = np.isfinite(values)
    n = len(values)
    if known.sum() < 3:
        return np.interp(np.arange(n), np.flatnonzero(known), values[known]) if known.any() else values.astype(float)
    # The smoother's response at angular frequency w (per frame) is 1 / (1 + penalty (2 sin(w/2))^4).
    angle = min(np.pi * cutoff_hz / fps, np.pi / 2)
    penalty = (2 * np.sin(angle)) ** -4
    filled = np.where(known, values, 0.0)
    sizes, grips = np.zeros(n - 1), np.zeros(n - 1)
    if moves is not None:
        grips = moves.weights * (moves.seconds * fps) ** 2
        sizes = np.where(grips > 0, moves.sizes, 0.0)
    weights = known.astype(np.float64)
    smoothed = _solve(filled, weights, penalty, sizes, grips)
    for _ in range(3 if np.isfinite(tolerance) else 0):
        residual = filled - smoothed
        scale = 1.4826 * np.median(np.abs(residual[known]))
        ratio = np.clip(np.abs(residual) / max(4.7 * scale, tolerance), 0, 1)
        weights = np.where(known, np.maximum((1 - ratio**2) ** 2, 1e-6), 0.0)
        smoothed = _solve(filled, weights, penalty, sizes, grips)
    return smoothed


def _solve(values: np.ndarray, weights: np.ndarray, penalty: float, sizes: np.ndarray, grips: np.ndarray) -> np.ndarray:
    """The z of least sum w (z - y)^2 + penalty |D2 z|^2 + sum grip (D z - size)^2,
    D and D2 first and second differences.

    The matrix is banded and positive definite.
    """
    bands = penalty * difference_penalty(len(values), 2)  # second, first and main diagonal
    bands[2] += weights + 1e-12
    bands[2, :-1] += grips
    bands[2, 1:] += grips
    bands[1, 1:] -= grips
    right = weights * values
    right[:-1] -= grips * sizes
    right[1:] += grips * sizes
    return solveh_banded(bands, right)
