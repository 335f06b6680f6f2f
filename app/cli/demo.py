"""`d3p demo`: the whole pipeline on bundled clips, compared with their exact ground truth."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.run import add_pipeline_arguments, options
from estimators.errors import ConfigError

if TYPE_CHECKING:
    from app.benchmark import Errors


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "demo",
        help="the pipeline on a bundled clip",
        description="Run the pipeline on a bundled clip and print the error in millimetres against the truth.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--clip", metavar="NAME", help="which of the bundled clips (default: the first)")
    which.add_argument("--all", action="store_true", help="all of them")
    add_pipeline_arguments(parser)


def run(args: argparse.Namespace) -> None:
    """Run the command.

    Raises:
        ConfigError: no clip of that name, or none at all.
    """
    from rich.console import Console

    from app import benchmark, pipeline
    from app.cli._console import ConsoleProgress, print_result
    from demo_videos.truth import load_truth

    console, chosen = Console(), options(args)
    clips = choose(args.clip, args.all)
    models = pipeline.Models.load(chosen)
    rows = {}
    for name, (video, truth) in clips.items():
        console.print(f"[bold]{name}[/]", highlight=False)
        with ConsoleProgress(console) as progress:
            result = pipeline.run(video, args.output / name, chosen, progress, models)
        print_result(console, result)
        measured = benchmark.compare(result.motion, load_truth(truth), name)
        rows[name] = {variant: measured.errors(variant) for variant in measured.predicted}
    console.print(error_table(rows))


def choose(name: str | None, everything: bool) -> dict[str, tuple[Path, Path]]:
    """The clips asked for: name to (video, ground truth).

    Raises:
        ConfigError: there is none of that name, or none at all.
    """
    from demo_videos.truth import demo_clips

    clips = demo_clips()
    if not clips:
        raise ConfigError("No demo clips are bundled with this installation; use `d3p run VIDEO`.")
    if everything:
        return clips
    name = name or next(iter(clips))
    if name not in clips:
        raise ConfigError(f"There is no demo clip {name!r}; there are {', '.join(clips)}.")
    return {name: clips[name]}


def error_table(rows: Mapping[str, Mapping[str, Errors]]) -> Any:
    """A row a clip, lifted and refined side by side."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Error against the truth", title_justify="left")
    table.add_column("Clip")
    for heading in ("MPJPE mm", "P-MPJPE mm", "acceleration m/s²"):
        table.add_column(heading, justify="right")
    for name, errors in rows.items():
        cells = [
            " → ".join(f"{getattr(one, measure):.1f}" for one in errors.values())
            for measure in ("mpjpe", "p_mpjpe", "acceleration")
        ]
        table.add_row(name, *cells)
    return table
