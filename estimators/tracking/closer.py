"""Second looks at people who have been found, taken beside the tracking: they cost time, and nobody waits for them.

Who is where is known from the first look. What the second one adds takes the place of those poses only at the end, so
that what is found does not depend on which of the two is quicker.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from estimators.finding import Found, PersonDetector
from estimators.tracking.person import Person, Pose

AHEAD = 2  # frames that the first look may be ahead: more would only keep more pictures in memory


@dataclass(frozen=True)
class _Look:
    """At people in one frame, as the first look has found them."""

    index: int
    people: Sequence[Person]
    first: Sequence[Pose]
    found: Future[Found | None]


class CloserLooks:
    """Takes them one after the other, in a thread of its own; a context, at whose end nothing runs any more."""

    def __init__(self, detector: PersonDetector) -> None:
        self._detector = detector
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="closer")
        self._waiting: deque[_Look] = deque()
        self._done: list[_Look] = []

    def __enter__(self) -> CloserLooks:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def take(self, index: int, image: np.ndarray, people: Sequence[Person]) -> None:
        """Look at people in frame `index`, in which each has a pose."""
        first = [pose for person in people if (pose := person.pose_at(index)) is not None]
        if not first:
            return
        keypoints, scores = (np.stack([getattr(pose, name) for pose in first]) for name in ("keypoints", "scores"))
        look = self._thread.submit(self._detector.look_closer, image, keypoints, scores)
        self._waiting.append(_Look(index, people, first, look))
        while len(self._waiting) > AHEAD:
            self._wait()

    def finish(self) -> None:
        """Give everybody their better poses."""
        while self._waiting:
            self._wait()
        for look in self._done:
            found = look.found.result()
            if found is None:
                continue
            for number, (person, first) in enumerate(zip(look.people, look.first, strict=True)):
                person.see_better(look.index, first, Pose.of(found, number) or first)

    def _wait(self) -> None:
        look = self._waiting.popleft()
        look.found.result()
        self._done.append(look)
