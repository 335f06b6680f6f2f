"""People whose places are known, and the detector that finds them: what a tracker makes of both can be measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from estimators.finding import Sight
from estimators.observation import Observation, Provenance
from estimators.tracking.tracker import track_people
from tests.support.drawn import STANDING, Found

SIZE = (640, 360)  # pixels
FPS = Fraction(30)


@dataclass
class Actor:
    """Somebody whose place is known: `path` (N,2) pixels of the body's centre, `seen` the frames in view."""

    path: np.ndarray
    seen: np.ndarray
    height: float = 120.0
    score: float = 0.8
    colour: tuple[int, int, int] = (40, 40, 200)

    def joints(self, frame: int) -> np.ndarray:
        """(17,2) pixels."""
        return STANDING * self.height + self.path[frame]


@dataclass
class World:
    """Draws the actors and plays the detector that finds them, in random order, with a pixel of noise.

    The number of the frame is written into its corner pixel, so that the detector knows what is to be seen in it.
    """

    actors: list[Actor]
    length: int
    scenes: list[int] = field(default_factory=lambda: [0])  # first frame of each
    whole_frame_blind: frozenset[int] = frozenset()
    full: int = 0
    rectangles: list[np.ndarray] = field(default_factory=list)
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def frames(self) -> Iterator[np.ndarray]:
        """(360,640,3) uint8 BGR, one after the other."""
        for number in range(self.length):
            scene = sum(number >= first for first in self.scenes)
            coarse = np.random.default_rng(scene).integers(30, 220, (6, 8, 1), np.uint8)
            image = np.ascontiguousarray(np.kron(coarse, np.ones((60, 80, 3), np.uint8)))
            for actor in self.actors:
                if actor.seen[number]:
                    x0, y0 = np.clip(actor.joints(number)[5:13].min(axis=0), 0, None).astype(int)
                    x1, y1 = np.clip(actor.joints(number)[5:13].max(axis=0), 0, None).astype(int)
                    image[y0:y1, x0:x1] = actor.colour
            image[0, 0, :2] = divmod(number, 256)
            yield image

    def detect(self, image: np.ndarray) -> Found:
        """Everybody who is in view of the whole frame."""
        self.full += 1
        number = int(image[0, 0, 0]) * 256 + int(image[0, 0, 1])
        here = [] if number in self.whole_frame_blind else [a for a in self.actors if a.seen[number]]
        return self._found([here[i] for i in self.random.permutation(len(here))], number)

    def detect_in(self, image: np.ndarray, boxes: np.ndarray, before: np.ndarray | None = None) -> Found:
        """Whoever is nearest to the middle of each of (M,4) rectangles."""
        number = int(image[0, 0, 0]) * 256 + int(image[0, 0, 1])
        self.rectangles += list(boxes.copy())
        chosen: list[Actor | None] = []
        for box in boxes:
            inside = [
                a
                for a in self.actors
                if a.seen[number] and np.all((a.path[number] > box[:2]) & (a.path[number] < box[2:]))
            ]
            centre = (box[:2] + box[2:]) / 2
            chosen.append(min(inside, key=lambda a: np.linalg.norm(a.path[number] - centre), default=None))
        return self._found(chosen, number)

    def look_closer(self, image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> None:
        """There is no second look."""

    def settle(self, sights: Sequence[Sight]) -> None:
        """The first look stays."""

    def _found(self, actors: Sequence[Actor | None], number: int) -> Found:
        keypoints = np.zeros((len(actors), 17, 2), np.float32)
        scores = np.zeros((len(actors), 17), np.float32)
        for i, actor in enumerate(actors):
            if actor is not None:
                keypoints[i] = actor.joints(number) + self.random.normal(0, 1, (17, 2))
                scores[i] = np.clip(actor.score + self.random.normal(0, 0.03, 17), 0, 1)
        return Found(keypoints, scores)

    def track(self, **options: Any) -> list[Observation]:
        """The tracks of `track_people`, which are well formed whatever they show."""
        tracks = track_people(self.frames(), self, FPS, SIZE, **options)
        for number, track in enumerate(tracks):
            missing = track.provenance == Provenance.MISSING
            assert track.id == number
            assert track.keypoints.shape == (self.length, 17, 2) and track.keypoints.dtype == np.float32
            assert np.isfinite(track.scores).all() and track.scores.min() >= 0 and track.scores.max() <= 1
            assert np.array_equal(np.isnan(track.keypoints).any(axis=(1, 2)), missing)
            assert not track.scores[missing].any()
        return tracks


def line(start: Any, end: Any, length: int = 90) -> np.ndarray:
    """(length, ...): evenly from one place to the other."""
    return np.linspace(start, end, length)


def always(length: int = 90) -> np.ndarray:
    """In view in every frame."""
    return np.ones(length, bool)


def off(track: Observation, actor: Actor) -> float:
    """Greatest distance in pixels of a track from an actor, over the frames it has."""
    truth = np.stack([actor.joints(number) for number in range(len(actor.path))])
    return float(np.nanmax(np.linalg.norm(track.keypoints - truth, axis=-1).mean(axis=1)))


def owner(track: Observation, actors: list[Actor]) -> Actor:
    """Whom a track follows: the one it is nearest to."""
    return min(actors, key=lambda actor: off(track, actor))
