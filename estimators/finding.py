"""What is asked of what finds people in pictures, apart from the detectors, whose libraries take seconds to load."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Found(Protocol):
    """M people: keypoints (M,17,2) pixels in COCO order, scores (M,17)."""

    @property
    def keypoints(self) -> np.ndarray: ...
    @property
    def scores(self) -> np.ndarray: ...


class PersonDetector(Protocol):
    """What tracking needs of a detector; see `estimators.detection.detector.Detector`."""

    def detect(self, image: np.ndarray, /) -> Found:
        """People of a whole (H, W, 3) uint8 BGR frame."""

    def detect_in(self, image: np.ndarray, boxes: np.ndarray, before: np.ndarray, /) -> Found:
        """The person inside each of (M, 4) rectangles, in the same order; scores 0 where nobody is.

        `before` (M, 17, 3) are their joints as they are expected: x, y pixels and scores, 0 where nobody knows.
        """
