"""Stand-ins for the networks, so that the pipeline's own work can be tested in milliseconds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.models import Models
from app.options import Options
from estimators.errors import WeightsError
from estimators.finding import Sight
from estimators.observation import Observation
from estimators.skeleton import COCO17
from refiner.refiner import Refined

# A standing person in COCO order, in units of its own height, from the top of the head (0) to the ankles (1).
_STANDING = {
    "nose": (0, 0.06), "left_eye": (0.02, 0.04), "right_eye": (-0.02, 0.04), "left_ear": (0.04, 0.05),
    "right_ear": (-0.04, 0.05), "left_shoulder": (0.11, 0.18), "right_shoulder": (-0.11, 0.18),
    "left_elbow": (0.14, 0.35), "right_elbow": (-0.14, 0.35), "left_wrist": (0.15, 0.5), "right_wrist": (-0.15, 0.5),
    "left_hip": (0.07, 0.52), "right_hip": (-0.07, 0.52), "left_knee": (0.07, 0.75), "right_knee": (-0.07, 0.75),
    "left_ankle": (0.07, 1.0), "right_ankle": (-0.07, 1.0),
}  # fmt: skip
STANDING = np.array([_STANDING[name] for name in COCO17.joints])


def pictures(present: list[bool], width: int = 160, height: int = 120) -> Iterator[np.ndarray]:
    """Frames with a bright background while somebody is there, and a dark one otherwise."""
    for there in present:
        yield np.full((height, width, 3), 200 if there else 20, np.uint8)


@dataclass
class Found:
    keypoints: np.ndarray
    scores: np.ndarray


class FakeDetector:
    """Finds a standing person in the middle of every bright frame."""

    def detect(self, image: np.ndarray) -> Found:
        height, width = image.shape[:2]
        if image.mean() < 100:
            return Found(np.empty((0, 17, 2), np.float32), np.empty((0, 17), np.float32))
        size = 0.7 * min(height, width)
        points = STANDING * size + [width / 2, height / 2 - size / 2]
        return Found(points[None].astype(np.float32), np.full((1, 17), 0.9, np.float32))

    def detect_in(self, image: np.ndarray, boxes: np.ndarray, before: np.ndarray | None = None) -> Found:
        found = self.detect(image)
        if len(found.scores):
            return Found(np.repeat(found.keypoints, len(boxes), 0), np.repeat(found.scores, len(boxes), 0))
        return Found(np.zeros((len(boxes), 17, 2), np.float32), np.zeros((len(boxes), 17), np.float32))

    def look_closer(self, image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> None:
        """There is no second look."""

    def settle(self, sights: Sequence[Sight]) -> None:
        """The first look stays."""

    def description(self) -> dict[str, Any]:
        return {"name": "fake-detector"}


class FakeLifter:
    """Flat people: x and y from the pixels, a height of 1.6 m, z from the frame's number within the stretch."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def lift(
        self,
        observed: Observation,
        flip: bool = True,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> np.ndarray:
        keypoints = observed.keypoints
        assert np.isfinite(keypoints).all() and len(keypoints) > 0
        self.lengths.append(len(keypoints))
        scale = 1.6 / np.ptp(keypoints[..., 1], axis=1).mean()
        poses = np.zeros((*keypoints.shape[:2], 3), np.float32)
        poses[..., :2] = (keypoints - keypoints[:, :1]) * scale
        poses[:, 1:, 2] = 0.01 * np.sin(np.arange(len(keypoints)))[:, None]
        if on_progress:
            on_progress(1, 2)
            on_progress(2, 2)
        return poses

    def description(self) -> dict[str, Any]:
        return {"name": "fake-lifter"}


class FakeRefiner:
    """Takes away the z that the lifter made up."""

    def refine(
        self,
        observed: Observation,
        lifted: np.ndarray,
        steps: int = 2,
        guided: bool = True,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Refined:
        assert observed.focal and observed.focal > 0
        assert observed.scored and observed.scores.shape == lifted.shape[:2]
        assert np.isfinite(lifted).all() and observed.keypoints.shape[:2] == lifted.shape[:2]
        sigma = np.full(lifted.shape[:2], 0.02, np.float32)
        return Refined(lifted * np.array([1, 1, 0], np.float32), sigma, 0 * lifted[..., :2])

    def description(self) -> dict[str, Any]:
        return {"name": "fake-refiner"}


def fake_models(refine: bool = True) -> Models:
    return Models(FakeDetector(), FakeLifter(), FakeRefiner() if refine else None)


def use(patch: pytest.MonkeyPatch, models: Callable[[], Models]) -> None:
    """Whatever loads networks, all or one alone, gets those of `models()`."""
    for part in ("detector", "lifter", "refiner"):
        load = staticmethod(lambda options, part=part: getattr(models(), part))
        patch.setattr(Models, f"load_{part}", load)


def load_fakes(options: Options) -> Models:
    """What `Models.load` would do; importable in worker processes."""
    return fake_models(options.refine)


def load_noting(options: Options) -> Models:
    """A line in the file that `options.detector` names for every loading: the process, torch's and OpenCV's threads."""
    import cv2
    import torch

    with open(options.detector, "a") as file:
        file.write(f"{os.getpid()} {torch.get_num_threads()} {cv2.getNumThreads()}\n")
    return fake_models(options.refine)


class DyingDetector(FakeDetector):
    """Kills its process on grey frames, as the system does when memory runs out; if told of a file, until it exists."""

    def __init__(self, once: str) -> None:
        self.once = Path(once) if once else None

    def detect(self, image: np.ndarray) -> Found:
        if 100 < image.mean() < 150 and not (self.once and self.once.exists()):
            if self.once:
                self.once.touch()
            os._exit(9)
        return super().detect(np.full_like(image, 200))


def load_dying(options: Options) -> Models:
    """Models with a detector that dies; `options.detector` names the file that stops it."""
    once = "" if options.detector == Options().detector else options.detector
    return Models(DyingDetector(once), FakeLifter(), FakeRefiner())


def load_nothing(options: Options) -> Models:
    """Networks that cannot be had."""
    raise WeightsError("These weights are damaged.")
