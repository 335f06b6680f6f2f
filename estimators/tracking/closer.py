"""All that is seen of people beside the first look, which tells who is where: it costs time, and nobody waits for it.

A second look runs in a thread of its own. What it and the search of the whole frame add is settled person by person at
the end, over time, so that what is found does not depend on which of the two is quicker.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np

from estimators.finding import PersonDetector, Sight
from estimators.tracking.person import Person, Pose

AHEAD = 2  # frames that the first look may be ahead: more would only keep more pictures in memory


@dataclass(frozen=True)
class _Look:
    """At people in one frame, as the first look, and the search of the whole frame, have found them."""

    index: int
    people: Sequence[Person]
    first: Sequence[Pose]
    whole: Sequence[Pose | None]
    closer: Future[Sequence[Any] | None]


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

    def take(self, index: int, image: np.ndarray, people: Sequence[Person], whole: Mapping[Person, Pose]) -> None:
        """Look at people in frame `index`, in which each has a pose; `whole`: where the whole frame showed them."""
        seen = [(person, pose) for person in people if (pose := person.pose_at(index)) is not None]
        if not seen:
            return
        first = [pose for _, pose in seen]
        keypoints, scores = (np.stack([getattr(pose, name) for pose in first]) for name in ("keypoints", "scores"))
        look = self._thread.submit(self._detector.look_closer, image, keypoints, scores)
        people = [person for person, _ in seen]
        self._waiting.append(_Look(index, people, first, [whole.get(person) for person in people], look))
        while len(self._waiting) > AHEAD:
            self._wait()

    def finish(self) -> None:
        """Give everybody the poses that all looks together come to."""
        while self._waiting:
            self._wait()
        sights: dict[Person, list[tuple[Pose, Sight]]] = {}
        for look in sorted(self._done, key=lambda look: look.index):
            closer = look.closer.result() or [None] * len(look.people)
            for person, first, whole, of in zip(look.people, look.first, look.whole, closer, strict=True):
                sight = Sight(look.index, first.joints, of, None if whole is None else whole.joints)
                sights.setdefault(person, []).append((first, sight))
        for person, seen in sights.items():
            settled = self._detector.settle([sight for _, sight in seen])
            if settled is None:
                continue
            for number, (first, sight) in enumerate(seen):
                person.see_better(sight.frame, first, Pose.of(settled, number) or first)

    def _wait(self) -> None:
        look = self._waiting.popleft()
        look.closer.result()
        self._done.append(look)
