"""How a device is named, everywhere: auto, cpu, cuda, cuda:N. Names become devices here, and nowhere else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from estimators.errors import ConfigError

if TYPE_CHECKING:
    import torch

    Network = TypeVar("Network", bound=torch.nn.Module)

DEVICES = "auto (the GPU, if there is one), cpu, cuda, or cuda:N, the GPU of this number, from 0"
_NAME = re.compile(r"auto|cpu|cuda(:\d{1,4})?")


def checked_name(name: str) -> str:
    """The same name, if it is one of `DEVICES`; whether there is such a device needs torch, see `resolve_device`.

    Raises:
        ConfigError: it is none.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(f"There is no device {name!r}; use {DEVICES}.")
    return name


def resolve_device(name: str | torch.device) -> torch.device:
    """The device of a name, if this machine has it.

    Raises:
        ConfigError: the name is none of `DEVICES`, or there is no such GPU.
    """
    import torch  # here: it takes seconds, which a mistyped name or `--help` should not cost

    name = checked_name(str(name))
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"No CUDA device can be used on this machine, so not {name!r} either; use the device 'cpu'.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"There is no GPU {device.index} on this machine, which has {torch.cuda.device_count()}, counted from 0."
        )
    return device


def placed(network: Network, name: str | torch.device) -> Network:
    """A network on the device of this name, ready for inference.

    Raises:
        ConfigError: see `resolve_device`, or the device is there and cannot be used (full, taken, an old driver).
    """
    device = resolve_device(name)
    try:
        return network.to(device).eval()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise ConfigError(f"The device {str(device)!r} cannot be used: {reason[0]}") from error
