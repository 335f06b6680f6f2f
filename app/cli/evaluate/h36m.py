"""`d3p evaluate h36m FILE`: Human3.6M's tables."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from app.cli.evaluate import _options

if TYPE_CHECKING:
    from estimators.lifting import Lifter
    from refiner.evaluation.human36m import ActionTable
    from refiner.evaluation.pairs import Pair


def add_parser(jobs: Any, line: str) -> None:
    """Declare the job."""
    parser = jobs.add_parser("h36m", help=line, description="Print the tables of Human3.6M: S9 and S11, 15 actions.")
    parser.add_argument("file", metavar="FILE", help="your own Human3.6M, from `d3p convert-h36m`")
    _options.add_pairs(parser)


def run(args: argparse.Namespace) -> None:
    """Run the job.

    Raises:
        DataError: the file cannot be read. ConfigError, WeightsError: see `refiner.evaluation.pairs`.
    """
    results = {}
    for pair in _options.load_pairs(args):
        measured = _measure(args, pair)
        print(f"\n{pair.name}, S9 and S11\n\n{measured.markdown()}")
        results[f"{pair.lifter.name}, {pair.refiner.name}"] = measured.errors
    _options.write_json(args.json, results)


def _measure(args: argparse.Namespace, pair: Pair[Lifter]) -> ActionTable:
    from rich.console import Console

    from refiner.data.human36m import read_human36m
    from refiner.evaluation.human36m import evaluate_human36m

    with Console(stderr=True).status(pair.lifter.name) as status:
        return evaluate_human36m(
            read_human36m(args.file), *pair, args.steps,
            on_sequence=lambda done: status.update(f"{pair.lifter.name}: {done} sequences"),
        )  # fmt: skip
