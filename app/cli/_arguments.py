"""Arguments that several commands have."""

from __future__ import annotations

import argparse

from estimators.devices import DEVICES, checked_name
from estimators.errors import ConfigError
from refiner.steps import checked_steps


def add_device(parser: argparse.ArgumentParser) -> None:
    """`--device`: the same names, and the same default, for every command."""
    parser.add_argument(
        "--device", default="auto", type=_device, metavar="NAME", help=f"{DEVICES} (default: auto)"
    )  # fmt: skip


def add_steps(parser: argparse.ArgumentParser) -> None:
    """`--steps`, K."""
    parser.add_argument("--steps", type=_steps, default=2, metavar="K", help="DDIM steps of the refiner (default: 2)")


def at_least_one(text: str) -> int:
    """A whole number from 1 on, for argparse's `type`.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on.")
    return int(text)


def _steps(text: str) -> int:
    try:
        return checked_steps(at_least_one(text))
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _device(text: str) -> str:
    try:
        return checked_name(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
