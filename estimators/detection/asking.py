"""How the bundled models of mmpose are asked: several parts of a picture in one batch.

mmpose's `inference_topdown` and `inference_bottomup` do the same, but build the config's pipeline anew for every frame,
which takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from estimators.detection import mmpose_shim  # isort: skip  # noqa: F401  must come before mmpose

import numpy as np
import torch
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

Model = Any  # a torch module of mmpose's with `cfg` and `dataset_meta`, which mypy takes for tensors


@dataclass(frozen=True)
class Shown:
    """What a network is shown, and where that is in the picture it was taken from.

    Attributes:
        pixels: (H,W,3) uint8 BGR.
        corner: (2,) x, y of its top-left corner in the picture.
        scale: (2,) pixels of the picture per pixel, along x and y.
    """

    pixels: np.ndarray
    corner: np.ndarray = field(default_factory=lambda: np.zeros(2))
    scale: np.ndarray = field(default_factory=lambda: np.ones(2))

    @property
    def metainfo(self) -> dict[str, np.ndarray]:
        """The same in mmpose's words, with which its estimators map joints back."""
        size = np.array(self.pixels.shape[1::-1])
        scale = size * self.scale
        return {"input_size": size, "input_scale": scale, "input_center": self.corner + scale / 2}


def ask(model: Model, shown: Sequence[Shown]) -> list[Any]:
    """What a top-down or one-stage model says of parts of a picture, all of one size.

    Returns:
        For each part mmpose's `pred_instances`, in pixels of the picture.
    """
    if not shown:
        return []
    inputs = [torch.from_numpy(np.ascontiguousarray(part.pixels.transpose(2, 0, 1))) for part in shown]
    results = model.test_step({"inputs": inputs, "data_samples": [_sample(part) for part in shown]})
    return [result.pred_instances for result in results]


def _sample(part: Shown) -> PoseDataSample:
    sample = PoseDataSample(metainfo=part.metainfo)
    # top-down estimators want to know a person's box, and hand it on
    sample.gt_instances = InstanceData(bboxes=np.zeros((1, 4), np.float32), bbox_scores=np.ones(1, np.float32))
    return sample
