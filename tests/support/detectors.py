"""A picture of two people and one of nobody, what every answer is like, and checkpoints of mmpose's models."""

from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.logging import MessageHub

from estimators.detection import Detections, loading, zoo
from tests.support.recorded import RENDERED

IMAGE = cv2.imread(str(RENDERED[384]))
NOBODY = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8), (0, 0), 8)


def rectangles_round(people: Detections) -> np.ndarray:
    """(M, 4): squares twice as large as the people."""
    middles = (people.boxes[:, :2] + people.boxes[:, 2:]) / 2
    sides = (people.boxes[:, 2:] - people.boxes[:, :2]).max(axis=1, keepdims=True)
    return np.concatenate([middles - sides, middles + sides], axis=1)


def assert_well_formed(people: Detections, count: int) -> None:
    """Shapes, types and ranges of the detections of so many people."""
    shapes = [(count, 17, 2), (count, 17), (count, 4), (count,)]
    for array, shape in zip((people.keypoints, people.scores, people.boxes, people.person_scores), shapes, strict=True):
        assert array.shape == shape and array.dtype == np.float32 and np.all(np.isfinite(array))
    for scores in (people.scores, people.person_scores):
        assert np.all((scores >= 0) & (scores <= 1))


def config_of(alias: str) -> Path:
    """The config in the installed mmpose."""
    found = zoo.find(alias)
    assert found is not None
    return found.config


def save_checkpoint(path: Path, config: Path) -> Path:
    """Random weights of a model, in a file as mmengine writes it."""
    torch.manual_seed(0)
    model = loading.build(config)
    hub = MessageHub("test")
    hub.update_scalar("train/loss", np.float64(0.5))
    hub.update_info("scales", np.arange(3, dtype=np.float32))
    content = {"meta": {"epoch": 1, "dataset_meta": model.dataset_meta}, "state_dict": model.state_dict()}
    torch.save({**content, "message_hub": hub.state_dict(), "best": np.float32(0.25)}, path)
    return path
