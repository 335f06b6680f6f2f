"""`d3p batch`: the whole pipeline on a folder of videos."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.run import add_pipeline_arguments, options

if TYPE_CHECKING:
    from app.batch.clips import Clip, LeftOut
    from app.batch.outcome import Outcome, Treatment
    from app.batch.pool import Watcher

LISTED = 10  # of what is left out, on the console; the report lists all

_OUTPUT = """\
writes
  DIR/report.html, report.json   what became of every clip
  DIR/PATH/CLIP.mp4/             for each clip, under its path in FOLDER: what `d3p run` writes, and
      log.txt                    what happened, and when
      done.json, failed.json     what the results were made of, or why there are none

What is no video is left out, and named with the reason on the console, in the report and by --dry-run.
A clip is skipped if its results are whole and were made of the same video, options, versions and weights; one that
failed is tried again if any of these has changed, or with --redo. The exit code is 1 if a clip failed, and 0 if none
did.
"""


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "batch",
        help="a folder of videos",
        description="Process all videos in a folder and below it; go on where an earlier run stopped.",
        epilog=_OUTPUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="clips at a time (default: 1; with --ray, one a GPU or core of the cluster)",
    )
    parser.add_argument(
        "--ray", metavar="ADDRESS",
        help="work on a Ray cluster: HOST:PORT of its head, or auto on one of its nodes; every node sees FOLDER and "
        "DIR",
    )  # fmt: skip
    parser.add_argument("--include", nargs="+", default=[], metavar="PATTERN", help="only these, such as '*.mov'")
    parser.add_argument("--exclude", nargs="+", default=[], metavar="PATTERN", help="not these")
    parser.add_argument("--to", metavar="FORMATS", help="export as well, see `d3p export --help`; comma-separated")
    parser.add_argument("--redo", action="store_true", help="also what is done already")
    parser.add_argument("--dry-run", action="store_true", help="only list what would be done")
    add_pipeline_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command; returns the exit code.

    Raises:
        ConfigError, SetupError, WeightsError: nothing could be begun.
    """
    from rich.console import Console

    from app.batch import marker
    from app.batch.clips import find_clips
    from app.batch.outcome import Treatment, known, sum_up
    from app.batch.report import write_report
    from app.export import parse_formats
    from app.outputs import check_output_folder
    from estimators import openmmlab
    from estimators.devices import resolve_device
    from estimators.errors import ConfigError

    if args.workers is not None and args.workers < 1:
        raise ConfigError(f"The number of workers must be at least 1, not {args.workers}.")
    console, chosen = Console(), options(args)
    exports = () if args.to is None else tuple(parse_formats(args.to))
    if args.ray is None:
        resolve_device(chosen.device)
        openmmlab.require()
    found = find_clips(args.folder, args.output, args.include, args.exclude)
    clips = found.clips
    check_output_folder(args.output)
    started = time.perf_counter()
    treatment = Treatment(chosen, exports, marker.recipe(chosen, exports))
    before = {} if args.redo else {clip: outcome for clip in clips if (outcome := known(clip, treatment.recipe))}
    todo = [clip for clip in clips if clip not in before]
    if args.dry_run:
        for clip in clips:
            state = "to do" if clip not in before else "done" if before[clip].status == "skipped" else "failed"
            console.print(f"{state:6} {clip.name}", markup=False, highlight=False, soft_wrap=True)
        _print_left_out(console, found.left_out, len(found.left_out))
        return 0
    _print_left_out(console, found.left_out, LISTED)
    outcomes = list(before.values())
    for outcome in outcomes:
        if outcome.status == "failed":
            console.print(f"failed before, unchanged: {outcome.name}: {outcome.error}", markup=False, highlight=False)
    outcomes += _work_through(console, todo, treatment, args.workers, args.ray)
    seconds = time.perf_counter() - started
    _, page = write_report(args.output, clips, outcomes, treatment.recipe, seconds, found.left_out)
    counts = sum_up(outcomes)
    console.print(", ".join(f"{count} {status}" for status, count in counts.items()) + f"; {page}", highlight=False)
    return 1 if counts["failed"] else 0


def _print_left_out(console: Any, left_out: list[LeftOut], most: int) -> None:
    """A line each, for so many at most."""
    for one in left_out[:most]:
        console.print(f"left out {one.name}: {one.why}", markup=False, highlight=False, soft_wrap=True)
    if len(left_out) > most:
        console.print(f"left out as well: {len(left_out) - most} more, all named in the report", highlight=False)


def _work_through(
    console: Any, todo: list[Clip], treatment: Treatment, workers: int | None, ray: str | None
) -> list[Outcome]:
    """Show a bar for the batch and one for each clip at work; without a terminal, a line for each clip."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    if not todo:
        return []
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    outcomes = []
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:
        whole = bars.add_task("clips", total=len(todo))
        tasks: dict[str, TaskID] = {}

        def watch(name: str, stage: str, done: int, total: int | None) -> None:
            if not stage:
                if name in tasks:
                    bars.remove_task(tasks.pop(name))
                return
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], description=f"{name}: {stage}", completed=done, total=total)

        for outcome in _run(todo, treatment, workers, ray, watch):
            outcomes.append(outcome)
            bars.update(whole, advance=1)
            console.print(_line(outcome, len(outcomes), len(todo)), markup=False, highlight=False, soft_wrap=True)
    return outcomes


def _run(
    todo: list[Clip], treatment: Treatment, workers: int | None, ray: str | None, watch: Watcher
) -> Iterator[Outcome]:
    from app.batch.pool import run_here, run_on
    from app.batch.processes import Processes

    if ray is not None:
        from app.batch.ray_cluster import RayActors

        return run_on(lambda: RayActors(treatment, ray, workers), todo, watch)
    if (workers or 1) == 1:
        return run_here(todo, treatment, watch)
    return run_on(lambda: Processes(treatment, min(workers or 1, len(todo))), todo, watch)


def _line(outcome: Outcome, number: int, count: int) -> str:
    if outcome.status == "failed":
        return f"{number}/{count} FAILED {outcome.name}: {outcome.error}"
    return f"{number}/{count} {outcome.name}: {outcome.frames} frames, {outcome.seconds:.1f} s"
