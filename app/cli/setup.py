"""`d3p setup`: the one step of an installation that `pip install` cannot do."""

from __future__ import annotations

import argparse
from typing import Any

from estimators import openmmlab


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    subparsers.add_parser(
        "setup",
        help="after `pip install`: install mmpose",
        description="Install mmengine, mmcv-lite and mmpose, in the releases that work here, into this Python's "
        "environment and without their own requirements, some of which do not install. Once after `pip install`.",
    )


def run(args: argparse.Namespace) -> None:
    """Run the command.

    Raises:
        SetupError: it could not be done.
    """
    installed = openmmlab.install()
    print(f"Installed {', '.join(installed)}." if installed else "Everything is installed.")
