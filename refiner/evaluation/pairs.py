"""Lifters, each with a refiner: what evaluations are of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from estimators.errors import ConfigError
from estimators.lifting import Lifter, PictureLifter, load_lifter
from estimators.lifting.names import PICTURE
from refiner.pairing import refiner_of
from refiner.refiner import Refiner

DEFAULT_LIFTERS = ("stcformer-81", "mixste-81")

AnyLifter = TypeVar("AnyLifter", bound=Lifter | PictureLifter, covariant=True)


class Pair(NamedTuple, Generic[AnyLifter]):
    """A lifter and what refines its poses."""

    lifter: AnyLifter
    refiner: Refiner

    @property
    def name(self) -> str:
        """Names both, for titles."""
        return f"{self.lifter.name} and {self.refiner.name}"


def load_pairs(
    lifters: Sequence[str] = DEFAULT_LIFTERS, refiners: Sequence[str] | None = None, device: str = "auto"
) -> list[Pair[Lifter]]:
    """Load lifters that need no pictures, and refiners; a lifter that is named several times is loaded once.

    Args:
        lifters: names or paths of weights.
        refiners: as many; None takes for each lifter the bundled refiner of that name.
        device: see `estimators.devices`.

    Raises:
        ConfigError: not as many refiners as lifters, a lifter that needs pictures, or there is no such device.
        WeightsError: weights cannot be had.
    """
    if PICTURE in lifters:
        raise ConfigError(f"There are no pictures here, from which {PICTURE!r} takes its poses; name another lifter.")
    return _paired(Lifter.load, lifters, refiners, device)


def load_pairs_for_pictures(
    lifters: Sequence[str] = DEFAULT_LIFTERS, refiners: Sequence[str] | None = None, device: str = "auto"
) -> list[Pair[Lifter | PictureLifter]]:
    """As `load_pairs`, for videos: any lifters."""
    return _paired(load_lifter, lifters, refiners, device)


def _paired(
    load: Callable[[str, str], AnyLifter], lifters: Sequence[str], refiners: Sequence[str] | None, device: str
) -> list[Pair[AnyLifter]]:
    refiners = refiners or [refiner_of(Path(name).stem) for name in lifters]
    if len(refiners) != len(lifters):
        raise ConfigError(f"There are {len(lifters)} lifters, but {len(refiners)} refiners.")
    loaded = {name: load(name, device) for name in lifters}
    return [Pair(loaded[name], Refiner.load(refiner, device)) for name, refiner in zip(lifters, refiners, strict=True)]
