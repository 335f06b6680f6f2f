"""Spatio-temporal criss-cross (STC) attention, the layer that STCFormer and the PoseDenoiser are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from estimators.lifting.attention import attend

HEADS = 8

# Body part of each Human3.6M-17 joint, for the part embedding: torso and head, right leg, left leg, left arm, right arm.
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
        width = C // (2 * HEADS)
        # the projection's output is read as (C, 3): channel-major, q, k, v innermost
        qkv = self.qkv(x).view(B, T, J, 2, HEADS, width, 3)
        spatial, temporal = qkv.unbind(3)  # each (B, T, J, heads, width, 3)
        part = self.part(self.parts)  # (J, width)

        q, k, v = spatial.permute(5, 0, 1, 3, 2, 4).reshape(3, B * T, HEADS, J, width).unbind(0)
        over_joints = attend(q, k, v, self.scale)
        over_joints = over_joints.view(B, T, HEADS, J, width).transpose(2, 3)  # (B, T, J, heads, width)

        q, k, v = temporal.permute(5, 0, 2, 3, 1, 4).reshape(3, B * J, HEADS, T, width).unbind(0)
        over_frames = attend(q, k, v, self.scale)
        over_frames = over_frames.view(B, J, HEADS, T, width).permute(0, 3, 1, 2, 4)  # (B, T, J, heads, width)

        position = part[:, None, :]
        over_joints = over_joints + self._grid(self.spatial_position, spatial) + SPATIAL_PART_SCALE * position
        over_frames = over_frames + self._grid(self.temporal_position, temporal) + TEMPORAL_PART_SCALE * position
        both = torch.cat([over_joints, over_frames], dim=-1)  # per head [spatial | temporal]
        return self.proj(both.reshape(B, T, J, C))

    @staticmethod
    def _grid(convolution: nn.Conv2d, group: Tensor) -> Tensor:
        """Depthwise convolution of the group's values over the (T, J) grid: (B, T, J, heads, width, 3) -> (..., width)."""
        B, T, J, heads, width, _ = group.shape
        grid = group[..., 2].reshape(B, T, J, heads * width).permute(0, 3, 1, 2)
        return convolution(grid).permute(0, 2, 3, 1).reshape(B, T, J, heads, width)


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
