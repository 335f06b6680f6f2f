"""Drawn people in coloured clothes before a patterned wall, and a detector that knows where they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from estimators.finding import Sight

SIZE = (320, 240)
RED, BLUE, GREEN, BEIGE, NAVY = (40, 40, 200), (200, 70, 30), (60, 160, 60), (130, 190, 220), (90, 40, 30)
# A standing person of height 1 round the origin, COCO order.
STANDING = np.array(
    [(0, -45), (2, -47), (-2, -47), (4, -46), (-4, -46), (10, -33), (-10, -33), (13, -17), (-13, -17), (14, -2),
     (-14, -2), (6, 2), (-6, 2), (7, 25), (-7, 25), (8, 50), (-8, 50)]
) / 100.0  # fmt: skip


@dataclass
class Figure:
    """Somebody at `x` (N,) pixels, NaN where out of the picture; the arms and legs swing as they walk."""

    x: np.ndarray
    torso: tuple[int, int, int] = RED
    legs: tuple[int, int, int] = BLUE
    height: float = 110.0
    y: float = 130.0
    phase: float = 0.0

    def joints(self, frame: int) -> np.ndarray:
        """(17,2) pixels."""
        points = STANDING.copy()
        swing = 0.12 * np.sin(0.25 * frame + self.phase)
        for left, right, share in ((9, 10, -0.7), (7, 8, -0.4), (15, 16, 1.0), (13, 14, 0.5)):
            points[left, 0] += share * swing
            points[right, 0] -= share * swing
        return points * self.height + [self.x[frame], self.y]

    def draw(self, image: np.ndarray, frame: int) -> None:
        """Into an (H, W, 3) image."""
        joints = np.round(self.joints(frame)).astype(int)
        thick = round(0.12 * self.height)
        for hip, knee, ankle in ((11, 13, 15), (12, 14, 16)):
            cv2.polylines(image, [joints[[hip, knee, ankle]]], False, self.legs, thick)
        cv2.fillConvexPoly(image, joints[[5, 6, 12, 11]], self.torso)
        for side in ((5, 7, 9), (6, 8, 10)):
            cv2.polylines(image, [joints[list(side)]], False, self.torso, thick // 2)
        cv2.circle(image, tuple(int(value) for value in joints[0]), round(0.08 * self.height), (150, 180, 220), -1)


def wall(scene: int = 0) -> np.ndarray:
    """(H, W, 3) uint8: another pattern for each scene."""
    tiles = np.random.default_rng(scene).integers(60, 200, (6, 8, 1), np.uint8)
    return cv2.resize(np.repeat(tiles, 3, axis=2), SIZE, interpolation=cv2.INTER_NEAREST)


@dataclass
class Stage:
    """A video of figures, and the detector that finds them."""

    figures: Sequence[Figure]
    scenes: Sequence[int] = (0,)  # first frame of each
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(3))
    on: int = -1  # the frame that the tracker looks at

    def __len__(self) -> int:
        return len(self.figures[0].x)

    def picture(self, frame: int) -> np.ndarray:
        """(H, W, 3) uint8, a little noisy; its number is in two pixels, for the detector."""
        image = wall(sum(frame >= first for first in self.scenes))
        for figure in self.figures:
            if np.isfinite(figure.x[frame]):
                figure.draw(image, frame)
        image = np.clip(image + self.random.normal(0, 2, image.shape), 0, 255).astype(np.uint8)
        image[0, 0, :2] = divmod(frame, 256)
        return image

    def frames(self) -> Iterator[np.ndarray]:
        """All pictures in order."""
        return (self.picture(frame) for frame in range(len(self)))

    def detect(self, image: np.ndarray) -> Found:
        """Everybody of whom most is in the picture."""
        return self._found([figure for figure in self.figures if self._seen(figure, image)], image)

    def detect_in(self, image: np.ndarray, boxes: np.ndarray, before: np.ndarray | None = None) -> Found:
        """Who is nearest to the middle of each rectangle, and in it."""
        chosen: list[Figure | None] = []
        for box in boxes:
            here = [figure for figure in self.figures if self._seen(figure, image)]
            near = [one for one in here if box[0] < one.x[self._number(image)] < box[2]]
            middle = (box[0] + box[2]) / 2
            chosen.append(min(near, key=lambda one: abs(one.x[self._number(image)] - middle), default=None))
        return self._found(chosen, image)

    def look_closer(self, image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> None:
        """There is no second look."""

    def settle(self, sights: Sequence[Sight]) -> None:
        """The first look stays."""

    @staticmethod
    def _number(image: np.ndarray) -> int:
        return int(image[0, 0, 0]) * 256 + int(image[0, 0, 1])

    def _seen(self, figure: Figure, image: np.ndarray) -> bool:
        x = figure.x[self._number(image)]
        return bool(np.isfinite(x) and -5 < x < SIZE[0] + 5)

    def _found(self, figures: Sequence[Figure | None], image: np.ndarray) -> Found:
        keypoints = np.zeros((len(figures), 17, 2), np.float32)
        scores = np.zeros((len(figures), 17), np.float32)
        for index, figure in enumerate(figures):
            if figure is not None:
                keypoints[index] = figure.joints(self._number(image)) + self.random.normal(0, 0.7, (17, 2))
                scores[index] = 0.8
        return Found(keypoints, scores)


@dataclass
class Found:
    """What the detector gives."""

    keypoints: np.ndarray
    scores: np.ndarray
