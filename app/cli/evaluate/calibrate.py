"""`d3p evaluate calibrate mocap FILE`, then `d3p evaluate calibrate rendered FOLDER`: sigma, fitted."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from app.cli.evaluate import _options

if TYPE_CHECKING:
    from refiner.evaluation.calibration import Calibrated


def add_parser(jobs: Any, line: str) -> None:
    """Declare the job."""
    parser = jobs.add_parser(
        "calibrate",
        help=line,
        description="Fit the refiner's sigma and write it into its card: first on motion capture, then, for a real "
        "detector's scores, on rendered clips of validation people. Prints how much its bands cover.",
    )
    on = parser.add_subparsers(dest="on", required=True, metavar="ON")
    mocap = on.add_parser("mocap", help="fit on the validation people of a motion-capture file")
    _options.add_people(mocap)
    rendered = on.add_parser("rendered", help="fit on rendered clips how sigma grows where the detector is unsure")
    _options.add_clips(rendered)
    for one in (mocap, rendered):
        _options.add_pairs(one)
        _options.add_plot(one)


def run(args: argparse.Namespace) -> None:
    """Run the job.

    Raises:
        DataError: the data cannot be read. ConfigError, WeightsError: see `refiner.evaluation.pairs` and `app.models`.
    """
    from app.evaluation.coverage import draw_coverage

    results = {}
    for name, calibrated in (_mocap if args.on == "mocap" else _rendered)(args):
        calibrated.write_card()
        print(calibrated.markdown())
        if args.plot:
            draw_coverage(args.plot, calibrated.samples, calibrated.calibration)
        results[name] = calibrated.numbers()
    _options.write_json(args.json, results)


def _mocap(args: argparse.Namespace) -> Iterator[tuple[str, Calibrated]]:
    from rich.console import Console

    from refiner.evaluation.calibration import calibrate_simulated

    for pair in _options.load_pairs(args):
        with Console(stderr=True).status(f"{pair.refiner.name}: motion capture"):
            calibrated = calibrate_simulated(args.mocap, *pair, args.split, args.steps, args.every)
        yield f"{pair.lifter.name}, {pair.refiner.name}", calibrated


def _rendered(args: argparse.Namespace) -> Iterator[tuple[str, Calibrated]]:
    from rich.console import Console

    from app.evaluation.rendered import calibrate_rendered
    from app.models import Models
    from app.people import People
    from estimators.detection import Detector

    chosen, pairs = _options.options(args), _options.load_pairs_for_pictures(args)
    detector, seen = Detector(args.detector, device=args.device), dict[str, People]()
    for pair in pairs:
        with Console(stderr=True).status(f"{pair.refiner.name}: rendered clips"):
            calibrated = calibrate_rendered(args.folder, Models(detector, *pair), chosen, seen)
        yield f"{pair.lifter.name}, {pair.refiner.name}", calibrated
