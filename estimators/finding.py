"""What is asked of what finds people in pictures, apart from the detectors, whose libraries take seconds to load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class Found(Protocol):
    """M people: keypoints (M,17,2) pixels in COCO order, scores (M,17)."""

    @property
    def keypoints(self) -> np.ndarray: ...
    @property
    def scores(self) -> np.ndarray: ...


def picture_pose(found: Found, number: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """What a detector has read of somebody's pose in 3D from the picture itself, (17,3), and how sure it is, (17,).

    Detectors that read some have `poses_3d` and `poses_3d_scores`, as `estimators.detection.detections.Detections` has;
    of the others, and where nothing was read, both are None.
    """
    poses, scores = getattr(found, "poses_3d", None), getattr(found, "poses_3d_scores", None)
    if poses is None or scores is None or not np.isfinite(poses[number]).all():
        return None, None
    return np.asarray(poses[number], np.float32), np.clip(np.asarray(scores[number], np.float32), 0, 1)


@dataclass(frozen=True)
class Sight:
    """What has been seen of one person in one frame.

    Attributes:
        frame: counted in looks of the detector.
        first: (17,3) x, y pixels and scores, as `detect_in` has given the joints.
        closer: what `look_closer` has given of the person; None of a detector that looks but once.
        whole: (17,3) the same as `detect` has given them; None where the whole frame was not searched.
    """

    frame: int
    first: np.ndarray
    closer: Any = None
    whole: np.ndarray | None = None


class PersonDetector(Protocol):
    """What tracking needs of a detector; see `estimators.detection.detector.Detector`."""

    def detect(self, image: np.ndarray, /) -> Found:
        """People of a whole (H, W, 3) uint8 BGR frame."""

    def detect_in(self, image: np.ndarray, boxes: np.ndarray, before: np.ndarray, /) -> Found:
        """The person inside each of (M, 4) rectangles, in the same order; scores 0 where nobody is.

        `before` (M, 17, 3) are their joints as they are expected: x, y pixels and scores, 0 where nobody knows.
        """

    def look_closer(self, image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray, /) -> Sequence[Any] | None:
        """A second look, slower and better, at M people of a frame: what is seen of each, for `settle`.

        They are where (M, 17, 2) keypoints with (M, 17) scores of the first look are. None: there is no second look.
        Called from a thread of its own.
        """

    def settle(self, sights: Sequence[Sight], /) -> Found | None:
        """What all that was seen of one person comes to: a pose for each sight, in order of time.

        Left and right, which a detector may mistake in any single frame, are told by all. None: the first look stays.
        """
