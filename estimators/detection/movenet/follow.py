"""Thunder at work: the joints of people who are known to be somewhere."""

from __future__ import annotations

import numpy as np
import torch

from estimators.boxes import long_side
from estimators.confidence import TRUSTED
from estimators.detection.asking import Model, Shown, ask
from estimators.detection.detections import Detections
from estimators.detection.movenet.input import CROP_PX, crop
from estimators.skeleton import COCO17

# Half the side of the square about the hips in which a person is shown: as MoveNet's publisher has it, in distances of
# the farthest joint of the trunk, or of the body, along x or y.
TRUNK_REACHES, BODY_REACHES = 1.9, 1.2
LEAST_PX = 8.0
LEANS_DEG = 45.0  # from upright, from which a person is shown turned
OF_RECTANGLE = 0.65  # part of a tracker's rectangle, in which a person is half as large, that Thunder is shown

_SHOULDERS, _HIPS = COCO17.pair("shoulder"), COCO17.pair("hip")


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


def quarters_about(joints: np.ndarray) -> int:
    """By how many quarters counterclockwise a picture is to be turned so that a person stands in it: 0 to 3.

    Thunder knows people who stand; of those upside down it makes nearly nothing.

    Args:
        joints: (17,3) x, y pixels and scores, COCO order; no turn where shoulders or hips are not trusted.
    """
    trusted = joints[:, 2] >= TRUSTED
    if not (trusted[_SHOULDERS].any() and trusted[_HIPS].any()):
        return 0
    shoulders, hips = (joints[pair, :2][trusted[pair]].mean(axis=0) for pair in (_SHOULDERS, _HIPS))
    up = shoulders - hips
    lean = float(np.degrees(np.arctan2(up[0], -up[1])))  # clockwise, y points down
    return 0 if abs(lean) < LEANS_DEG else round(lean / 90) % 4


class Thunder:
    """The joints of each person, in a square about where they are expected."""

    def __init__(self, model: Model) -> None:
        self.model = model.to(memory_format=torch.channels_last)

    def look(self, image: np.ndarray, rectangles: np.ndarray, before: np.ndarray) -> Detections:
        """People as in `Approach.detect_in`."""
        parts = [
            crop(image, _tightened(rectangle) if (square := square_about(joints)) is None else square)
            for rectangle, joints in zip(rectangles, before, strict=True)
        ]
        # Who leans is shown both ways: a trunk that was mistaken once must not stay so.
        ways = [(who, turn) for who, joints in enumerate(before) for turn in sorted({0, quarters_about(joints)})]
        found = ask(self.model, [Shown(np.rot90(parts[who].pixels, turn)) for who, turn in ways])
        best: dict[int, int] = {}
        for way, (who, _) in enumerate(ways):
            if who not in best or found[way].keypoint_scores.mean() > found[best[who]].keypoint_scores.mean():
                best[who] = way
        keypoints = [
            _turned_back(found[best[who]].keypoints[0], ways[best[who]][1]) * part.scale + part.corner
            for who, part in enumerate(parts)
        ]
        scores = np.stack([found[best[who]].keypoint_scores[0] for who in range(len(parts))])
        return Detections.of(np.stack(keypoints), scores, scores.mean(axis=1))


def _turned_back(points: np.ndarray, quarters: int) -> np.ndarray:
    """(N,2) pixels of a crop that was turned by so many quarters counterclockwise, in the crop as it was."""
    for _ in range(quarters):
        points = np.stack([CROP_PX - points[:, 1], points[:, 0]], axis=1)
    return points


def _tightened(rectangle: np.ndarray) -> np.ndarray:
    middle, half = (rectangle[:2] + rectangle[2:]) / 2, OF_RECTANGLE * long_side(rectangle) / 2
    return np.concatenate([middle - half, middle + half])
