"""`d3p evaluate mocap FILE`: MPJPE, P-MPJPE and Accel on motion capture."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.cli.evaluate import _options


def add_parser(jobs: Any, line: str) -> None:
    """Declare the job."""
    parser = jobs.add_parser(
        "mocap",
        help=line,
        description="Print MPJPE, P-MPJPE (mm) and Accel (mm/frame^2) of a mean pose, the lifters, smoothers, the "
        "linear baseline and the refiner, for true and for detected 2D.",
    )
    _options.add_people(parser)
    _options.add_pairs(parser)
    parser.add_argument(
        "--alone", nargs="+", default=[], metavar="WEIGHTS", help="lifters to measure beside, not refined"
    )
    parser.add_argument("--cards", action="store_true", help="also write the numbers into the weights' model cards")
    parser.add_argument(
        "--report", type=Path, metavar="FOLDER",
        help="write the paper's tables (by activity; what each part gives, and with the first pair, each step and "
        "guidance; sizes; seeds, if a lifter has several refiners) and its histogram of errors there",
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    """Run the job.

    Raises:
        DataError: the file cannot be read. ConfigError, WeightsError: see `refiner.evaluation.pairs`.
    """
    from rich.console import Console

    from app.outputs import check_output_folder
    from estimators.lifting import Lifter
    from refiner.evaluation import report
    from refiner.evaluation.mocap import evaluate

    if args.report:
        check_output_folder(args.report)
    pairs = _options.load_pairs(args)
    alone = [Lifter.load(name, args.device) for name in args.alone]
    with Console(stderr=True).status("motion capture") as status:
        measured = evaluate(
            args.mocap, pairs, args.steps, args.every, args.split,
            on_take=lambda condition, done: status.update(f"{condition}: {done} takes"),
            alone=alone, ablate=report.ABLATED_STEPS if args.report else (),
        )  # fmt: skip
    for one in measured:
        print(f"\n{one.name}, {args.split} people\n\n{one.markdown()}")
        if args.cards:
            one.write_cards()
    if args.report:
        report.write(measured, args.report, args.split)
        print(f"\nwrote {args.report / report.TEXT}")
    _options.write_json(args.json, {f"{one.lifter.name}, {one.refiner.name}": one.numbers() for one in measured})
