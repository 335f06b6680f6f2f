"""d3p train: train a lifter or a refiner from a config."""

from __future__ import annotations

import argparse

from refiner.training.__main__ import add_arguments


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("train", help="train a lifter or a refiner from a config")
    add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    from refiner.training.__main__ import main

    return main(args)
