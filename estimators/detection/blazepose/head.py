"""What BlazePose's networks put out, and its decoding: landmarks refined by their heat maps,
world landmarks, scores."""

from __future__ import annotations

from typing import Any, NamedTuple

from estimators.detection import mmpose_shim  # isort: skip  # noqa: F401  must come before mmpose

import torch
from mmengine.structures import InstanceData
from mmpose.models.heads.base_head import BaseHead
from mmpose.registry import MODELS
from torch import Tensor, nn

from estimators.detection.blazepose.network import LANDMARKS, LATERAL, TRUNK, Trunk
from estimators.detection.blazepose.region import INPUT_PX

BODY = 33  # landmarks of the body; the others tell the network's next region
WINDOW = 7  # cells, of the heat map around a landmark
TRUSTED_PEAK = 0.5  # of the heat map in that window; below, the landmark stays where the trunk has put it


class BlazePoseMaps(NamedTuple):
    """What the head puts out."""

    landmarks: Tensor  # (B,39,5): x, y in network pixels, z in the same units, logits of visibility and presence
    flag: Tensor  # (B,) in 0..1: whether there is a person
    heatmap: Tensor  # (B,39,64,64) logits
    world: Tensor  # (B,39,3) metres from the hips' middle: x right, y down, z away from the camera


def refine(landmarks: Tensor, heatmap: Tensor) -> tuple[Tensor, Tensor]:
    """Move each landmark to the centre of mass of its heat map's 7 x 7 cells around it, if the map has a peak there.

    Args:
        landmarks: (B,L,2) x, y in network pixels.
        heatmap: (B,L,H,W) logits.

    Returns:
        (B,L,2) x, y, and (B,L) the peaks in 0..1: how sure the landmark is.
    """
    batch, count, height, width = heatmap.shape
    half = WINDOW // 2
    scale = landmarks.new_tensor([width / INPUT_PX, height / INPUT_PX])
    cell = (landmarks * scale).trunc().long()  # (B, L, 2)
    inside = ((cell >= 0) & (cell < cell.new_tensor([width, height]))).all(dim=2)
    steps = torch.arange(-half, half + 1, device=heatmap.device)
    columns, rows = cell[..., :1] + steps, cell[..., 1:] + steps  # each (B, L, 7)
    there = ((rows >= 0) & (rows < height))[..., :, None] & ((columns >= 0) & (columns < width))[..., None, :]
    flat = rows.clamp(0, height - 1)[..., :, None] * width + columns.clamp(0, width - 1)[..., None, :]
    weight = heatmap.flatten(2).gather(2, flat.flatten(2)).sigmoid().reshape(batch, count, WINDOW, WINDOW) * there
    total = weight.sum(dim=(2, 3)).clamp(min=1e-12)
    x = (weight.sum(dim=2) * columns).sum(dim=2) / total
    y = (weight.sum(dim=3) * rows).sum(dim=2) / total
    peak = weight.amax(dim=(2, 3)) * inside
    refined = torch.stack([x, y], dim=2) / scale
    return torch.where((peak >= TRUSTED_PEAK)[..., None], refined, landmarks), peak


@MODELS.register_module()
class BlazePoseHead(BaseHead):
    """Heat maps from the finest map, landmarks and world landmarks from the trunk."""

    picture = ("people", 3, INPUT_PX, INPUT_PX)  # see `estimators.detection.engine`

    def __init__(self, size: str, init_cfg: dict[str, Any] | None = None):
        super().__init__(init_cfg=init_cfg)
        self.heatmap = nn.Conv2d(LATERAL, LANDMARKS, 1)
        self.trunk = Trunk(size)
        self.landmarks = nn.Conv2d(TRUNK, 5 * LANDMARKS, 2)
        self.world = nn.Conv2d(TRUNK, 3 * LANDMARKS, 2)
        self.flag = nn.Conv2d(TRUNK, 1, 2)

    def forward(self, feats: tuple[Tensor, ...]) -> BlazePoseMaps:
        x = self.trunk(feats)
        return BlazePoseMaps(
            landmarks=self.landmarks(x).reshape(-1, LANDMARKS, 5),
            flag=self.flag(x).sigmoid().flatten(),
            heatmap=self.heatmap(feats[0]),
            world=self.world(x).reshape(-1, LANDMARKS, 3),
        )

    def predict(self, feats: Any, batch_data_samples: Any, test_cfg: Any = None) -> list[InstanceData]:
        """The person in each image, in network pixels.

        Returns:
            For each image, InstanceData of one person: keypoints (1,33,2), keypoint_scores (1,33), the heat maps'
            peaks, keypoints_3d (1,33,3) metres from the hips' middle in the axes of the picture that was shown (x
            right, y down, z away from the camera), person_scores (1,) in 0..1, whether somebody is there at all, numpy
            float32.
        """
        maps = self.forward(feats)
        keypoints, peaks = refine(maps.landmarks[:, :BODY, :2], maps.heatmap[:, :BODY])
        each = zip(keypoints.cpu(), peaks.cpu(), maps.world[:, :BODY].cpu(), maps.flag.cpu(), strict=True)
        return [
            InstanceData(
                keypoints=joints[None].numpy(),
                keypoint_scores=scores[None].numpy(),
                keypoints_3d=world[None].numpy(),
                person_scores=flag[None].numpy(),  # mmpose overwrites bbox_scores
            )
            for joints, scores, world, flag in each
        ]

    def loss(self, feats: Any, batch_data_samples: Any, train_cfg: Any = None) -> dict[str, Tensor]:
        raise NotImplementedError("BlazePose is ported for inference only.")
