"""Spatio-temporal criss-cross (STC) attention, the layer that STCFormer and the PoseDenoiser are made of."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

from estimators.lifting.attention import attend

HEADS = 8

# Body part of each Human3.6M-17 joint, for the part embedding: torso and head, right leg, left leg,
# left arm, right arm.
PARTS = (0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 0, 3, 3, 3, 4, 4, 4)
SPATIAL_PART_SCALE, TEMPORAL_PART_SCALE = 1e-4, 1e-9


class STCAttention(nn.Module):
    """Half of the channels attend over the joints of a frame, the other half over the frames of a joint.

    Each half has 8 heads of C/16 channels. A depthwise 3x3 convolution of the values over the (frame, joint) grid and
    an embedding of the body part are added to the attention output: the structure-enhanced position of STCFormer
    (Tang et al., CVPR 2023).

    (B, T, J, C) -> (B, T, J, C)
    """

    parts: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.scale = half**-0.5  # of the half's width, not of one head's: as published
        self.qkv = nn.Linear(channels, 3 * channels)
        self.spatial_position = nn.Conv2d(half, half, 3, padding=1, groups=half)
        self.temporal_position = nn.Conv2d(half, half, 3, padding=1, groups=half)
        self.part = nn.Embedding(5, channels // (2 * HEADS))
        self.proj = nn.Linear(channels, channels)
        self.register_buffer("parts", torch.tensor(PARTS), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        B, T, J, C = x.shape
        spatial_q, temporal_q, spatial_k, temporal_k, spatial_v, temporal_v = self._project(x)  # each (B, T, J, C/2)
        of_frame = (part.reshape(B * T, J, C // 2) for part in (spatial_q, spatial_k, spatial_v))
        of_joint = (part.transpose(1, 2).reshape(B * J, T, C // 2) for part in (temporal_q, temporal_k, temporal_v))
        over_joints = self._attend(*of_frame).view(B, T, J, C // 2)
        over_frames = self._attend(*of_joint).view(B, J, T, C // 2).transpose(1, 2)
        position = self._positions(torch.cat([spatial_v, temporal_v], dim=-1))
        return self._mix(torch.cat([over_joints, over_frames], dim=-1) + position)

    # As published, the first layer's output is read as (C, 3), q, k, v innermost, and the last layer's input alternates
    # between the groups, head by head. Here the weights are put in order instead of the activations, which are much
    # larger: it makes training a quarter faster.

    def _project(self, x: Tensor) -> tuple[Tensor, ...]:
        """q of both groups, k of both, v of both: each (B, T, J, C/2)."""
        C = x.shape[-1]
        weight = self.qkv.weight.view(C, 3, C).transpose(0, 1).reshape(3 * C, C)
        bias = self.qkv.bias.view(C, 3).T.reshape(3 * C)
        return linear(x, weight, bias).unflatten(-1, (6, C // 2)).unbind(-2)

    def _mix(self, groups: Tensor) -> Tensor:
        """The last layer, on (B, T, J, C): the spatial group's channels, then the temporal one's."""
        C = groups.shape[-1]
        weight = self.proj.weight.view(C, HEADS, 2, -1).transpose(1, 2).reshape(C, C)
        return linear(groups, weight, self.proj.bias)

    def _positions(self, values: Tensor) -> Tensor:
        """The structure-enhanced position of values (B, T, J, C): their convolution over the (T, J) grid,
        and the body part."""
        C = values.shape[-1]
        both = (self.spatial_position, self.temporal_position)
        weight = torch.cat([one.weight for one in both])
        bias = torch.cat([cast(Tensor, one.bias) for one in both])
        grid = conv2d(values.permute(0, 3, 1, 2), weight, bias, padding=1, groups=C).permute(0, 2, 3, 1)
        part = self.part(self.parts).repeat(1, HEADS)  # (J, C/2)
        return grid + torch.cat([SPATIAL_PART_SCALE * part, TEMPORAL_PART_SCALE * part], dim=-1).to(grid.dtype)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attention of 8 heads over the second axis: (N, L, C/2), the heads' channels one after the other."""
        q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in (q, k, v))
        return attend(q, k, v, self.scale).transpose(1, 2).flatten(2)


class MLP(nn.Module):
    """C -> 4C -> C with GELU and no biases."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(channels, 4 * channels, bias=False),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * channels, channels, bias=False),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)
