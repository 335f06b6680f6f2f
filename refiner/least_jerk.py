"""Poses that change as smoothly as their doubt allows: a smoother, weak where poses are sure and strong where not.

For the course x_n of a joint, what is sought is p_n with the least

    sum_n |p_n - x_n|^2 / s_n^2  +  (t f)^6 / s^2  sum_n |p_n - 3 p_{n-1} + 3 p_{n-2} - p_{n-3}|^2

f being frames per second. It is the jerk that is penalised: steady speed and steady acceleration pass unchanged, and
so, nearly, does what takes longer than t where the doubt s_n is s. That time grows with the cube root of the doubt.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

from estimators.differences import difference_penalty

SECONDS = 0.035  # t; chosen on validation people: as little jitter as a Gaussian leaves, and fast joints hardly slower
DOUBT = 0.03  # s, in person sizes: about what the detector errs by where it is sure
LEAST_DOUBT = 0.003


def least_jerk(poses: np.ndarray, doubt: np.ndarray, fps: float) -> np.ndarray:
    """Smooth poses.

    Args:
        poses: (N, 17, 3), any unit.
        doubt: (N, 17) standard deviation of each joint, in person sizes.
        fps: frames per second.

    Returns:
        (N, 17, 3) float64.
    """
    frames = len(poses)
    if frames <= 3:
        return poses.astype(np.float64)
    penalty = (SECONDS * fps) ** 6 * difference_penalty(frames, 3)
    weight = (DOUBT / np.maximum(doubt, LEAST_DOUBT)) ** 2
    smooth = np.empty(poses.shape)
    for joint in range(poses.shape[1]):
        matrix = penalty.copy()
        matrix[-1] += weight[:, joint]
        smooth[:, joint] = solveh_banded(matrix, weight[:, joint, None] * poses[:, joint])
    return smooth
