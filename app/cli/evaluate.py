"""d3p evaluate: accuracy on people that no training has seen, from motion capture or from pixels."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli._arguments import add_device

if TYPE_CHECKING:
    from app.people import People
    from estimators.lifting import Lifter
    from refiner.evaluation.calibration import Samples
    from refiner.evaluation.report import Evaluated
    from refiner.refiner import Refiner
    from refiner.uncertainty import Calibration


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "evaluate",
        help="accuracy on people that no training has seen, from motion capture or from pixels",
        description="With --data, print MPJPE, P-MPJPE (mm) and Accel (mm/frame^2) of a mean pose, the lifters, smoothers, "
        "the linear baseline and the refiner, for true and for detected 2D, on the test people of a motion-capture file. With "
        "--rendered, run the whole pipeline on rendered clips and compare it with their ground truth. With --h36m, print "
        "Human3.6M's tables.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--data", help="motion-capture file (.npz)")
    what.add_argument("--rendered", metavar="FOLDER", help="clips that `python -m demo_videos.suite` has rendered")
    what.add_argument(
        "--h36m", metavar="FILE", help="your own Human3.6M, from `d3p convert-h36m`: S9 and S11, 15 actions"
    )
    parser.add_argument("--lifter", nargs="+", default=["stcformer-81", "mixste-81"], help="names or paths of weights")
    parser.add_argument("--refiner", nargs="+", help="as many; default: refiner-LIFTER")
    parser.add_argument("--steps", type=int, default=2, help="K, DDIM steps (default 2)")
    parser.add_argument(
        "--looks", type=int, default=0, metavar="N", help="for --rendered: as for `d3p run` (default: 0)"
    )
    parser.add_argument("--every", type=int, default=1, help="use one take in so many (quicker, rougher)")
    parser.add_argument("--split", choices=("val", "test"), default="test", help="which people (default: test)")
    parser.add_argument("--detector", default="movenet", help="for --rendered (default: movenet)")
    add_device(parser)
    parser.add_argument("--cards", action="store_true", help="also write the numbers into the weights' model cards")
    parser.add_argument(
        "--calibrate", action="store_true",
        help="fit the refiner's sigma and write it into its card: with --data on the validation people, then with --rendered "
        "on clips of them; prints how much its bands cover",
    )  # fmt: skip
    parser.add_argument(
        "--plot", metavar="SVG", help="with --calibrate or --rendered: draw what bands of sigma of all widths cover"
    )
    parser.add_argument(
        "--report", metavar="FOLDER", type=Path,
        help="with --data: write the paper's tables (by activity; what each part gives, and with the first pair, each step and guidance; "
        "sizes; seeds, if a lifter has several refiners) and its histogram of errors there",
    )  # fmt: skip
    parser.add_argument("--alone", nargs="+", default=[], help="with --data: lifters to measure beside, not refined")
    parser.add_argument("--json", help="also write the numbers to this file")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    from app.outputs import check_output_folder
    from estimators.devices import resolve_device
    from estimators.errors import ConfigError
    from estimators.lifting import Lifter
    from refiner import diffusion
    from refiner.evaluation import report
    from refiner.refiner import Refiner

    refiners = args.refiner or [f"refiner-{Path(name).stem}" for name in args.lifter]
    if len(refiners) != len(args.lifter):
        raise ConfigError(f"There are {len(args.lifter)} lifters, but {len(refiners)} refiners.")
    if args.every < 1 or not 1 <= args.steps <= diffusion.STEPS:
        raise ConfigError(f"--every is at least 1, and --steps lies between 1 and {diffusion.STEPS}.")
    device = resolve_device(args.device)
    if args.json and not Path(args.json).absolute().parent.is_dir():
        raise ConfigError(f"There is no folder for {args.json}.")
    if args.cards and not args.data:
        raise ConfigError("The cards hold numbers from motion capture: --cards goes with --data.")
    if args.plot and not (args.calibrate or args.rendered):
        raise ConfigError("--plot goes with --calibrate or --rendered.")
    if args.looks and not args.rendered:
        raise ConfigError("--looks goes with --rendered.")
    if (args.report or args.alone) and (args.calibrate or not args.data):
        raise ConfigError("--report and --alone go with --data, and not with --calibrate.")
    if args.report:
        check_output_folder(args.report)
    if args.calibrate and args.h36m:
        raise ConfigError("--calibrate goes with --data or --rendered.")
    lifters = {name: Lifter.load(name, device) for name in args.lifter}
    pairs = [
        (lifters[name], Refiner.load(refiner, device)) for name, refiner in zip(args.lifter, refiners, strict=True)
    ]
    if args.data and not args.calibrate:
        measured = evaluate_mocap(args, pairs)
        results = [pair.numbers() for pair in measured]
        if args.report:
            report.write(measured, args.report, args.split)
            print(f"\nwrote {args.report / 'report.md'}")
    else:
        evaluate = _evaluation(args)
        results = [evaluate(args, lifter, refiner) for lifter, refiner in pairs]
    if args.json:
        named = {
            f"{lifter.name}, {refiner.name}": result for (lifter, refiner), result in zip(pairs, results, strict=True)
        }
        Path(args.json).write_text(json.dumps(named, indent=2) + "\n")
    return 0


def _evaluation(args: argparse.Namespace) -> Callable[[argparse.Namespace, Lifter, Refiner], dict[str, Any]]:
    """What is to be done with each pair."""
    if args.rendered:
        return partial(calibrate_rendered if args.calibrate else evaluate_rendered, seen={})
    return calibrate_simulated if args.data else evaluate_h36m


def evaluate_mocap(args: argparse.Namespace, pairs: Sequence[tuple[Lifter, Refiner]]) -> list[Evaluated]:
    """Print the tables of lifters and their refiners on motion capture."""
    from rich.console import Console

    from estimators import weights
    from estimators.lifting import Lifter
    from refiner.evaluation.protocol import evaluate
    from refiner.evaluation.report import ABLATED_STEPS, Evaluated
    from refiner.evaluation.tables import card_metrics, markdown

    with Console(stderr=True).status("motion capture") as status:
        tables = evaluate(
            args.data, pairs, args.steps, args.every, args.split,
            on_take=lambda condition, done: status.update(f"{condition}: {done} takes"),
            alone=[Lifter.load(name, args.device) for name in args.alone],
            ablate=ABLATED_STEPS if args.report else (),
        )  # fmt: skip
    refined = f"+ refiner, K={args.steps}"
    for (lifter, refiner), table in zip(pairs, tables, strict=True):
        print(f"\n{lifter.name} and {refiner.name}, {args.split} people\n\n{markdown(table)}")
        if args.cards:
            weights.set_in_card(lifter.name, metrics=card_metrics(table, lifter.name))
            if refiner.card["lifter"] == lifter.name:  # and not when it is tried on another's poses
                weights.set_in_card(refiner.name, metrics=card_metrics(table, refined))
    return [Evaluated(*pair, table, refined) for pair, table in zip(pairs, tables, strict=True)]


def evaluate_rendered(
    args: argparse.Namespace, lifter: Lifter, refiner: Refiner, seen: dict[str, People]
) -> dict[str, Any]:
    """Print the table of a lifter on rendered clips; returns it, and every clip's numbers, ready for JSON.

    `seen` keeps what the detector finds, which takes longest, for the next lifter.
    """
    from rich.console import Console

    from app.evaluation import accuracy, ranks, space
    from app.models import Models
    from app.motion import Motion
    from app.options import Options
    from demo_videos.truth import Truth
    from estimators.detection import Detector
    from refiner.evaluation import calibration

    worlds: dict[str, space.WorldErrors] = {}
    covered: dict[str, dict[str, float]] = {}
    runs: list[ranks.Run] = []
    parts: list[Samples] = []

    def look(name: str, motion: Motion, truth: Truth) -> None:
        parts.append(space.samples_of(motion, truth, refiner))
        worlds[name] = space.world_errors(motion, truth)
        covered[name] = space.coverage(motion, truth)
        runs.extend(ranks.runs_of(motion, truth, name))

    models = Models(Detector(args.detector, device=args.device), lifter, refiner)
    with Console(stderr=True).status(f"{lifter.name}") as status:
        results = accuracy.measure(
            args.rendered, models, Options(steps=args.steps, looks=args.looks, device=args.device),
            on_clip=lambda result, done, count: status.update(f"{lifter.name}: {done} of {count} clips"),
            on_motion=look, seen=seen,
        )  # fmt: skip
    groups = accuracy.by_group(results)
    print(f"\n{args.detector}, {lifter.name} and {refiner.name}, lifted → refined\n\n{accuracy.markdown(groups)}")
    if worlds:
        samples = calibration.together(parts)
        pooled = calibration.covered(samples, refiner.calibration)
        print(f"\n{space.markdown(worlds)}\n\n{space.coverage_markdown(covered, pooled)}")
        print(f"\n{ranks.markdown(runs)}\n\n{ranks.markdown(runs, 'acceleration')}")
        if args.plot:
            _draw(args.plot, {"rendered clips": samples}, refiner.calibration)
    clips = {
        result.name: {
            "found": result.found,
            "keypoint_error": result.keypoint_error,
            **{variant: asdict(result.errors(variant)) for variant in result.predicted},
            "world": asdict(worlds[result.name]) if result.name in worlds else None,
            "coverage": covered.get(result.name),
        }
        for result in results
    }
    correlations = {error: ranks.rank_correlations(runs, error) for error in ("mpjpe", "acceleration")}
    return {
        "groups": {name: asdict(summary) for name, summary in groups.items()},
        "clips": clips,
        "ranks": correlations,
    }


def evaluate_h36m(args: argparse.Namespace, lifter: Lifter, refiner: Refiner) -> dict[str, Any]:
    """Print Human3.6M's tables of a lifter; returns the errors ready for JSON."""
    from rich.console import Console

    from refiner.data.human36m import read_human36m
    from refiner.evaluation.human36m import WAYS, evaluate_human36m

    with Console(stderr=True).status(f"{lifter.name}") as status:
        table = evaluate_human36m(
            read_human36m(args.h36m), lifter, refiner, args.steps,
            on_sequence=lambda done: status.update(f"{lifter.name}: {done} sequences"),
        )  # fmt: skip
    for way in WAYS:
        for measure in ("MPJPE", "P-MPJPE"):
            print(
                f"\n{lifter.name} and {refiner.name}, S9 and S11, {measure} mm, {way}\n\n{table.markdown(way, measure)}"
            )
    return table.errors


def calibrate_simulated(args: argparse.Namespace, lifter: Lifter, refiner: Refiner) -> dict[str, Any]:
    """Fit sigma on the validation people of a motion-capture file; returns how much of theirs and of the people of
    `--split` its bands cover."""
    from rich.console import Console

    from refiner.evaluation.calibration import fit, simulated

    samples = {}
    for split in dict.fromkeys(("val", args.split)):
        with Console(stderr=True).status(f"{refiner.name}: {split} people"):
            samples[split] = simulated(args.data, lifter, refiner, split, args.steps, args.every)
    calibration = fit(samples["val"])
    return _keep(args, refiner, calibration, samples)


def calibrate_rendered(
    args: argparse.Namespace, lifter: Lifter, refiner: Refiner, seen: dict[str, People]
) -> dict[str, Any]:
    """Fit how sigma grows where the detector is unsure, on rendered clips; returns how much of them its bands cover.

    `seen` as for `evaluate_rendered`.
    """
    from app.evaluation import accuracy, space
    from app.models import Models
    from app.options import Options
    from estimators.detection import Detector
    from refiner.evaluation.calibration import fit, together

    parts: list[Samples] = []
    models = Models(Detector(args.detector, device=args.device), lifter, refiner)
    accuracy.measure(
        args.rendered, models, Options(steps=args.steps, looks=args.looks, device=args.device),
        on_motion=lambda _, motion, truth: parts.append(space.samples_of(motion, truth, refiner)), seen=seen,
    )  # fmt: skip
    samples = together(parts)
    calibration = fit(samples, refiner.calibration)
    return _keep(args, refiner, calibration, {"rendered": samples})


def _keep(
    args: argparse.Namespace, refiner: Refiner, calibration: Calibration, samples: dict[str, Samples]
) -> dict[str, Any]:
    """Write a calibration into the card; print, draw and return the shares of the samples that its bands cover."""
    from estimators import weights
    from refiner.evaluation.calibration import covered
    from refiner.uncertainty import FIELD

    numbers = {name: round(value, 4) for name, value in asdict(calibration).items()}
    weights.set_in_card(refiner.name, **{FIELD: numbers})
    print(f"{refiner.name}: {numbers}")
    shares = {people: covered(some, calibration) for people, some in samples.items()}
    for people, bands in shares.items():
        print(f"  {people}: " + ", ".join(f"{100 * share:.1f} % within {band}" for band, share in bands.items()))
    if args.plot:
        _draw(args.plot, samples, calibration)
    return {FIELD: numbers, "coverage": shares}


def _draw(path: str, samples: dict[str, Samples], calibration: Calibration) -> None:
    """Draw what share of the samples bands cover, over the share that they should cover."""
    import numpy as np

    from app.quality.plots import coverage
    from estimators.files import complete_file
    from refiner.evaluation.calibration import coverage_curve

    levels = np.linspace(0.02, 0.99, 98)
    drawn = {people: coverage_curve(some, calibration, levels) for people, some in samples.items()}
    with complete_file(path) as temporary:
        temporary.write_text(coverage(levels, drawn), encoding="utf-8")
