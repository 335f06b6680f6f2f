"""Which frames of a video are looked at: detectors are slow, and joints between two looks can be interpolated."""

from __future__ import annotations

from collections.abc import Callable

from estimators.tracking.changes import Change, Frame


class Looks:
    """Chooses the frames that a tracker looks at: one in so many, the last, and both sides of what may be a cut.

    Attributes:
        frames: the frames that were looked at.
        moments: when each of them was shown, counted in looks.
        times: when each frame of the video was shown, in frames of its rate.
    """

    def __init__(self, step: Callable[[int, Frame], None], every: int) -> None:
        """`step` is called with each frame to look at, and when it was shown, in looks; `every`: frames a look."""
        self.frames: list[int] = []
        self.moments: list[int] = []
        self.times: list[float] = []
        self._step, self._every = step, every
        self._waiting: tuple[int, Frame] | None = None  # the latest frame, if it was not looked at

    def take(self, index: int, view: Frame) -> None:
        """The next frame of the video, and its number."""
        self.times.append(view.moment)
        changed = view.change is not Change.NONE
        if changed and self._waiting is not None:  # nothing lies between the sides of a cut
            self._look(*self._waiting)
        self._waiting = (index, view)
        if changed or self._every == 1 or not self.frames or self._due(view):
            self._look(*self._waiting)

    def finish(self) -> None:
        """Look at the last frame of the video, if that has not been done."""
        if self._waiting is not None:
            self._look(*self._waiting)

    def _due(self, view: Frame) -> bool:
        return round(view.moment) >= round(self.times[self.frames[-1]]) + self._every

    def _look(self, index: int, view: Frame) -> None:
        self.moments.append(max(-(-round(view.moment) // self._every), self.moments[-1] + 1 if self.moments else 0))
        self._step(self.moments[-1], view)
        self.frames.append(index)
        self._waiting = None
