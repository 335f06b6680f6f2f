"""`d3p evaluate rendered FOLDER`: the whole pipeline against exact ground truth."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from app.cli.evaluate import _options

if TYPE_CHECKING:
    from app.evaluation.rendered import RenderedAccuracy
    from app.models import Models
    from app.options import Options
    from app.people import People


def add_parser(jobs: Any, line: str) -> None:
    """Declare the job."""
    parser = jobs.add_parser(
        "rendered",
        help=line,
        description="Run the whole pipeline on rendered clips and compare poses, paths, feet and sigma with the truth.",
    )
    _options.add_clips(parser)
    _options.add_pairs(parser)
    _options.add_plot(parser)


def run(args: argparse.Namespace) -> None:
    """Run the job.

    Raises:
        DataError: there are no clips, or their truth cannot be read. ConfigError, WeightsError: see `app.models`.
    """
    from app.evaluation.coverage import draw_coverage
    from app.models import Models
    from app.people import People
    from estimators.detection import Detector

    chosen, pairs = _options.options(args), _options.load_pairs_for_pictures(args)
    detector, seen = Detector(args.detector, device=args.device), dict[str, People]()
    results = {}
    for pair in pairs:
        measured = _measure(args.folder, pair.lifter.name, Models(detector, *pair), chosen, seen)
        print(f"\n{args.detector}, {pair.name}, lifted → refined\n\n{measured.markdown()}")
        if args.plot and measured.samples:
            draw_coverage(args.plot, {"rendered clips": measured.samples}, pair.refiner.calibration)
        results[f"{pair.lifter.name}, {pair.refiner.name}"] = measured.numbers()
    _options.write_json(args.json, results)


def _measure(folder: str, name: str, models: Models, chosen: Options, seen: dict[str, People]) -> RenderedAccuracy:
    from rich.console import Console

    from app.evaluation.rendered import evaluate_rendered

    with Console(stderr=True).status(name) as status:
        return evaluate_rendered(
            folder, models, chosen, seen,
            on_clip=lambda _, done, count: status.update(f"{name}: {done} of {count} clips"),
        )  # fmt: skip
