"""STCFormer (Tang et al., CVPR 2023): 2D joints of a window to 3D joints of the same window."""

from __future__ import annotations

from torch import Tensor, nn

from estimators.lifting.stc import MLP, STCAttention


class STCBlock(nn.Module):
    """x + STCA(LN x), then x + MLP(LN x)."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attention = STCAttention(channels)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = MLP(channels, dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class STCFormer(nn.Module):
    """(B, T, 17, in_channels) normalised 2D -> (B, T, 17, 3) metres, any T: there are no position tables.

    Args:
        channels: width C; 256 is the paper's size, 512 its Large.
        depth: number of STC blocks.
        in_channels: what a joint is described by: 2 (image coordinates) as published, more with `Normalisation.PERSON`.
        dropout: in the MLPs, while training.
    """

    def __init__(self, channels: int = 256, depth: int = 6, in_channels: int = 2, dropout: float = 0.1) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(in_channels, channels, bias=False), nn.GELU())
        self.blocks = nn.Sequential(*[STCBlock(channels, dropout) for _ in range(depth)])
        self.head = nn.Linear(channels, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.embed(x)))
