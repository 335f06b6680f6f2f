"""2D tracks: one person's joints over all frames of a video, with where each frame came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from fractions import Fraction

import numpy as np

from estimators.skeleton import COCO17, H36M17, Skeleton, coco_to_h36m


class Provenance(IntEnum):
    """Where a frame's pose comes from."""

    MISSING = 0  # the person is not seen; coordinates are NaN
    INTERPOLATED = 1  # a short gap between two detections, filled
    DETECTED = 2


@dataclass(frozen=True)
class Track2D:
    """One person over the N frames of a video.

    Attributes:
        id: stable over the clip, from 0 in order of first appearance.
        keypoints: (N, 17, 2) float32 pixels (x right, y down, origin at the top-left corner); NaN where missing.
        scores: (N, 17) float32 confidences, 0 where missing.
        provenance: (N,) uint8 values of `Provenance`.
        fps: frames per second, as the stream states it.
        image_size: (width, height) pixels.
        skeleton: the order of the joints.
    """

    id: int
    keypoints: np.ndarray
    scores: np.ndarray
    provenance: np.ndarray
    fps: Fraction
    image_size: tuple[int, int]
    skeleton: Skeleton = COCO17

    def to_h36m(self) -> Track2D:
        """The same track with Human3.6M-17 joints."""
        if self.skeleton is H36M17:
            return self
        keypoints, scores = coco_to_h36m(self.keypoints, self.scores)
        return replace(self, keypoints=keypoints, scores=scores, skeleton=H36M17)
