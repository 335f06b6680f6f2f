"""Fast footage looked at less often: the networks were trained on 17 to 33 frames a second,
and see nothing more in 240."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from estimators.lifting.windows import anti_alias

MOST_LOOKS = 60.0  # a second; footage up to 1 % faster (60.2, say, by a telephone's clock) stays as it is


class Pace:
    """Even looks at a sequence of N frames, the first and the last among them;
    at every frame where these are slow enough.

    Attributes:
        fps: looks a second.
    """

    def __init__(self, length: int, fps: float) -> None:
        self.fps, self._length = fps, length
        looks = length if fps <= 1.01 * MOST_LOOKS else max(2, int((length - 1) * MOST_LOOKS / fps) + 1)
        self._at = np.linspace(0, length - 1, looks) if looks < length else None  # in frames
        if self._at is not None:
            self.fps = fps * (looks - 1) / (length - 1)

    def take(self, sequence: np.ndarray) -> np.ndarray:
        """What (N, ...) is at the looks, (M, ...): what is too fast for them is taken out, see `anti_alias`."""
        if self._at is None:
            return sequence
        smooth = anti_alias(sequence, int(np.ceil(self._length / len(self._at))))
        before = self._at.astype(int).clip(max=self._length - 2)
        share = (self._at - before).reshape(-1, *[1] * (sequence.ndim - 1))
        return np.asarray((1 - share) * smooth[before] + share * smooth[before + 1], sequence.dtype)

    def give(self, values: np.ndarray) -> np.ndarray:
        """(M, ...) of the looks back to (N, ...), by a cubic spline, which keeps acceleration continuous."""
        if self._at is None:
            return values
        return np.asarray(CubicSpline(self._at, values, axis=0)(np.arange(self._length)), values.dtype)
