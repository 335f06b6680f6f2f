"""Networks of weights of unknown origin: built only if card and weights say the same, so that memory follows the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from torch import Tensor, nn

from estimators.checkpoints import first_line
from estimators.errors import WeightsError
from estimators.lifting.normalise import Normalisation
from estimators.weights import Card

_LONGEST = 100_000  # frames of a window
_SLOWEST, _FASTEST = 0.01, 10_000  # frames per second inside a window

Network = TypeVar("Network", bound=nn.Module)


def check_card(card: Card, state: Mapping[str, Tensor], name: str, kind: str) -> None:
    """What a lifter's or a refiner's card must say for its weights to be used.

    Raises:
        WeightsError: it is another kind's, or lacks an entry, or an entry makes no sense.
    """
    if card.get("kind") != kind:
        raise WeightsError(f"{name} is a {card.get('kind')}, not a {kind}.")
    architecture: Any = card.get("architecture")
    rate = card.get("tds_fps")
    numbers = sum(tensor.numel() for tensor in state.values())
    right = {
        "frames": _whole(card.get("frames"), _LONGEST),
        "tds_fps": isinstance(rate, int | float) and _SLOWEST <= rate <= _FASTEST,
        "normalisation": isinstance(card.get("normalisation"), str) and card["normalisation"] in list(Normalisation),
        "architecture": isinstance(architecture, dict) and _plausible(architecture, numbers),
    }
    if kind == "refiner":
        right["lifter"] = isinstance(card.get("lifter"), str)
    elif all(right.values()):  # a refiner's input follows from its normalisation
        inputs = architecture.get("in_channels", Normalisation.IMAGE.channels)
        right["normalisation"] = inputs == Normalisation(card["normalisation"]).channels
    if wrong := [key for key, fine in right.items() if not fine]:
        raise WeightsError(f"The model card of {name} has no {wrong[0]} that makes sense, so it cannot be used.")


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
