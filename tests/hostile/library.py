"""Detectors that give nonsense, and the parts that have to live with it: tracks, lifting, refining, exports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np

from app import outputs
from app.media.clock import make_clock
from app.models import Models
from app.options import Options
from estimators.detection.detections import Detections
from estimators.finding import Sight
from estimators.gaps import clean
from estimators.observation import Observation, Provenance
from tests.support.fakes import STANDING, FakeDetector, FakeLifter, FakeRefiner, Found

from .case import EITHER, RIGHT, Case, Place
from .running import check_result

AREA = "library"


class Nonsense(FakeDetector):
    """Finds what `people(frame number)` gives: (M,17,2) pixels and (M,17) scores."""

    def __init__(self, people: Callable[[int], tuple[np.ndarray, np.ndarray]]) -> None:
        self.people, self.frame = people, 0

    def detect(self, image: np.ndarray) -> Found:
        points, scores = self.people(self.frame)
        self.frame += 1
        found = Detections.of(points, scores, scores.mean(axis=1))
        return Found(found.keypoints, found.scores)

    def detect_in(self, image: np.ndarray, boxes: np.ndarray, before: np.ndarray | None = None) -> Found:
        points, scores = self.people(self.frame)
        count = len(boxes)
        if not len(points):
            return Found(np.zeros((count, 17, 2), np.float32), np.zeros((count, 17), np.float32))
        return Found(np.resize(points, (count, 17, 2)).astype("f4"), np.resize(scores, (count, 17)).astype("f4"))

    def look_closer(self, image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> None:
        """There is no second look."""

    def settle(self, sights: Sequence[Sight]) -> None:
        """The first look stays."""


def _person(value: float = 0.0, scale: float = 84.0) -> np.ndarray:
    return (STANDING * scale + [80, 20] + value)[None].astype(np.float32)


ONES = np.full((1, 17), 0.9, np.float32)
DETECTORS: dict[str, Callable[[int], tuple[np.ndarray, np.ndarray]]] = {
    "NaN joints": lambda i: (_person(np.nan), ONES), "infinite joints": lambda i: (_person(np.inf), ONES),
    "NaN scores": lambda i: (_person(), ONES * np.nan), "infinite scores": lambda i: (_person(), ONES * np.inf),
    "negative scores": lambda i: (_person(), -ONES), "joints at 10^30": lambda i: (_person(1e30), ONES),
    "all joints nearly in one point": lambda i: (_person(scale=0.01), ONES),
    "one frame only": lambda i: (_person(), ONES) if i == 4 else (_person()[:0], ONES[:0]),
    "a hundred people": lambda i: (np.repeat(_person(), 100, 0) + np.arange(100)[:, None, None],
                                   np.repeat(ONES, 100, 0)),
    "every other frame": lambda i: (_person(), ONES) if i % 2 else (_person()[:0], ONES[:0]),
    "a person who leaps": lambda i: (_person(1000.0 * (i % 3)), ONES),
    "one joint NaN": lambda i: (_with_hole(np.nan), ONES),
    "scores of 0": lambda i: (_person(), ONES * 0), "far outside the picture": lambda i: (_person(-1e5), ONES),
}  # fmt: skip


def _with_hole(value: float) -> np.ndarray:
    person = _person()
    person[0, 5] = value
    return person


def cases() -> Iterator[Case]:
    for what, people in DETECTORS.items():
        for who in ("largest", "all"):

            def act(place: Place, people: Callable = people, who: str = who) -> None:
                models = Models(Nonsense(people), FakeLifter(), FakeRefiner())
                outputs.run(
                    place.material / "clip.mp4", place.out, Options(person=who), models=models, exports=("bvh", "json")
                )
                check_result(place.out)

            yield Case(AREA, f"a detector of {what}, {who}", act, EITHER, quick=what == "NaN joints")
    for what, change in TRACKS.items():
        yield Case(AREA, f"a track with {what}", lambda p, c=change: _clean(c), RIGHT)
    for what, (ticks, base, rates) in CLOCKS.items():
        yield Case(AREA, f"a clock of {what}", lambda p, t=ticks, b=base, r=rates: _clock(t, b, r), RIGHT)


TRACKS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], None]] = {
    "a NaN joint": lambda k, s, p: k.__setitem__((3, 5), np.nan), "a NaN score": lambda k, s,
    p: s.__setitem__((3, 5), np.nan),
    "an infinite joint": lambda k, s, p: k.__setitem__((3, 5), np.inf), "a huge joint": lambda k, s,
    p: k.__setitem__((3, 5), 1e30),
    "one frame": lambda k, s, p: p.__setitem__(slice(1, None), 0), "no frame": lambda k, s,
    p: p.__setitem__(slice(None), 0),
    "no size": lambda k, s, p: k.__setitem__(slice(None), 7.0), "no scores": lambda k, s,
    p: s.__setitem__(slice(None), 0),
}  # fmt: skip


def _clean(change: Callable[[np.ndarray, np.ndarray, np.ndarray], None]) -> None:
    points, scores = np.repeat(_person(), 20, 0), np.repeat(ONES, 20, 0)
    provenance = np.full(20, Provenance.DETECTED, np.uint8)
    change(points, scores, provenance)
    cleaned = clean(Observation(points, scores, provenance, (160, 120), Fraction(30)))
    present = cleaned.provenance != Provenance.MISSING
    if np.isfinite(points[provenance > 0]).all():
        assert np.isfinite(cleaned.keypoints[present]).all()
    assert np.isfinite(cleaned.scores).all() and len(cleaned.provenance) == 20


CLOCKS: dict[str, tuple[list[int], Fraction, list[Fraction | None]]] = {
    "one tick": ([5], Fraction(1, 1000), [None]), "huge ticks": ([0, 2**62], Fraction(1, 90_000), [Fraction(30)]),
    "a negative origin": ([-(2**40), -(2**40) + 1], Fraction(1, 90_000), [Fraction(25)]),
    "no rate": ([0, 1, 2], Fraction(1, 25), []),
    "a rate of 2^31": ([0, 1, 2], Fraction(1, 25), [Fraction(2**31)]),
    "an odd base": ([0, 1, 2], Fraction(2**31 - 1, 7), [Fraction(1, 10**9)]),
}  # fmt: skip


def _clock(ticks: list[int], base: Fraction, rates: list[Fraction | None]) -> None:
    clock = make_clock(ticks, base, rates)
    assert len(clock.timestamps) == len(ticks) and np.isfinite(clock.timestamps).all() and clock.fps > 0
    assert (np.diff(clock.timestamps) > 0).all()
