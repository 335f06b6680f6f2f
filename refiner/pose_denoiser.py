"""PoseDenoiser (paper III-C): the error of a noisy pose sequence, from the 2D joints and the diffusion step."""

from __future__ import annotations

from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from estimators.lifting.stc import MLP, STCAttention
from estimators.lifting.stcformer import STCBlock, STCFormer


class StepEmbedding(nn.Module):
    """Sinusoidal embedding of the diffusion step through an MLP: (B,) -> (B, C)."""

    frequencies: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(channels, channels), nn.SiLU(), nn.Linear(channels, channels))
        half = channels // 2
        self.register_buffer("frequencies", torch.logspace(0, -4, half), persistent=False)

    def forward(self, t: Tensor) -> Tensor:
        return self.mlp(self.waves(t))

    def waves(self, t: Tensor) -> Tensor:
        """(B,) -> (B, C) sines and cosines."""
        angle = t[:, None].float() * self.frequencies
        return torch.cat([angle.sin(), angle.cos()], dim=-1)


class DenoiserBlock(nn.Module):
    """x += STCA(LN x); x += P(silu(tau)) over all tokens; x += STCA(LN x); x += MLP(LN x)."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.norm1, self.attention1 = nn.LayerNorm(channels), STCAttention(channels)
        self.step = nn.Linear(channels, channels)
        self.norm2, self.attention2 = nn.LayerNorm(channels), STCAttention(channels)
        self.norm3, self.mlp = nn.LayerNorm(channels), MLP(channels, dropout)

    def forward(self, x: Tensor, tau: Tensor) -> Tensor:
        x = x + self.attention1(self.norm1(x))
        x = x + self.step(silu(tau))[:, None, None]
        x = x + self.attention2(self.norm2(x))
        return x + self.mlp(self.norm3(x))


class PoseDenoiser(nn.Module):
    """What a noisy pose tells, with the 2D joints, of its error.

    Args:
        channels, depth: 256 and 4 in the paper.
        in_channels: of the 2D input: 2 in the paper (so 5 with the pose), 5 with `Normalisation.PERSON`.
        output: "error", normalised, as in the paper; or "pose", in metres, see `RefinerModel.error`. The second has no
            norm before its head, like STCFormer, so that it can start as one.
    """

    def __init__(
        self,
        channels: int = 256,
        depth: int = 4,
        in_channels: int = 2,
        dropout: float = 0.1,
        output: Literal["error", "pose"] = "error",
    ) -> None:
        super().__init__()
        if output not in ("error", "pose"):
            raise ValueError(f"a denoiser's output is 'error' or 'pose', not {output!r}")
        self.output = output
        # the GELU is STCFormer's, not the paper's: with it a trained lifter can be the start, see `start_from`
        self.embed = nn.Sequential(nn.Linear(3 + in_channels, channels), nn.GELU())
        self.step_embedding = StepEmbedding(channels)
        self.blocks = nn.ModuleList(DenoiserBlock(channels, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(channels) if output == "error" else nn.Identity()
        self.head = nn.Linear(channels, 3)
        if output == "error":  # an untrained refiner changes (next to) nothing
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)

    def forward(self, pose: Tensor, x2d: Tensor, t: Tensor) -> Tensor:
        """pose (B, T, 17, 3) metres, as `diffusion.network_input` gives it; x2d (B, T, 17, in_channels); t (B,)."""
        x = self.embed(torch.cat([pose, x2d], dim=-1))
        tau = self.step_embedding(t)
        for block in self.blocks:
            x = block(x, tau)
        return self.head(self.norm(x))

    @torch.no_grad()
    def start_from(self, lifter: STCFormer) -> None:
        """Start as a trained STCFormer of the same width, depth and 2D input, instead of from nothing.

        What the lifter knows about motion is there from the first step; what is new here (the noisy pose, the diffusion
        step, each block's second attention) starts without effect and grows in.
        """
        linear, its_linear = cast(nn.Linear, self.embed[0]), cast(nn.Linear, lifter.embed[0])
        linear.weight.zero_()
        linear.weight[:, 3 : 3 + its_linear.in_features] = its_linear.weight  # more channels, if any, start silent
        linear.bias.zero_()
        for block, its_block in zip(self.blocks, lifter.blocks, strict=True):
            mine, its = cast(DenoiserBlock, block), cast(STCBlock, its_block)
            mine.norm1.load_state_dict(its.norm1.state_dict())
            mine.attention1.load_state_dict(its.attention.state_dict())
            mine.norm3.load_state_dict(its.norm2.state_dict())
            mine.mlp.load_state_dict(its.mlp.state_dict())
            for silent in (mine.step, mine.attention2.proj):
                silent.weight.zero_()
                silent.bias.zero_()
        if self.output == "pose":
            self.head.weight.copy_(lifter.head.weight)
            self.head.bias.zero_()
