"""How the bundled models of mmpose are asked: several pictures of one size in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from estimators.detection import mmpose_shim  # isort: skip  # noqa: F401  must come before mmpose

import numpy as np
import torch
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

Model = Any  # a torch module of mmpose's with `cfg` and `dataset_meta`, which mypy takes for tensors


def ask(model: Model, pictures: Sequence[np.ndarray]) -> list[Any]:
    """What a top-down or one-stage model says of pictures as large as its input.

    mmpose's `inference_topdown` would build its pipeline, of which nothing is needed here, anew for every frame.

    Args:
        pictures: (H, W, 3) uint8 BGR, all of one size.

    Returns:
        For each picture mmpose's `pred_instances`, in pixels of the picture.
    """
    if not pictures:
        return []
    height, width = pictures[0].shape[:2]
    size = np.array([width, height])
    inputs = [torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))) for picture in pictures]
    samples = []
    for _ in pictures:
        sample = PoseDataSample(metainfo={"input_size": size, "input_center": size / 2, "input_scale": size})
        sample.gt_instances = InstanceData(bboxes=np.zeros((1, 4), np.float32), bbox_scores=np.ones(1, np.float32))
        samples.append(sample)
    results = model.test_step({"inputs": inputs, "data_samples": samples})
    return [result.pred_instances for result in results]
