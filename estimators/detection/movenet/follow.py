"""Thunder at work: the joints of people who are known to be somewhere."""

from __future__ import annotations

import numpy as np
import torch

from estimators.boxes import long_side
from estimators.confidence import TRUSTED
from estimators.detection.approaches import Approach, Closer
from estimators.detection.asking import Model, ask
from estimators.detection.detections import Detections
from estimators.detection.movenet.input import crop
from estimators.skeleton import COCO17

# Half the side of the square about the hips in which a person is shown: as MoveNet's publisher has it, in distances of
# the farthest joint of the trunk, or of the body, along x or y.
TRUNK_REACHES, BODY_REACHES = 1.9, 1.2
LEAST_PX = 8.0
OF_RECTANGLE = 0.65  # part of a tracker's rectangle, in which a person is half as large, that Thunder is shown

_SHOULDERS, _HIPS = (
    [COCO17.joints.index(f"{side}_{joint}") for side in ("left", "right")] for joint in ("shoulder", "hip")
)


def square_about(joints: np.ndarray) -> np.ndarray | None:
    """The square in which Thunder is shown a person: about the hips, so large that trunk and body are well inside.

    Args:
        joints: (17,3) x, y pixels and scores, COCO order; only those that are trusted count.

    Returns:
        (4,) xyxy pixels; None if no shoulder or no hip is trusted.
    """
    trusted = joints[:, 2] >= TRUSTED
    if not (trusted[_SHOULDERS].any() and trusted[_HIPS].any()):
        return None
    centre = joints[_HIPS, :2][trusted[_HIPS]].mean(axis=0)
    away = np.where(trusted, np.abs(joints[:, :2] - centre).max(axis=1), 0.0)
    half = max(TRUNK_REACHES * away[_SHOULDERS + _HIPS].max(), BODY_REACHES * away.max(), LEAST_PX)
    return np.concatenate([centre - half, centre + half])


class Thunder:
    """The joints of each person, in a square about where they are expected; `finder` finds people, `closer` is a second
    look."""

    def __init__(self, model: Model, finder: Approach, closer: Closer | None = None) -> None:
        self.model, self.finder, self.closer = model.to(memory_format=torch.channels_last), finder, closer

    def detect(self, image: np.ndarray) -> Detections:
        return self.finder.detect(image)

    def detect_in(self, image: np.ndarray, rectangles: np.ndarray, before: np.ndarray) -> Detections:
        squares = [square_about(joints) for joints in before]
        shown = [
            crop(image, _tightened(rectangle) if square is None else square)
            for square, rectangle in zip(squares, rectangles, strict=True)
        ]
        found = ask(self.model, shown)
        keypoints, scores = (
            np.concatenate([getattr(one, name) for one in found]) for name in ("keypoints", "keypoint_scores")
        )
        return Detections.of(keypoints, scores, scores.mean(axis=1))


def _tightened(rectangle: np.ndarray) -> np.ndarray:
    middle, half = (rectangle[:2] + rectangle[2:]) / 2, OF_RECTANGLE * long_side(rectangle) / 2
    return np.concatenate([middle - half, middle + half])
