"""Penalties on the differences of a course in time, which least-squares smoothers are made of."""

from __future__ import annotations

from math import comb

import numpy as np


def difference_penalty(length: int, order: int) -> np.ndarray:
    """D'D of the differences D of this order: |D z|^2 = z' D'D z is small where z goes on as it did.

    Args:
        length: N, of the course; more than `order`.
        order: 1 for speed, 2 for acceleration, 3 for jerk.

    Returns:
        (order + 1, N) float64: its upper bands, the main diagonal last, as `scipy.linalg.solveh_banded` wants them.
    """
    weights = [(-1) ** (order - i) * comb(order, i) for i in range(order + 1)]
    bands = np.zeros((order + 1, length))
    for i, first in enumerate(weights):
        for j, second in enumerate(weights[i:], start=i):
            bands[i - j - 1, j : length - order + j] += first * second
    return bands
