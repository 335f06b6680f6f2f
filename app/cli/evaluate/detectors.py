"""`d3p evaluate detectors FOLDER --detector A --detector B`: detectors side by side on rendered clips."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli._arguments import add_device, add_option, add_steps
from app.cli.evaluate import _options

if TYPE_CHECKING:
    from app.evaluation.detectors import Measured
    from app.options import Options


def add_parser(jobs: Any, line: str) -> None:
    """Declare the job."""
    parser = jobs.add_parser(
        "detectors",
        help=line,
        description="Measure what each detector sees in rendered clips, and what lifters and refiners make of it, with "
        "95 % intervals over clips and differences to the first one on the same clips.",
    )
    parser.add_argument("folder", nargs="+", metavar="FOLDER", help="clips with ground truth; a table for each folder")
    parser.add_argument(
        "--detector", action="append", metavar="NAME", help="once for each; the others are compared with the first"
    )
    parser.add_argument("--lifter", action="append", metavar="NAME", help="once for each (default: stcformer)")
    for name in ("frames", "looks", "refine"):
        add_option(parser, name)
    add_steps(parser)
    add_device(parser)
    _options.add_keep(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers to this file")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="also draw 2D error and MPJPE (.png, .svg, .pdf)")


def run(args: argparse.Namespace) -> None:
    """Run the job.

    Raises:
        DataError: there are no clips, or their truth cannot be read. ConfigError, WeightsError: see `app.models`.
    """
    from app.evaluation.accuracy import clips_in
    from app.evaluation.detector_plot import check_picture, draw_detectors
    from app.evaluation.detector_tables import Comparison
    from app.options import Options

    chosen = Options(steps=args.steps, looks=args.looks, frames=args.frames, refine=args.refine, device=args.device)
    detectors = args.detector or [chosen.detector]
    _options.check_file(args.json)
    if args.plot:
        _options.check_file(args.plot)
        check_picture(args.plot)
    for folder in args.folder:
        clips_in(folder)  # a wrong name is to be known before hours have gone by
    measured = _measure(args, chosen, list(dict.fromkeys(detectors)))
    compared = {folder: Comparison(found) for folder, found in measured.items()}
    for folder, one in compared.items():
        print(f"\n{folder}: {len(one.names)} clips\n\n{one.markdown()}")
    if args.plot:
        draw_detectors(args.plot, compared)
    _options.write_json(args.json, {folder: one.numbers() for folder, one in compared.items()})


def _measure(args: argparse.Namespace, chosen: Options, names: list[str]) -> dict[str, dict[str, list[Measured]]]:
    """By folder and detector."""
    from dataclasses import replace

    from rich.console import Console

    from app.evaluation.detectors import load_lifters, measure_detector
    from app.evaluation.kept import Kept
    from app.models import Models

    kept, lifters = Kept(args.keep, args.stale), load_lifters(args.lifter or [chosen.lifter], chosen)
    measured: dict[str, dict[str, list[Measured]]] = {folder: {} for folder in args.folder}
    console, lacking = Console(stderr=True), set[tuple[str, str]]()
    with console.status("clips") as status:
        for name in names:
            detector = Models.load_detector(replace(chosen, detector=name))
            for folder in measured:

                def told(clip: str, done: int, count: int, where: str = f"{name}, {folder}") -> None:
                    status.update(f"{where}: {done} of {count} clips, {clip} done")

                def left_out(lifter: str, why: str, who: str = name) -> None:
                    if (who, lifter) not in lacking:
                        lacking.add((who, lifter))
                        console.print(f"{who}, {lifter} is left out. {why}", highlight=False, markup=False)

                measured[folder][name] = measure_detector(folder, detector, lifters, chosen, kept, told, left_out)
    return measured
