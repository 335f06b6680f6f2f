"""When each frame of a video is shown, exactly: integer ticks, as containers store them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

_MAX_TIMESCALE = 2**31 - 1  # of an MP4 track


@dataclass(frozen=True)
class Clock:
    """Presentation times of N frames.

    Attributes:
        fps: frames per second; the average rate if the rate varies.
        time_base: seconds per tick.
        ticks: (N,) int64, strictly increasing, from 0.
        durations: (N,) int64 ticks for which each frame is shown.
        constant: the ticks are those of a constant rate `fps`, up to the rounding of the container.
    """

    fps: Fraction
    time_base: Fraction
    ticks: np.ndarray
    durations: np.ndarray
    constant: bool

    @property
    def timestamps(self) -> np.ndarray:
        """(N,) float64 seconds since the first frame; free of the container's rounding if the rate is constant."""
        if self.constant:
            return np.arange(len(self.ticks)) * self.fps.denominator / self.fps.numerator
        return self.ticks * self.time_base.numerator / self.time_base.denominator


def make_clock(
    ticks: Sequence[int], time_base: Fraction, stated: Sequence[Fraction | None], last_duration: int | None = None
) -> Clock:
    """The clock of frames shown at `ticks` (strictly increasing, any origin).

    The first of the `stated` rates that explains every tick up to rounding is taken as constant; containers with
    millisecond ticks (Matroska, WebM) store 23.976 fps as 41 or 42 ms. If none does, the rate varies: `fps` is then
    the number of frames over the time they are shown, which is what an MP4 file states as its average.

    Raises:
        ValueError: no ticks, or ticks that do not increase.
    """
    at = np.asarray(ticks, dtype=np.int64)
    if len(at) == 0 or (np.diff(at) <= 0).any():
        raise ValueError("ticks must be strictly increasing and not empty")
    at = at - at[0]
    for rate in stated:
        if rate and _explains(rate, at, time_base):
            if rate.numerator > _MAX_TIMESCALE or rate.denominator > _MAX_TIMESCALE:
                break
            return Clock(rate, Fraction(1, rate.numerator), *_even_ticks(len(at), rate), constant=True)
    durations = np.append(np.diff(at), _last_duration(at, time_base, stated[0] if stated else None, last_duration))
    fps = len(at) / ((int(at[-1]) + int(durations[-1])) * time_base)  # in whole numbers of any size
    return Clock(fps, time_base, at, durations, constant=False)


def _last_duration(ticks: np.ndarray, time_base: Fraction, average: Fraction | None, packet: int | None) -> int:
    """For how many ticks the last frame is shown: until the stated average rate comes true, if that is plausible;
    else as its packet says; else as long as a typical frame."""
    steps = np.diff(ticks)
    if average and len(steps):
        rest = round(len(ticks) / (average * time_base)) - int(ticks[-1])
        if 1 <= rest <= 2 * steps.max():
            return rest
    if packet and packet > 0:
        return packet
    return int(np.median(steps)) if len(steps) else max(1, round(1 / (25 * time_base)))  # one frame: any rate will do


def _explains(rate: Fraction, ticks: np.ndarray, time_base: Fraction) -> bool:
    """Whether frame i of a constant rate falls on ticks[i], up to one tick (both ends are rounded)."""
    ideal = np.arange(len(ticks)) * float(1 / (rate * time_base))
    return bool(np.abs(ticks - ideal).max() <= 1.0 + 1e-6)


def _even_ticks(n: int, rate: Fraction) -> tuple[np.ndarray, np.ndarray]:
    """Ticks and durations of a constant rate a/b in units of 1/a seconds: exact, without rounding."""
    return np.arange(n, dtype=np.int64) * rate.denominator, np.full(n, rate.denominator, np.int64)
