"""MoveNet as mmpose models: backbone, neck and the heads of MultiPose Lightning and Thunder, in mmpose's registry.

Exact ports of Google's float16 files (Apache-2.0). Batch normalisation is folded into the convolutions there, so that
every layer here has a bias instead. `movenet_decode` and `thunder_decode` turn the heads' maps into people. The layers'
order of definition is the order of the originals' operators, which the conversions rely on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from estimators.detection import mmpose_shim  # isort: skip  # noqa: F401  must come before mmpose

import torch
from mmengine.structures import InstanceData
from mmpose.models.backbones.base_backbone import BaseBackbone
from mmpose.models.heads.base_head import BaseHead
from mmpose.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from estimators.detection.movenet import thunder
from estimators.detection.movenet.multipose import STRIDE, HeadMaps, decode


@dataclass(frozen=True)
class Width:
    """A MobileNetV2: channels of its stem and of what follows it, and (output channels,
    stride) of its blocks 1 to 16."""

    stem: int
    first: int
    blocks: tuple[tuple[int, int], ...]

    @property
    def taps(self) -> dict[int, int]:
        """block: channels, at strides 4, 8, 16; the last convolution (stride 32) is the fourth tap."""
        return {number: self.blocks[number - 1][0] for number in TAPS}


WIDTHS = {
    1.5: Width(  # MultiPose Lightning
        48,
        24,
        (
            (40, 2),
            (40, 1),
            (48, 2),
            *[(48, 1)] * 2,
            (96, 2),
            *[(96, 1)] * 3,
            *[(144, 1)] * 3,
            (240, 2),
            *[(240, 1)] * 2,
            (480, 1),
        ),
    ),
    1.75: Width(  # Thunder
        56,
        32,
        (
            (40, 2),
            (40, 1),
            (56, 2),
            *[(56, 1)] * 2,
            (112, 2),
            *[(112, 1)] * 3,
            *[(168, 1)] * 3,
            (280, 2),
            *[(280, 1)] * 2,
            (560, 1),
        ),
    ),
}
LAST_CHANNELS = 1280
EXPANSION = 6
TAPS = (2, 5, 9)
LATERALS = (24, 32, 64, 64)  # channels of the pyramid, fine to coarse
FEATURES, HIDDEN, JOINTS = 24, 96, 17
HEAD_CHANNELS = {
    "box_offset": 2,
    "box_scale": 2,
    "center": 1,
    "heatmap": JOINTS,
    "joint_offset": 2 * JOINTS,
    "joint_regression": 2 * JOINTS,
}


# in the order of the original's operators
THUNDER_CHANNELS = {"heatmap": JOINTS, "joint_regression": 2 * JOINTS, "center": 1, "joint_offset": 2 * JOINTS}


def _relu6(x: Tensor) -> Tensor:
    """In place, which is three times as fast; nothing else reads what a convolution has put out."""
    return F.relu6(x, inplace=True)


class SameConv(nn.Conv2d):
    """Convolution with TensorFlow's SAME padding of even-sized inputs: with stride 2, bottom and right only."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, bias: bool = True):
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] == 2:
            x = F.pad(x, (0, 1, 0, 1))
        return super().forward(x)


class InvertedResidual(nn.Module):
    """MobileNetV2's block: expand, filter each channel, project; with a shortcut where the shape stays."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        hidden = inputs * EXPANSION
        self.expand = SameConv(inputs, hidden)
        self.depthwise = SameConv(hidden, hidden, 3, stride, groups=hidden)
        self.project = SameConv(hidden, outputs)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(_relu6(self.depthwise(_relu6(self.expand(x)))))
        return x + y if self.shortcut else y


class Separable(nn.Sequential):
    """3x3 on each channel (no bias, no activation), then 1x1 and ReLU."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.depthwise = SameConv(inputs, inputs, 3, groups=inputs, bias=False)
        self.pointwise = SameConv(inputs, outputs)
        self.activation = nn.ReLU(inplace=True)


@MODELS.register_module()
class MoveNetBackbone(BaseBackbone):
    """MobileNetV2 of one of `WIDTHS`. Input (B,3,H,W) in -1..1, H and W multiples of 32;
    output four maps at strides 4, 8, 16, 32."""

    def __init__(self, width: float = 1.5, init_cfg: dict[str, Any] | None = None):
        super().__init__(init_cfg=init_cfg)
        stem, first, blocks = WIDTHS[width].stem, WIDTHS[width].first, WIDTHS[width].blocks
        self.stem = SameConv(3, stem, 3, stride=2)
        self.depthwise = SameConv(stem, stem, 3, groups=stem)
        self.project = SameConv(stem, first)
        channels = (first, *(outputs for outputs, _ in blocks))
        self.blocks = nn.ModuleList(
            InvertedResidual(inputs, outputs, stride)
            for inputs, (outputs, stride) in zip(channels[:-1], blocks, strict=True)
        )
        self.last = SameConv(channels[-1], LAST_CHANNELS)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        # twice as fast on a CPU as the default layout; the weights are put in it when the model is loaded
        x = x.contiguous(memory_format=torch.channels_last)
        x = self.project(_relu6(self.depthwise(_relu6(self.stem(x)))))
        maps = []
        for number, block in enumerate(self.blocks, start=1):
            x = block(x)
            if number in TAPS:
                maps.append(x)
        return (*maps, _relu6(self.last(x)))


@MODELS.register_module()
class MoveNetNeck(nn.Module):
    """Feature pyramid, top-down. Output: one map (B,24,H/4,W/4)."""

    def __init__(self, width: float = 1.5) -> None:
        super().__init__()
        inputs = (*WIDTHS[width].taps.values(), LAST_CHANNELS)
        self.laterals = nn.ModuleList(SameConv(i, o) for i, o in zip(inputs, LATERALS, strict=True))
        outputs = (FEATURES, *LATERALS[:-2])
        # coarse to fine, as they are applied
        self.smooth = nn.ModuleList(
            Separable(LATERALS[level], outputs[level]) for level in reversed(range(len(LATERALS) - 1))
        )

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        *fine, x = (lateral(level) for lateral, level in zip(self.laterals, maps, strict=True))
        for smooth, lateral in zip(self.smooth, reversed(fine), strict=True):
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = smooth(x + lateral)
        return x


def head_maps(channels: Mapping[str, int]) -> nn.ModuleDict:
    """The layers behind each of a head's maps."""
    return nn.ModuleDict(
        {name: nn.Sequential(Separable(FEATURES, HIDDEN), SameConv(HIDDEN, count)) for name, count in channels.items()}
    )


@MODELS.register_module()
class MoveNetHead(BaseHead):
    """Six maps of each person's centre, box and joints, and their decoding to at most six people."""

    picture = ("people", 3, "height", "width")  # see `estimators.detection.engine`

    def __init__(self, init_cfg: dict[str, Any] | None = None):
        super().__init__(init_cfg=init_cfg)
        self.maps = head_maps(HEAD_CHANNELS)

    def forward(self, x: Tensor) -> HeadMaps:
        return HeadMaps(**{name: layers(x) for name, layers in self.maps.items()})

    def predict(self, feats: Tensor, batch_data_samples: Any, test_cfg: Any = None) -> list[InstanceData]:
        """People in each image, in network pixels, best first.

        `test_cfg.score_thr` drops weak candidates (default: none); `test_cfg.shift` is added to joints, see the config.

        Returns:
            For each image, InstanceData of M people: keypoints (M,17,2), keypoint_scores (M,17), bboxes (M,4) xyxy,
            bbox_scores (M,), numpy float32.
        """
        test_cfg = test_cfg or {}
        shift, least = test_cfg.get("shift", 0.0), test_cfg.get("score_thr", 0.0)
        people = decode(self.forward(feats), least)
        results = []
        for joints, scores, boxes, person_scores in zip(*(tensor.cpu() for tensor in people), strict=True):
            keep = person_scores >= least
            results.append(
                InstanceData(
                    keypoints=(joints[keep] * STRIDE + shift).numpy(),
                    keypoint_scores=scores[keep].numpy(),
                    bboxes=(boxes[keep] * STRIDE).numpy(),
                    bbox_scores=person_scores[keep].numpy(),
                )
            )
        return results

    def loss(self, feats: Any, batch_data_samples: Any, train_cfg: Any = None) -> dict[str, Tensor]:
        raise NotImplementedError("MoveNet is ported for inference only.")


@MODELS.register_module()
class ThunderHead(BaseHead):
    """Four maps of the person nearest to the middle of a 256 x 256 picture, and their decoding."""

    picture = ("people", 3, thunder.CELLS * STRIDE, thunder.CELLS * STRIDE)  # see `estimators.detection.engine`

    def __init__(self, init_cfg: dict[str, Any] | None = None):
        super().__init__(init_cfg=init_cfg)
        self.maps = head_maps(THUNDER_CHANNELS)
        # one over the distance to the middle, to float16: by how much a centre counts there
        self.register_buffer("nearness", torch.zeros(1, thunder.CELLS, thunder.CELLS))

    def forward(self, x: Tensor) -> thunder.ThunderMaps:
        return thunder.ThunderMaps(**{name: layers(x) for name, layers in self.maps.items()})

    def predict(self, feats: Tensor, batch_data_samples: Any, test_cfg: Any = None) -> list[InstanceData]:
        """The person in each image, in network pixels; `test_cfg.shift` is added to joints, see the config.

        Returns:
            For each image, InstanceData of one person: keypoints (1,17,2), keypoint_scores (1,17), numpy float32.
        """
        shift = (test_cfg or {}).get("shift", 0.0)
        keypoints, scores = (tensor.cpu() for tensor in thunder.decode(self.forward(feats), self.nearness))
        return [
            InstanceData(keypoints=(joints[None] * STRIDE + shift).numpy(), keypoint_scores=score[None].numpy())
            for joints, score in zip(keypoints, scores, strict=True)
        ]

    def loss(self, feats: Any, batch_data_samples: Any, train_cfg: Any = None) -> dict[str, Tensor]:
        raise NotImplementedError("MoveNet is ported for inference only.")
