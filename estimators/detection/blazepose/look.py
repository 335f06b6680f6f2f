"""How BlazePose is asked: about people whom another detector has found in the same picture, all in one batch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from estimators.detection.asking import Model, Shown, ask
from estimators.detection.blazepose.landmarks import to_coco, to_h36m
from estimators.detection.blazepose.region import Region, region_of
from estimators.detection.detections import Detections

PERSON = 0.5  # of the network's word for it that somebody is there: below, nobody is


class BlazePose:
    """BlazePose's landmark network, ready to be asked.

    Args:
        model: mmpose's `TopdownPoseEstimator` of `heavy_config.py` or `full_config.py`, with its weights.
    """

    def __init__(self, model: Model) -> None:
        self.model = model.to(memory_format=torch.channels_last)

    def look(self, image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> Detections:
        """People whom another detector has found in the same picture, as BlazePose sees them.

        In hard poses (a back to the camera, legs that cross, somebody upside down) BlazePose takes left limbs for right
        ones in one frame of five to ten, see `relabelling`.

        Args:
            image: (H,W,3) uint8 BGR.
            keypoints: (M,17,2) pixels of the image, COCO order: where that one sees them.
            scores: (M,17) how sure that is.

        Returns:
            The same M people in pixels of the image, with `poses_3d`; all scores of a person are 0, and the pose in
            3D is NaN, if nobody is seen.
        """
        size = (image.shape[1], image.shape[0])
        regions = [region_of(joints, sure, size) for joints, sure in zip(keypoints, scores, strict=True)]
        found = _nobody(keypoints)
        there = [number for number, region in enumerate(regions) if region is not None]
        shown = [region for region in regions if region is not None]
        told_of = ask(self.model, [Shown(region.cut_out(image)) for region in shown])
        for number, region, told in zip(there, shown, told_of, strict=True):
            _put(found, number, region, told)
        return found


def _nobody(keypoints: np.ndarray) -> Detections:
    """Room for M people, of whom nothing is seen."""
    count = len(keypoints)
    nothing = Detections.of(keypoints, np.zeros((count, 17)), np.zeros(count))
    return replace(
        nothing,
        keypoints=nothing.keypoints.copy(),
        poses_3d=np.full((count, 17, 3), np.nan, np.float32),
        poses_3d_scores=np.zeros((count, 17), np.float32),
    )


def _put(found: Detections, number: int, region: Region, told: Any) -> None:
    """Write what was seen in a square into place `number` of `found`; `told` as `head.BlazePoseHead.predict` says."""
    flag = float(told.person_scores[0])
    joints, peaks = told.keypoints[0], told.keypoint_scores[0]
    if flag < PERSON or not (np.isfinite(joints).all() and np.isfinite(told.keypoints_3d).all()):
        return
    keypoints, scores = to_coco(region.to_picture(joints), peaks)
    assert found.poses_3d is not None and found.poses_3d_scores is not None
    pose, pose_scores = to_h36m(region.turned_back(told.keypoints_3d[0]), peaks)
    seen = Detections.of(keypoints[None], scores[None], np.array([flag]))
    found.keypoints[number], found.scores[number] = seen.keypoints[0], seen.scores[0]
    found.boxes[number], found.person_scores[number] = seen.boxes[0], seen.person_scores[0]
    found.poses_3d[number], found.poses_3d_scores[number] = pose, pose_scores
