"""When each foot stands: slow and low, for long enough.

A foot begins to stand where its ankle is slower and lower than the inner thresholds, and stands on both sides of that
for as long as the outer ones hold (hysteresis), so that noise does not cut a stance in pieces. Stances shorter than a
twelfth of a second are noise: the turning point of a jump, of a swing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.world.smoothing import smooth
from estimators.stretches import runs

FEET = ("left_foot", "right_foot")  # order of the feet in every (N,2) array of contacts

_SLOW, _SLOW_OUTER = 0.25, 0.45  # m/s: estimated standing feet slide by 0.1 to 0.3, a swinging foot does 1 to 5
_LOW, _LOW_OUTER = 0.09, 0.14  # metres above where the ankles stand: floor and poses are wrong by centimetres
_SPEED_CUTOFF_HZ = 6.0
_SHORTEST_S = 1 / 12


def find_contacts(feet: np.ndarray, heights: np.ndarray, fps: float, cuts: Sequence[int] = ()) -> np.ndarray:
    """Which foot stands in which frame.

    Args:
        feet: (N,2,3) metres, the ankles in any space that stands still; NaN where missing or not believed.
        heights: (N,2) metres above where an ankle is while its foot stands; NaN where missing.
        fps: frames per second.
        cuts: first frames of shots; who stands on both sides of a cut stands twice.

    Returns:
        (N,2) bool; False where missing. A single frame has no speed and no contact.
    """
    contacts = np.zeros(heights.shape, bool)
    shortest = max(2, round(_SHORTEST_S * fps))
    for foot in range(2):
        for run in runs(np.isfinite(feet[:, foot]).all(axis=1), cuts):
            if run.stop - run.start < 2:
                continue
            path = np.stack([smooth(feet[run, foot, axis], fps, _SPEED_CUTOFF_HZ) for axis in range(3)], axis=1)
            speed = np.linalg.norm(np.gradient(path, axis=0), axis=1) * fps
            height = np.abs(heights[run, foot])  # far below the floor is as wrong as far above
            stands = (speed < _SLOW) & (height < _LOW)
            for stretch in runs((speed < _SLOW_OUTER) & (height < _LOW_OUTER)):
                if stretch.stop - stretch.start >= shortest and stands[stretch].any():
                    contacts[run.start + stretch.start : run.start + stretch.stop, foot] = True
    return contacts
