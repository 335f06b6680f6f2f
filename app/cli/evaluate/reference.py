"""`d3p evaluate reference CLIP ... FILE.npz`: real views of one person against what several cameras have measured."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.cli._arguments import add_device, add_option, add_steps
from app.cli.evaluate import _options


def add_parser(jobs: Any, line: str) -> None:
    """Declare the job."""
    parser = jobs.add_parser(
        "reference",
        help=line,
        description="Compare poses from single real views with joints that several cameras have measured. For "
        "measuring, not for choosing settings. `app/evaluation/reference.py` says what the file of the joints holds.",
    )
    parser.add_argument("clip", nargs="+", type=Path, metavar="CLIP", help="video whose name ends with its camera's")
    parser.add_argument("reference", type=Path, metavar="FILE", help="the reference (.npz), of as many frames")
    parser.add_argument("--detector", action="append", metavar="NAME", help="once for each")
    parser.add_argument("--lifter", action="append", metavar="NAME", help="once for each (default: stcformer)")
    for name in ("frames", "looks"):
        add_option(parser, name)
    add_steps(parser)
    add_device(parser)
    _options.add_keep(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers to this file")


def run(args: argparse.Namespace) -> None:
    """Run the job.

    Raises:
        DataError: the reference cannot be read, or is not of these clips. ConfigError, WeightsError: see `app.models`.
    """
    from dataclasses import replace

    from rich.console import Console

    from app.evaluation import reference
    from app.evaluation.detectors import load_lifters
    from app.evaluation.kept import Kept
    from app.models import Models
    from app.options import Options
    from estimators.errors import ConfigError

    _options.check_file(args.json)
    chosen = Options(
        steps=args.steps, looks=args.looks, frames=args.frames, device=args.device, video=False, rotate="0"
    )
    truth, rows, kept = reference.load_reference(args.reference), {}, Kept(args.keep, args.stale)
    console = Console(stderr=True)
    with console.status("networks") as status:
        lifters = load_lifters(args.lifter or [chosen.lifter], chosen)
        for name in dict.fromkeys(args.detector or [chosen.detector]):
            detector = Models.load_detector(replace(chosen, detector=name))
            for lifter, networks in lifters.items():
                status.update(f"{name}, {lifter}")
                try:
                    views = reference.measure_views(args.clip, truth, Models(detector, *networks), chosen, kept)
                    rows[f"{name}, {lifter}"] = views
                except ConfigError as error:  # the lifter needs what this detector does not give
                    console.print(f"{name}, {lifter} is left out. {error}", highlight=False, markup=False)
    print(reference.markdown(rows))
    _options.write_json(args.json, reference.numbers(rows))
