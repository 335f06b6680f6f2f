"""Lifters, each with a refiner: what evaluations are of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from estimators.errors import ConfigError
from estimators.lifting import Lifter
from refiner.refiner import Refiner

DEFAULT_LIFTERS = ("stcformer-81", "mixste-81")


class Pair(NamedTuple):
    """A lifter and what refines its poses."""

    lifter: Lifter
    refiner: Refiner

    @property
    def name(self) -> str:
        """Names both, for titles."""
        return f"{self.lifter.name} and {self.refiner.name}"


def load_pairs(
    lifters: Sequence[str] = DEFAULT_LIFTERS, refiners: Sequence[str] | None = None, device: str = "auto"
) -> list[Pair]:
    """Load lifters and refiners; a lifter that is named several times is loaded once.

    Args:
        lifters: names or paths of weights.
        refiners: as many; None takes for each lifter the bundled refiner of that name.
        device: see `estimators.devices`.

    Raises:
        ConfigError: not as many refiners as lifters, or there is no such device. WeightsError: weights cannot be had.
    """
    refiners = refiners or [f"refiner-{Path(name).stem}" for name in lifters]
    if len(refiners) != len(lifters):
        raise ConfigError(f"There are {len(lifters)} lifters, but {len(refiners)} refiners.")
    loaded = {name: Lifter.load(name, device) for name in lifters}
    return [Pair(loaded[name], Refiner.load(refiner, device)) for name, refiner in zip(lifters, refiners, strict=True)]
