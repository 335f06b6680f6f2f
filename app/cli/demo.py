"""`d3p demo`: the whole pipeline on bundled clips, compared with their exact ground truth."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.run import add_pipeline_arguments, options
from estimators.errors import ConfigError

if TYPE_CHECKING:
    from app.evaluation.accuracy import ClipResult


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

    from app import outputs
    from app.cli._console import print_result
    from app.console import ConsoleProgress
    from app.evaluation import accuracy
    from app.models import Models
    from demo_videos.truth import load_truth

    console, chosen = Console(), options(args)
    clips = choose(args.clip, args.all)
    models = Models.load(chosen)
    results = []
    for name, (video, truth) in clips.items():
        console.print(f"[bold]{name}[/]", highlight=False)
        with ConsoleProgress(console) as progress:
            result = outputs.run(video, args.output / name, chosen, progress, models)
        print_result(console, result)
        results.append(accuracy.compare(result.motion, load_truth(truth), name))
    console.print(error_table(results))


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


def error_table(results: Sequence[ClipResult]) -> Any:
    """A row a clip, lifted → refined."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Error against the truth", title_justify="left")
    table.add_column("Clip")
    for heading in ("MPJPE mm", "P-MPJPE mm", "accel. m/s²", "lag frames", "fast, %"):
        table.add_column(heading, justify="right")
    for result in results:
        errors = [result.errors(variant) for variant in result.predicted]
        movements = [result.movement(variant) for variant in result.predicted]
        table.add_row(
            result.name,
            *(
                " → ".join(f"{getattr(one, name):.1f}" for one in errors)
                for name in ("mpjpe", "p_mpjpe", "acceleration")
            ),
            " → ".join(f"{one.lag:.2f}" for one in movements),
            " → ".join(f"{100 * one.speed_kept:.0f}" for one in movements),
        )
    return table
