"""Arguments that several commands have."""

from __future__ import annotations

import argparse

from estimators.devices import DEVICES, checked_name
from estimators.errors import ConfigError


def add_device(parser: argparse.ArgumentParser) -> None:
    """`--device`: the same names, and the same default, for every command."""
    parser.add_argument(
        "--device", default="auto", type=_device, metavar="NAME", help=f"{DEVICES} (default: auto)"
    )  # fmt: skip


def _device(text: str) -> str:
    try:
        return checked_name(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
