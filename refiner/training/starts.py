"""Where a training starts, if not from nothing: weights of another one."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import pad

from estimators import weights
from estimators.errors import ConfigError
from estimators.lifting import Lifter
from estimators.lifting.stcformer import STCBlock, STCFormer
from refiner.pose_denoiser import PoseDenoiser
from refiner.refiner import Refiner
from refiner.training.widen import widened

_TOLD = "embed.0.weight"  # of a denoiser; its columns read the pose, and what the network is told beside


def start_lifter(network: nn.Module, start: str) -> None:
    """Give a lifter the weights of another: of the same network, or of an STCFormer that is shallower, or half as wide.

    What is deeper starts without effect, what is wider as twins (see `widened`), so that the first step's output is the
    other's.

    Raises:
        ConfigError: it is of another network. WeightsError: it cannot be read.
    """
    other = Lifter.load(start).network
    if isinstance(network, STCFormer) and isinstance(other, STCFormer):
        _silence(network, len(other.blocks))
    _take(network, other, start, deeper=isinstance(network, STCFormer))


def start_refiner(network: PoseDenoiser, start: str) -> None:
    """Give a denoiser the weights of a refiner with the same network or half as wide a one, or of an STCFormer.

    What the denoiser is told and the refiner is not begins without effect.

    See `widened` and `PoseDenoiser.start_from`.

    Raises:
        ConfigError: it is neither, or of another size. WeightsError: it cannot be read.
    """
    if weights.load(start)[1].get("kind") == "refiner":
        _take(network, Refiner.load(start).model.network, start)
        return
    lifter = Lifter.load(start).network
    if not isinstance(lifter, STCFormer):
        raise ConfigError(f"A refiner can start from a refiner or an STCFormer only; {start} is neither.")
    network.start_from(lifter)


@torch.no_grad()
def _silence(network: STCFormer, first: int) -> None:
    """Blocks from `first` on hand on what they get."""
    for block in list(network.blocks)[first:]:
        assert isinstance(block, STCBlock)
        for last in (block.attention.proj, block.mlp.net[3]):
            for parameter in last.parameters():
                parameter.zero_()


def _width(network: STCFormer | PoseDenoiser) -> int:
    return network.head.in_features


def _take(network: nn.Module, other: nn.Module, start: str, deeper: bool = False) -> None:
    mine, its = network.state_dict(), other.state_dict()
    if (
        isinstance(network, STCFormer | PoseDenoiser)
        and type(network) is type(other)
        and _width(network) == 2 * _width(other)
    ):
        its = widened(network, other)
    if isinstance(network, PoseDenoiser):
        more = mine[_TOLD].shape[1] - its[_TOLD].shape[1]
        its = {**its, _TOLD: pad(its[_TOLD], (0, max(0, more)))}
    extra = {key for key in mine.keys() - its.keys() if not (deeper and key.startswith("blocks."))}
    wrong = sorted(extra | {key for key in its if key not in mine or mine[key].shape != its[key].shape})
    if wrong:
        raise ConfigError(f"This training cannot start from {start}, a different network: {wrong[0]!r} differs.")
    network.load_state_dict(its, strict=False)
