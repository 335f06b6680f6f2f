"""Even moments over frames that were shown at uneven times, and the ways there and back.

Cameras drop frames, telephones slow down in the dark, recorders pause. What counts in frames (the windows of networks,
smoothing, differences, formats that know only a rate) is given moments 1/rate seconds apart instead: a dropped frame is
interpolated, a pause of more than half a second is a gap in which nothing is known. Frames that come evenly are their
own moments, and nothing is touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from estimators.gaps import GAP_CONFIDENCE, MAX_GAP
from estimators.observation import Provenance
from estimators.stretches import runs

_EVEN = 0.02  # of a step: times that are off by less are even
_ON_MOMENT = 1e-4  # of a step: a frame this near to a moment is the moment's
_DROPPED = 1.5  # steps from one frame to the next from which frames were dropped between
_Person = TypeVar("_Person", bound=Any)  # as `Grid.resample` describes it
_MOST_MOMENTS = (4, 20_000)  # a frame, and in all: damaged times may lie days apart, and memory must not follow them


@dataclass(frozen=True)
class Grid:
    """M even moments over N frames.

    Attributes:
        even: the frames are the moments.
        frames: (N,) float64, when each frame is shown, in moments since the first.
        at: (N,) the moment nearest to each frame.
        nearest: (M,) the frame nearest to each moment.
        paused: (N-1,) bool: after this frame nothing was recorded for more than half a second, or the video is cut.
    """

    even: bool
    frames: np.ndarray
    at: np.ndarray
    nearest: np.ndarray
    paused: np.ndarray

    @classmethod
    def of(cls, times: np.ndarray, rate: float, cuts: Sequence[int] = ()) -> Grid:
        """For (N,) times in seconds, strictly increasing, and moments `rate` times a second; `cuts` begin a new shot.

        Pauses that would take more moments than four a frame and 20,000 are shortened, each to its share of these.
        """
        with np.errstate(over="ignore"):
            frames, steps = (times - times[0]) * rate, np.diff(times) * rate
        whole = np.arange(len(times))
        paused = steps > max(1, int(MAX_GAP * rate)) + _DROPPED
        paused[[cut - 1 for cut in cuts if 0 < cut < len(frames)]] = True
        if np.abs(frames - whole).max() <= _EVEN:
            return cls(True, whole.astype(np.float64), whole, whole, paused)
        most = _MOST_MOMENTS[0] * len(frames) + _MOST_MOMENTS[1]
        if not frames[-1] <= most:
            frames = np.append(0.0, np.cumsum(np.minimum(steps, most // len(steps))))
        at = np.rint(frames).astype(int)
        moments = np.arange(at[-1] + 1)
        after = np.searchsorted(frames, moments).clip(1, len(frames) - 1)
        nearest = after - (moments - frames[after - 1] <= frames[after] - moments)
        return cls(False, frames, at, nearest, paused)

    def __len__(self) -> int:
        """M, the number of moments."""
        return len(self.nearest)

    def to_moments(self, values: np.ndarray, present: np.ndarray) -> np.ndarray:
        """(N, ...) of the frames to (M, ...) of the moments.

        Numbers are interpolated in time; NaN where the person is not seen. Whole numbers and truth values are those of
        the nearest frame, 0 where the person is not seen.

        Args:
            values: of each frame. present: (N,) bool, the frames in which the person is seen.
        """
        if self.even:
            return values
        numbers = np.issubdtype(values.dtype, np.floating)
        result = np.full((len(self), *values.shape[1:]), np.nan if numbers else 0, values.dtype)
        for frames, moments in self._stretches(present):
            whole = np.arange(moments.start, moments.stop)
            there = self.nearest[moments].clip(frames.start, frames.stop - 1)
            on = np.abs(self.frames[there] - whole) < _ON_MOMENT
            result[moments] = values[there]
            if numbers and not on.all():
                result[whole[~on]] = self._between(frames, values[frames], whole[~on])
        return result

    def to_frames(self, values: np.ndarray, present: np.ndarray) -> np.ndarray:
        """(M, ...) of the moments back to (N, ...) of the frames; `present` is again that of the frames."""
        if self.even:
            return values
        if not np.issubdtype(values.dtype, np.floating):
            return values[self.at]
        result = np.full((len(self.at), *values.shape[1:]), np.nan, values.dtype)
        for frames, moments in self._stretches(present):
            times = self.frames[frames].clip(moments.start, moments.stop - 1)
            result[frames] = values[self.at[frames]]
            off = np.abs(times - self.at[frames]) >= _ON_MOMENT
            if off.any() and moments.stop - moments.start > 1:
                course = CubicSpline(np.arange(moments.start, moments.stop), values[moments], axis=0)
                result[np.arange(frames.start, frames.stop)[off]] = course(times[off])
        return result

    def provenance(self, provenance: np.ndarray) -> np.ndarray:
        """(N,) `Provenance` of the frames to (M,): what lies where no frame was shown is interpolated."""
        moved = self.to_moments(provenance, provenance != Provenance.MISSING)
        return moved if self.even else np.where(self._dropped(moved), Provenance.INTERPOLATED, moved).astype(np.uint8)

    def resample(self, person: _Person) -> _Person:
        """One person as if every moment were a frame: a dataclass with `provenance` (N,), `scores`, more arrays
        (N, ...), and perhaps `cuts`."""
        if self.even:
            return person
        n = len(person.provenance)
        arrays = {field.name: getattr(person, field.name) for field in fields(person)}
        arrays = {name: value for name, value in arrays.items() if isinstance(value, np.ndarray) and len(value) == n}
        moved: dict[str, Any] = {
            name: self.to_moments(value, person.present & _whole(value)) for name, value in arrays.items()
        }
        moved["provenance"] = self.provenance(person.provenance)
        moved["scores"] = np.clip(np.nan_to_num(moved["scores"]), 0, 1)
        moved["scores"][self._dropped(moved["provenance"])] *= GAP_CONFIDENCE
        if "pose_3d_scores" in moved:
            given = np.isfinite(moved["pose_3d"]).all(axis=(1, 2))[:, None]
            moved["pose_3d_scores"] = np.where(given, np.clip(moved["pose_3d_scores"], 0, 1), np.float32(0))
        if "sigma" in moved:
            moved["sigma"] = np.maximum(moved["sigma"], 0)
        if hasattr(person, "cuts"):
            moved["cuts"] = self.cuts(person.cuts)
        return replace(person, **moved)

    def cuts(self, cuts: Sequence[int]) -> tuple[int, ...]:
        """The frames that begin a new shot as moments."""
        return tuple(sorted({int(self.at[cut]) for cut in cuts if 0 < cut < len(self.at)}))

    def _dropped(self, provenance: np.ndarray) -> np.ndarray:
        """(M,) bool: moments of (M,) `provenance` with a pose though no frame was shown near them."""
        off = np.abs(self.frames[self.nearest] - np.arange(len(self)))
        return (off > _DROPPED / 2) & (provenance != Provenance.MISSING)

    def _stretches(self, present: np.ndarray) -> list[tuple[slice, slice]]:
        """Frames in which the person is seen without a pause, and the moments from the first of them to the last."""
        found = []
        for run in runs(present):
            ends = [*(np.flatnonzero(self.paused[run.start : run.stop - 1]) + run.start + 1), run.stop]
            for start, stop in zip([run.start, *ends], ends, strict=False):
                found.append((slice(int(start), int(stop)), slice(int(self.at[start]), int(self.at[stop - 1]) + 1)))
        return found

    def _between(self, frames: slice, values: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """What (n, ...) values of a stretch of frames are at some of its moments.

        A spline through frames that follow each other; between frames further apart a cubic that never overshoots.
        """
        times = self.frames[frames]
        at = moments.astype(np.float64).clip(times[0], times[-1])
        if len(times) == 1:
            return np.repeat(values, len(at), axis=0)
        result = np.asarray(PchipInterpolator(times, values, axis=0)(at))
        for run in runs(np.diff(times) < _DROPPED):
            inside = (at >= times[run.start]) & (at <= times[run.stop])
            if inside.any():
                piece = slice(run.start, run.stop + 1)
                result[inside] = CubicSpline(times[piece], values[piece], axis=0)(at[inside])
        return result


def _whole(values: np.ndarray) -> np.ndarray:
    """(N,) bool: the frames of (N, ...) values that are all numbers."""
    found: np.ndarray = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    return found
