"""When each frame of a video is shown, exactly: integer ticks, as containers store them; and the rate of its motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from estimators.even import Grid

# Rates that cameras have, for files that state none.
_USUAL = tuple(
    Fraction(*rate)
    for rate in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1), (50, 1), (60000, 1001), (60, 1))
)
_PAUSE_S = 0.1  # no rhythm of a motion is slower, unless most steps are
_NEAR = 0.05  # of a step: a rate that differs by more from the steps that are seen is another one
_MAX_TIMESCALE = 2**31 - 1  # of an MP4 track


@dataclass(frozen=True)
class Clock:
    """Presentation times of N frames.

    Attributes:
        fps: frames per second; the typical rate if it varies, see `typical_rate`.
        time_base: seconds per tick.
        ticks: (N,) int64, strictly increasing, from 0.
        durations: (N,) int64 ticks for which each frame is shown.
        constant: the ticks are those of a constant rate `fps`, up to the rounding of the container.
        start: seconds of the file at which the first frame is shown; its sound may begin earlier or later.
    """

    fps: Fraction
    time_base: Fraction
    ticks: np.ndarray
    durations: np.ndarray
    constant: bool
    start: float = 0.0

    @property
    def seconds(self) -> float:
        """For how long frames are shown."""
        return float(int(self.ticks[-1] + self.durations[-1]) * self.time_base)

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
    millisecond ticks (Matroska, WebM) store 23.976 fps as 41 or 42 ms. If none does, the rate varies.

    Raises:
        ValueError: no ticks, or ticks that do not increase.
    """
    at = np.asarray(ticks, dtype=np.int64)
    if len(at) == 0 or (np.diff(at) <= 0).any():
        raise ValueError("ticks must be strictly increasing and not empty")
    start, at = float(int(at[0]) * time_base), at - at[0]
    for rate in stated:
        if rate and _explains(rate, at, time_base):
            if rate.numerator > _MAX_TIMESCALE or rate.denominator > _MAX_TIMESCALE:
                break
            return Clock(rate, Fraction(1, rate.numerator), *_even_ticks(len(at), rate), True, start)
    durations = np.append(np.diff(at), _last_duration(at, time_base, stated[0] if stated else None, last_duration))
    fps = typical_rate(at, time_base, stated) if len(at) > 1 else 1 / (int(durations[-1]) * time_base)
    return Clock(fps, time_base, at, durations, False, start)


def typical_rate(ticks: np.ndarray, time_base: Fraction, stated: Sequence[Fraction | None] = ()) -> Fraction:
    """Frames per second while one frame follows the other: what the motion was recorded with.

    Frames that were dropped and pauses make the average lower, but not this. If all frames lie on the frames of one of
    the `stated` rates, or of one that cameras have, some of them dropped, then it is that rate;
    else one frame a typical step.

    Args:
        ticks: (N,) strictly increasing, N > 1. time_base: seconds per tick.
    """
    step = _typical_step(np.diff(ticks), time_base)
    seen = 1 / (step * time_base)  # in whole numbers of any size
    for rate in (*filter(None, stated), *_USUAL):
        if abs(rate / seen - 1) > _NEAR:
            continue
        ideal = float(1 / (rate * time_base))
        if np.abs(ticks - np.rint(ticks / ideal) * ideal).max() <= min(1.0 + 1e-6, ideal / 4):
            return rate
    return seen


def rate_of(timestamps: np.ndarray, stated: Fraction) -> Fraction:
    """The rate of (N,) seconds: as stated, unless that was an average, which files of earlier versions state."""
    if timestamps.ndim != 1 or len(timestamps) < 2 or stated <= 0 or not (np.diff(timestamps) > 0).all():
        return stated  # nothing to go by
    if Grid.of(timestamps, float(stated)).even:
        return stated
    ticks = np.rint((timestamps - timestamps[0]) * 1e6)
    if ticks[-1] > 2**53 or (np.diff(ticks) < 1).any():
        return stated
    typical = typical_rate(ticks.astype(np.int64), Fraction(1, 1_000_000), [stated])
    return stated if abs(typical / stated - 1) < 0.02 else typical.limit_denominator(1001)


def _typical_step(steps: np.ndarray, time_base: Fraction) -> Fraction:
    """Ticks from a frame to the next: the mean of the steps that are like the median, if they are any rhythm at all;
    else of all that are no pauses."""
    middle = float(np.median(steps))
    flowing = steps[steps <= max(2 * middle, _PAUSE_S / float(time_base))]
    alike = steps[np.abs(steps - middle) <= middle / 2]
    if int(alike.sum()) * 4 < int(flowing.sum()):
        alike = flowing
    return Fraction(int(alike.sum()), len(alike))


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
