"""Networks of weights of unknown origin: built only if card and weights say the same,
so that memory follows the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from torch import Tensor, nn

from estimators.checked import Checked, Finite, checked
from estimators.checkpoints import first_line
from estimators.errors import WeightsError
from estimators.lifting.normalise import Normalisation
from estimators.weights import Card

_LONGEST = 100_000  # frames of a window
_SLOWEST, _FASTEST = 0.01, 10_000  # frames per second inside a window

Network = TypeVar("Network", bound=nn.Module)


class NetworkCard(Checked):
    """What the card of a lifter or a refiner must say for its weights to be used; what else it says is for people.

    Validated with the number of values in the weights' file as context.
    """

    model_config = ConfigDict(extra="ignore")

    kind: ClassVar[str]
    architecture: dict[str, Any] = Field(description="that of the network whose weights lie beside it")
    frames: int = Field(ge=1, le=_LONGEST, description=f"a whole number from 1 to {_LONGEST}")
    tds_fps: Finite = Field(ge=_SLOWEST, le=_FASTEST, description=f"a number from {_SLOWEST} to {_FASTEST}")
    normalisation: Normalisation = Field(
        strict=False, description=f"the network's: {' or '.join(map(repr, map(str, Normalisation)))}"
    )

    @field_validator("architecture")
    @classmethod
    def _fits_the_file(cls, architecture: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if not _plausible(architecture, info.context or 0):
            raise ValueError
        return architecture


class LifterCard(NetworkCard):
    """A lifter's: its input follows from its normalisation."""

    kind = "lifter"

    @field_validator("normalisation")
    @classmethod
    def _as_many_channels(cls, normalisation: Normalisation, info: ValidationInfo) -> Normalisation:
        architecture = info.data.get("architecture", {})
        if architecture.get("in_channels", Normalisation.IMAGE.channels) != normalisation.channels:
            raise ValueError
        return normalisation


CardOf = TypeVar("CardOf", bound=NetworkCard)


def check_card(document: type[CardOf], card: Card, state: Mapping[str, Tensor], name: str) -> CardOf:
    """The entries of a card by which a network can be built.

    Args:
        document: `LifterCard`, or another kind's.

    Raises:
        WeightsError: it is another kind's, or lacks an entry, or an entry makes no sense.
    """
    if card.get("kind") != document.kind:
        raise WeightsError(f"{name} is a {card.get('kind')}, not a {document.kind}.")
    numbers = sum(tensor.numel() for tensor in state.values())
    return checked(document, card, f"the model card of {name}", WeightsError, numbers)


def build_with(build: Callable[[], Network], state: Mapping[str, Tensor], name: str) -> Network:
    """The network with these weights, as float32 on the CPU.

    Args:
        build: makes it, of a card that `check_card` has passed.

    Raises:
        WeightsError: the weights are of another network, or not finite.
    """
    try:
        network = build()
    except (AssertionError, AttributeError, RuntimeError, TypeError, ValueError, ArithmeticError) as error:
        raise WeightsError(f"The architecture in the card of {name} cannot be built: {first_line(error)}") from error
    expected = {key: value.shape for key, value in network.state_dict().items()}
    found = {key: value.shape for key, value in state.items()}
    if expected != found:
        wrong = sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key))
        raise WeightsError(f"{name} does not hold the weights of the architecture in its card: {wrong[0]!r} differs.")
    weights = {key: value.float() for key, value in state.items()}
    if bad := [key for key, value in weights.items() if not value.isfinite().all()]:
        raise WeightsError(f"{name} is damaged: {bad[0]!r} holds values that are not finite.")
    network.load_state_dict(weights)
    return network


def _plausible(architecture: dict[str, Any], numbers: int) -> bool:
    """Whether a file of so many numbers can hold such a network: each block has a matrix of channels x channels."""
    sizes = {"channels": 1, "depth": 1, "frames": 1, "in_channels": 1}
    for key, value in architecture.items():
        if isinstance(value, float):
            if not 0 <= value <= 1:  # shares, all of them
                return False
        elif not isinstance(value, str):
            if not _whole(value, numbers):
                return False
            sizes[key] = value
    channels = sizes["channels"]
    fits = channels * max(channels * sizes["depth"], sizes["frames"], sizes["in_channels"]) <= numbers
    return fits and isinstance(architecture.get("type"), str)


def _whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most
