"""Options that several jobs of `d3p evaluate` have, and what is common to their results."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli._arguments import add_device, add_option, add_steps, at_least_one

if TYPE_CHECKING:
    from app.options import Options
    from estimators.lifting import Lifter, PictureLifter
    from refiner.evaluation.pairs import Pair


def add_pairs(parser: argparse.ArgumentParser) -> None:
    """Which lifters and refiners, K, on which device, and where the numbers go."""
    parser.add_argument(
        "--lifter", nargs="+", metavar="WEIGHTS", help="names or paths (default: stcformer-81 mixste-81)"
    )
    parser.add_argument("--refiner", nargs="+", metavar="WEIGHTS", help="as many; default: refiner-LIFTER")
    add_steps(parser)
    add_device(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers to this file")


def add_people(parser: argparse.ArgumentParser) -> None:
    """The motion-capture file, and whom of it."""
    parser.add_argument("mocap", nargs="+", metavar="FILE", help="motion-capture file (.npz), or several")
    parser.add_argument(
        "--every", type=at_least_one, default=1, metavar="N", help="use one take in so many (quicker, rougher)"
    )
    parser.add_argument("--split", choices=("val", "test"), default="test", help="which people (default: test)")


def add_clips(parser: argparse.ArgumentParser) -> None:
    """The folder of clips, and how the pipeline goes over them."""
    parser.add_argument("folder", metavar="FOLDER", help="clips that `python -m demo_videos.suite` has rendered")
    add_option(parser, "detector")
    add_option(parser, "looks")


def add_plot(parser: argparse.ArgumentParser) -> None:
    """Where the coverage is drawn."""
    parser.add_argument("--plot", metavar="SVG", help="draw what bands of sigma of all widths cover")


def add_keep(parser: argparse.ArgumentParser) -> None:
    """Where what detectors find is kept, see `app.evaluation.kept`."""
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER",
        help="keep there what detectors find, clip by clip: a stopped job goes on, and another lifter is quick",
    )  # fmt: skip
    parser.add_argument("--stale", action="store_true", help="take what is kept, though the code has changed since")


def load_pairs(args: argparse.Namespace) -> list[Pair[Lifter]]:
    """The lifters and refiners that the arguments name.

    Raises:
        ConfigError: their numbers differ, or there is no such device or no folder for `--json`. WeightsError: see
            `Lifter`.
    """
    from refiner.evaluation.pairs import DEFAULT_LIFTERS, load_pairs

    check_file(args.json)
    return load_pairs(args.lifter or DEFAULT_LIFTERS, args.refiner, args.device)


def load_pairs_for_pictures(args: argparse.Namespace) -> list[Pair[Lifter | PictureLifter]]:
    """As `load_pairs`, for videos: any lifters, if the detector gives them what they need."""
    from estimators.lifting.picture import check_detector
    from refiner.evaluation.pairs import DEFAULT_LIFTERS, load_pairs_for_pictures

    check_file(args.json)
    for lifter in args.lifter or ():
        check_detector(lifter, args.detector)
    return load_pairs_for_pictures(args.lifter or DEFAULT_LIFTERS, args.refiner, args.device)


def check_file(path: Path | None) -> None:
    """That something can be written there, before hours have gone by.

    Raises:
        ConfigError: there is no folder for it, or it is one.
    """
    from estimators.errors import ConfigError

    if path and not path.absolute().parent.is_dir():
        raise ConfigError(f"There is no folder for {path}.")
    if path and path.is_dir():
        raise ConfigError(f"{path} is a folder; name a file.")


def options(args: argparse.Namespace) -> Options:
    """How the pipeline goes over clips, see `add_clips`.

    Raises:
        ConfigError: they make no sense.
    """
    from app.options import Options

    return Options(detector=args.detector, steps=args.steps, looks=args.looks, device=args.device)


def write_json(path: Path | None, results: Mapping[str, Any]) -> None:
    """Write numbers, if they are asked for."""
    from estimators.files import complete_file

    if path:
        with complete_file(path) as temporary:
            temporary.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
