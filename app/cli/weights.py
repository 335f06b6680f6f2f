"""`d3p weights`: what is bundled, whether it is intact, and detectors that are fetched on request."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from estimators import weights
from estimators.errors import WeightsError


def add_parser(subparsers: Any) -> None:
    """Add `weights` and its actions to the command line."""
    parser = subparsers.add_parser("weights", help="list, verify, get or import weights", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="the bundled weights: kind, size, licence, metrics")
    actions.add_parser("verify", help="check every bundled file against the sha256 of its model card")


def run(args: argparse.Namespace) -> None:
    """Carry out `args.action`.

    Raises:
        WeightsError: damaged, missing or unknown weights, or a download that failed.
    """
    {"list": list_weights, "verify": verify_weights}[args.action]()


def list_weights() -> None:
    """Print a table of the bundled weights."""
    cards = weights.available()
    if not cards:
        folders = ", ".join(str(folder) for folder in weights.weight_folders())
        raise WeightsError(f"No weights are bundled here; these folders were searched: {folders}.")
    table = Table("name", "kind", "MB", "licence", "metrics", box=box.SIMPLE, pad_edge=False)
    table.columns[0].no_wrap = True
    table.columns[2].justify = "right"
    for name, card in cards.items():
        megabytes = f"{weights.find(name).stat().st_size / 1e6:.1f}"
        metrics = "\n".join(f"{key} {value}" for key, value in _flat(card.get("metrics", {})))
        table.add_row(name, str(card.get("kind", "?")), megabytes, str(card.get("licence", "?")), metrics)
    Console().print(table)


def verify_weights() -> None:
    """Load every bundled file as the pipeline would, print a line each, and fail if any is not what its card says."""
    names = weights.bundled_names()
    problems = {}
    for name in names:
        try:
            weights.load(name)
        except WeightsError as error:
            problems[name] = error
        print(f"{'FAILED' if name in problems else 'ok':8}{name}")
    if problems:
        raise WeightsError(" ".join(str(error) for error in problems.values()))
    if not names:
        raise WeightsError("No weights are bundled here, so nothing was verified.")


def _flat(metrics: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of nested metrics with dotted names."""
    for key, value in metrics.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
