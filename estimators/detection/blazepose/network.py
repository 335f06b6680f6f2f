"""BlazePose GHUM's landmark networks, heavy and full, as mmpose models:
exact ports of Google's TFLite files (Apache-2.0).

    picture 256 x 256 -> MobileNetV2-like backbone -> four laterals, added top-down -> heat maps, 64 x 64
                                                   -> trunk of residual blocks, down to 2 x 2 -> landmarks, world, flag

Batch normalisation is folded into the convolutions there, so that every layer here has a bias. The originals also put
out a segmentation of the person, whose layers are left out here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from estimators.detection import mmpose_shim  # isort: skip  # noqa: F401  must come before mmpose

import torch
from mmpose.models.backbones.base_backbone import BaseBackbone
from mmpose.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from estimators.detection.movenet.network import SameConv

LANDMARKS = 39
STEM, LATERAL, TRUNK = 24, 48, 288  # channels


class Block(NamedTuple):
    """An inverted residual: channels inside, kernel, stride, channels after."""

    hidden: int
    kernel: int
    stride: int
    outputs: int


@dataclass(frozen=True)
class Size:
    """One of the networks.

    Attributes:
        first: channels after the stem.
        blocks: of the backbone.
        taps: the blocks before which a lateral leaves, at strides 4, 8, 16.
        last: channels at stride 32, from where the fourth lateral leaves.
        fine: (channels, residual blocks) of the trunk's stages at strides 8, 16, 32;
            without them it begins at stride 32.
        coarse: residual blocks of its stages at strides 64 and 128.
    """

    first: int
    blocks: tuple[Block, ...]
    taps: tuple[int, int, int]
    last: int
    fine: tuple[tuple[int, int], ...]
    coarse: tuple[int, int]


SIZES = {
    "heavy": Size(
        first=24,
        blocks=(
            Block(96, 3, 2, 32), Block(128, 3, 1, 32), Block(192, 3, 1, 32), Block(192, 3, 1, 32),
            Block(192, 5, 2, 56), *[Block(336, 5, 1, 56)] * 3,
            Block(336, 3, 2, 112), *[Block(672, 3, 1, 112)] * 5, Block(672, 5, 1, 160), *[Block(960, 5, 1, 160)] * 5,
            Block(960, 5, 2, 272), *[Block(1632, 5, 1, 272)] * 7,
        ),
        taps=(4, 8, 20),
        last=1632,
        fine=((96, 6), (192, 7), (288, 7)),
        coarse=(7, 7),
    ),
    "full": Size(
        first=16,
        blocks=(
            Block(64, 3, 2, 24), Block(144, 3, 1, 24),
            Block(144, 5, 2, 32), Block(192, 5, 1, 32),
            Block(192, 3, 2, 64), *[Block(384, 3, 1, 64)] * 2, Block(384, 5, 1, 88), *[Block(528, 5, 1, 88)] * 2,
            Block(528, 5, 2, 144), *[Block(864, 5, 1, 144)] * 3,
        ),
        taps=(2, 4, 10),
        last=864,
        fine=(),
        coarse=(4, 5),
    ),
}  # fmt: skip


class PaddedConv(nn.Conv2d):
    """A convolution that is padded alike on all sides, then ReLU6 if asked for."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, relu: bool = True):
        super().__init__(inputs, outputs, kernel, stride, kernel // 2, groups=groups)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        x = super().forward(x)
        return F.relu6(x, inplace=True) if self.relu else x


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; with a shortcut where the shape stays."""

    def __init__(self, inputs: int, block: Block):
        super().__init__()
        self.expand = PaddedConv(inputs, block.hidden)
        self.depthwise = PaddedConv(block.hidden, block.hidden, block.kernel, block.stride, groups=block.hidden)
        self.project = PaddedConv(block.hidden, block.outputs, relu=False)
        self.shortcut = block.stride == 1 and inputs == block.outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.shortcut else y


class Separable(nn.Module):
    """3x3 on each channel, then 1x1, each with ReLU6."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.depthwise = PaddedConv(inputs, inputs, 3, groups=inputs)
        self.pointwise = PaddedConv(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(x))


class Residual(nn.Module):
    """3x3 on each channel, 1x1, added to the input and cut off by ReLU6; with stride 2 the input is pooled, and its
    channels filled up with zeros."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.depthwise = SameConv(inputs, inputs, 3, stride, groups=inputs)
        self.pointwise = SameConv(inputs, outputs)
        self.stride, self.more = stride, outputs - inputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.pointwise(F.relu6(self.depthwise(x), inplace=True))
        if self.stride == 2:
            x = F.pad(F.max_pool2d(x, 2), (0, 0, 0, 0, 0, self.more))
        return F.relu6(x + y, inplace=True)


def stage(inputs: int, outputs: int, residuals: int) -> nn.Sequential:
    """Half the resolution, then residual blocks."""
    return nn.Sequential(Residual(inputs, outputs, stride=2), *(Residual(outputs, outputs) for _ in range(residuals)))


@MODELS.register_module()
class BlazePoseBackbone(BaseBackbone):
    """Input (B,3,256,256) in 0..1. Output: maps at strides 4 (48 channels, all scales added), 8, 16 and 32."""

    def __init__(self, size: str, init_cfg: dict[str, Any] | None = None):
        super().__init__(init_cfg=init_cfg)
        shape = SIZES[size]
        self.taps = shape.taps
        self.stem = PaddedConv(3, STEM, 3, stride=2)
        self.depthwise = PaddedConv(STEM, STEM, 3, groups=STEM)
        self.project = PaddedConv(STEM, shape.first, relu=False)
        channels = (shape.first, *(block.outputs for block in shape.blocks))
        self.blocks = nn.ModuleList(
            InvertedResidual(inputs, block) for inputs, block in zip(channels[:-1], shape.blocks, strict=True)
        )
        self.last = nn.Sequential(
            PaddedConv(channels[-1], shape.last), PaddedConv(shape.last, shape.last, 3, groups=shape.last)
        )
        tapped = (*(channels[tap] for tap in shape.taps), shape.last)
        self.laterals = nn.ModuleList(Separable(inputs, LATERAL) for inputs in tapped)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = x.contiguous(memory_format=torch.channels_last)
        x = self.project(self.depthwise(self.stem(x)))
        maps = []
        for number, block in enumerate(self.blocks):
            if number in self.taps:
                maps.append(x)
            x = block(x)
        maps.append(self.last(x))
        fine, *others = (lateral(level) for lateral, level in zip(self.laterals, maps, strict=True))
        *others, x = others
        for level in (*reversed(others), fine):
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False) + level
        return (x, *maps[1:])


class Trunk(nn.Module):
    """From the backbone's maps to (B,288,2,2)."""

    def __init__(self, size: str):
        super().__init__()
        shape = SIZES[size]
        inputs = [block.outputs for block in shape.blocks]
        tapped = [inputs[tap - 1] for tap in shape.taps[1:]] + [shape.last]
        widths = [channels for channels, _ in shape.fine]
        self.laterals = (
            nn.ModuleList(Separable(inputs, outputs) for inputs, outputs in zip(tapped, widths, strict=True))
            if shape.fine
            else nn.ModuleList([Separable(shape.last, TRUNK)])
        )
        self.fine = nn.ModuleList(
            stage(before, channels, residuals)
            for before, (channels, residuals) in zip((LATERAL, *widths), shape.fine, strict=False)
        )
        self.coarse = nn.Sequential(*(stage(TRUNK, TRUNK, residuals) for residuals in shape.coarse))

    def forward(self, maps: tuple[Tensor, ...]) -> Tensor:
        x, *levels = maps
        if not self.fine:
            return self.coarse(self.laterals[0](levels[-1]))
        for down, lateral, level in zip(self.fine, self.laterals, levels, strict=True):
            x = down(x) + lateral(level)
        return self.coarse(x)
