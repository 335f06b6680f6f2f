"""A network twice as wide that starts as a narrower one: each channel twice (Net2WiderNet, Chen et al., ICLR 2016).

Twins carry the same value, so what reads them may weigh them differently as long as the weights add up to the old one.
They do, and differ by chance: otherwise twins would get the same gradients and stay twins for ever.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from estimators.lifting.stc import STCAttention
from refiner.pose_denoiser import StepEmbedding
from refiner.steps import STEPS

SPREAD = 0.5  # of the twins' weights about their mean, in standard deviations of the layer's weights


@torch.no_grad()
def widened(network: nn.Module, narrow: nn.Module) -> dict[str, Tensor]:
    """Weights for `network`, an STCFormer or PoseDenoiser, with which it does what `narrow` of half its width does.

    In float32 outputs agree to rounding; those of the step embedding for all diffusion steps. What `network` has no
    place for is handed on as it is.
    """
    generator = torch.Generator().manual_seed(0)
    mine = network.state_dict()
    state = {
        key: _twins(value, mine[key].shape, key.endswith(".part.weight"), generator) if key in mine else value
        for key, value in narrow.state_dict().items()
    }
    modules = dict(network.named_modules())
    for name, module in narrow.named_modules():
        if isinstance(module, STCAttention):
            _widen_projection(state, f"{name}.qkv.", module.qkv, generator)
        wide = modules.get(name)
        if isinstance(module, StepEmbedding) and isinstance(wide, StepEmbedding):
            _widen_steps(state, f"{name}.mlp.0.", wide, module)
    return state


def _twins(value: Tensor, shape: torch.Size, embedding: bool, generator: torch.Generator) -> Tensor:
    """Rows, which make channels, twice; columns, which read them, in two parts that add up (an embedding's: twice)."""
    if value.ndim == 2 and value.shape[1] != shape[1]:
        value = value.repeat_interleave(2, dim=1) if embedding else _split(value, generator)
    return value if value.shape == shape else value.repeat_interleave(2, dim=0)


def _split(weight: Tensor, generator: torch.Generator) -> Tensor:
    """(O, I) -> (O, 2 I)."""
    part = SPREAD * weight.std() * torch.randn(weight.shape, generator=generator)
    return torch.stack([weight / 2 + part, weight / 2 - part], dim=-1).flatten(1)


def _widen_projection(state: dict[str, Tensor], key: str, narrow: nn.Linear, generator: torch.Generator) -> None:
    """Rows are (channel, {q, k, v}). A product of twice as many channels is twice as large, the published scale 2^-0.5
    of what it was.
    """
    C = narrow.in_features
    weight = _split(narrow.weight, generator).view(C, 3, 2 * C).repeat_interleave(2, dim=0)
    bias = narrow.bias.view(C, 3).repeat_interleave(2, dim=0)
    less = torch.tensor([0.5**0.5, 1.0, 1.0])
    state[key + "weight"], state[key + "bias"] = (weight * less[:, None]).flatten(0, 1), (bias * less).flatten()


def _widen_steps(state: dict[str, Tensor], key: str, wide: StepEmbedding, narrow: StepEmbedding) -> None:
    """A wider embedding has other frequencies: of its first layers, the smallest that says the same of every step."""
    steps = torch.arange(STEPS + 1)
    first = cast(nn.Linear, narrow.mlp[0])
    wanted = (narrow.waves(steps) @ first.weight.T).double()
    weight = torch.linalg.lstsq(wide.waves(steps).double(), wanted, driver="gelsd").solution.T.float()
    state[key + "weight"] = weight.repeat_interleave(2, dim=0)
