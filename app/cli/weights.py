"""`d3p weights`: what is bundled, whether it is intact, and detectors that are fetched on request."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from estimators import weights
from estimators.detection import zoo
from estimators.errors import WeightsError

CHECKPOINTS = (".pth", ".pt", ".bin")


def add_parser(subparsers: Any) -> None:
    """Add `weights` and its actions to the command line."""
    parser = subparsers.add_parser("weights", help="list, verify, get or import weights", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="the bundled weights: kind, size, licence, metrics")
    actions.add_parser("verify", help="check every bundled file against the sha256 of its model card")
    get = actions.add_parser("get", help="download one of mmpose's detectors, so that --detector finds it offline")
    get.add_argument("model", help=f"{', '.join(zoo.ALIASES)}, or a full name of mmpose's model index")
    importer = actions.add_parser(
        "import",
        help="published MixSTE and STCFormer checkpoints, or the bundled detector's TFLite file, as weights of ours",
    )
    importer.add_argument(
        "file", type=Path, help="a .pth, .pt or .bin checkpoint; or the TFLite file, or an archive of it"
    )
    importer.add_argument("-o", "--output", type=Path, default=Path("weights"), help="folder (default: weights)")
    importer.add_argument("--frames", type=int, metavar="T", help="window that an STCFormer was trained with")


def run(args: argparse.Namespace) -> None:
    """Carry out `args.action`.

    Raises:
        WeightsError: damaged, missing or unknown weights, or a download that failed.
    """
    match args.action:
        case "list":
            list_weights()
        case "verify":
            verify_weights()
        case "get":
            get_detector(args.model)
        case "import":
            if args.file.suffix in CHECKPOINTS:
                import_lifter(args.file, args.output, args.frames)
            else:
                import_movenet(args.file, args.output)


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
        metrics = "\n".join(f"{key} {value}" for key, value in _flat({"": card.get("metrics", {})}))
        cells = (name, str(card.get("kind", "?")), megabytes, str(card.get("licence", "?")), metrics)
        table.add_row(*map(escape, cells))
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


def get_detector(name: str) -> None:
    """Download the checkpoint of one of mmpose's models, unless it is there already, and print where it lies."""
    model = zoo.find(name)
    if model is None:
        raise WeightsError(f"mmpose has no 2D body model {name!r}; short names are {', '.join(zoo.ALIASES)}.")
    print(zoo.fetch(model))


def import_lifter(file: Path, output: Path, frames: int | None) -> None:
    """Convert a published lifter's checkpoint, and print what was written and how it is used."""
    from estimators.lifting.import_published import import_lifter as convert  # pulls in torch

    path, card = convert(file, output, frames)
    print(f"{path}  sha256 {card['sha256']}")
    print(f"d3p run VIDEO --lifter {path} --no-refine      (a refiner for it has to be trained)")


def import_movenet(file: Path, output: Path) -> None:
    """Convert Google's TFLite file, or the one in an archive, and print what was written."""
    from estimators.detection.movenet.convert_multipose import (
        convert_file,  # pulls in mmpose: seconds that `list` need not wait
    )

    path, card = convert_file(file, output)
    print(f"{path}  sha256 {card['sha256']}")


def _flat(metrics: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of nested metrics with dotted names."""
    for key, value in metrics.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}." if key else prefix)
        else:
            yield f"{prefix}{key}", value
