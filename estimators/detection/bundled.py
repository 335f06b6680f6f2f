"""The bundled detectors, put together from their networks: MultiPose finds, Thunder follows, BlazePose looks closer."""

from __future__ import annotations

import numpy as np

from estimators.detection.approaches import Approach
from estimators.detection.asking import Model
from estimators.detection.blazepose.look import BlazePose
from estimators.detection.detections import Detections
from estimators.detection.fusion import fused
from estimators.detection.movenet.find import MultiPose
from estimators.detection.movenet.follow import Thunder
from estimators.detection.networks import FUSED


class SecondLook:
    """BlazePose where Thunder's joints of the same frame are: alone, or fused with them."""

    def __init__(self, model: Model, alone: bool) -> None:
        self.blazepose, self.alone = BlazePose(model), alone

    def __call__(self, image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> Detections:
        seen = self.blazepose.look(image, keypoints, scores)
        return seen if self.alone else fused(Detections.of(keypoints, scores, scores.mean(axis=1)), seen)


def looking(name: str, multipose: Model, thunder: Model | None = None, blazepose: Model | None = None) -> Approach:
    """The approach of one of `networks.BUNDLED`, made of its networks."""
    finder = MultiPose(multipose)
    if thunder is None:
        return finder
    return Thunder(thunder, finder, None if blazepose is None else SecondLook(blazepose, alone=name != FUSED))
