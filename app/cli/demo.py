"""`d3p demo`: the whole pipeline on bundled clips, compared with their exact ground truth."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.cli.run import add_pipeline_arguments, options
from estimators.errors import ConfigError, DataError

if TYPE_CHECKING:
    from app.motion import Motion
    from demo_videos.truth import Truth


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

    from app import pipeline
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
        rows[name] = compare(result.motion, load_truth(truth))
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


@dataclass(frozen=True)
class Errors:
    """Mean errors over the frames in which the person was found, in millimetres (acceleration in m/s^2)."""

    mpjpe: float
    p_mpjpe: float
    acceleration: float


def compare(motion: Motion, truth: Truth) -> dict[str, Errors]:
    """Errors of "lifted" and, if there is one, "refined" against the truth. The clips show one person: the one found
    in most frames is compared.

    Raises:
        DataError: the truth is of another clip.
    """
    from refiner.evaluation.metrics import acceleration_error, mpjpe, p_mpjpe

    if len(truth) != len(motion):
        raise DataError(f"The ground truth has {len(truth)} frames and the video {len(motion)}: not of one clip.")
    person = max(motion.people, key=lambda one: one.present.sum())
    joints = truth.joints_3d.astype(np.float64)
    target = joints - joints[:, :1]
    found = {}
    for name, poses in (("lifted", person.lifted), ("refined", person.refined)):
        if poses is None:
            continue
        seen = poses[person.present].astype(np.float64)
        stretches = [run for run in person.runs() if run.stop - run.start > 2]
        bends = [float(acceleration_error(poses[run].astype(np.float64), target[run])) for run in stretches]
        weights = [run.stop - run.start - 2 for run in stretches]
        found[name] = Errors(
            mpjpe=1000 * float(mpjpe(seen, target[person.present])),
            p_mpjpe=1000 * float(p_mpjpe(seen, target[person.present])),
            acceleration=float(np.average(bends, weights=weights)) * float(motion.fps) ** 2 if bends else np.nan,
        )
    return found


def error_table(rows: dict[str, dict[str, Errors]]) -> Any:
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
