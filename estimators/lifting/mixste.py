"""MixSTE (Zhang et al., CVPR 2022): alternating attention over joints and over frames, sequence to sequence."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from estimators.lifting.attention import attend


class DropPath(nn.Module):
    """Stochastic depth: drop a residual branch for a whole sample while training."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        return x * x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(keep) / keep


class Attention(nn.Module):
    """Multi-head self-attention over the second axis: (N, L, C) -> (N, L, C)."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        N, L, C = x.shape
        q, k, v = self.qkv(x).view(N, L, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        return self.proj(attend(q, k, v, (C // self.heads) ** -0.5).transpose(1, 2).reshape(N, L, C))


class Block(nn.Module):
    """Pre-norm transformer block, MLP ratio 2, stochastic depth."""

    def __init__(self, channels: int, heads: int, drop_path: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels, eps=1e-6)
        self.attention = Attention(channels, heads)
        self.norm2 = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels))
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.drop_path(self.attention(self.norm1(x)))
        return x + self.drop_path(self.mlp(self.norm2(x)))


class MixSTE(nn.Module):
    """(B, T, 17, in_channels) normalised 2D -> (B, T, 17, 3) metres, T up to `frames`.

    Args:
        frames: length of the temporal position table.
        channels: width C; 512 is the paper's size.
        depth: pairs of [spatial block, temporal block]; 8 is the paper's.
        in_channels: 2 (image coordinates) as published, more with `Normalisation.PERSON`.
        drop_path: stochastic depth of the last pair, growing linearly from 0.
    """

    def __init__(
        self,
        frames: int,
        channels: int = 512,
        depth: int = 8,
        heads: int = 8,
        in_channels: int = 2,
        drop_path: float = 0.1,
        joints: int = 17,
    ) -> None:
        super().__init__()
        self.embed = nn.Linear(in_channels, channels)
        self.spatial_position = nn.Parameter(torch.zeros(1, joints, channels))
        self.temporal_position = nn.Parameter(torch.zeros(1, frames, channels))
        rates = torch.linspace(0, drop_path, depth).tolist()
        self.spatial_blocks = nn.ModuleList(Block(channels, heads, rate) for rate in rates)
        self.temporal_blocks = nn.ModuleList(Block(channels, heads, rate) for rate in rates)
        self.spatial_norm = nn.LayerNorm(channels, eps=1e-6)  # one module each, reused by all blocks: as published
        self.temporal_norm = nn.LayerNorm(channels, eps=1e-6)
        self.head = nn.Sequential(nn.LayerNorm(channels), nn.Linear(channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        B, T, J, _ = x.shape
        x = self.embed(x) + self.spatial_position  # (B, T, J, C)
        C = x.shape[-1]
        for depth, (spatial, temporal) in enumerate(zip(self.spatial_blocks, self.temporal_blocks, strict=True)):
            x = self.spatial_norm(spatial(x.reshape(B * T, J, C)))
            x = x.view(B, T, J, C).transpose(1, 2).reshape(B * J, T, C)
            if depth == 0:
                x = x + self._frames(T)
            x = self.temporal_norm(temporal(x)).view(B, J, T, C).transpose(1, 2)  # (B, T, J, C)
        return self.head(x)

    def _frames(self, frames: int) -> Tensor:
        """The middle `frames` rows of the temporal position table:
        a shorter window keeps the centre of a longer one."""
        start = (self.temporal_position.shape[1] - frames) // 2
        return self.temporal_position[:, start : start + frames]
