"""`d3p run`: the whole pipeline on one video or several."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from app.cli._arguments import add_option
from app.export import FORMATS
from app.models import Models
from app.options import PRESETS, Options, declared
from estimators.errors import ConfigError, D3PError

_OUTPUT = """\
writes
  DIR/VIDEO/motion.npz         everybody in 2D and 3D, with names, units, frame rate and provenance
  DIR/VIDEO/side_by_side.mp4   input with its 2D overlay | lifted | refined; the input's frame rate, length and sound
  DIR/VIDEO/quality.json       measures before and after refinement that need no ground truth
  DIR/VIDEO/quality.html       the same for people, with plots over time
  DIR/VIDEO/motion.FORMAT      for each format of --to; see `d3p export --help`

VIDEO is the file's name without its suffix, or with it if several of the files have the same one. A video that cannot
be processed does not stop the others; the exit code is then 1 (2 if it is the only one).
"""


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "run",
        help="video in, 3D motion out",
        description="Find people in videos, lift them to 3D, refine the result.",
        epilog=_OUTPUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("videos", type=Path, nargs="+", metavar="VIDEO")
    parser.add_argument("--to", metavar="FORMATS", help=f"export as well: {', '.join(FORMATS)}; comma-separated")
    add_pipeline_arguments(parser)


def add_pipeline_arguments(parser: argparse.ArgumentParser, output: bool = True) -> None:
    """The options of every command that runs the pipeline; without `output`, of one that keeps nothing."""
    if output:
        parser.add_argument("-o", "--output", type=Path, default=Path("out"), metavar="DIR", help="default: out")
    parser.add_argument(
        "--preset", default="best", choices=tuple(PRESETS),
        help="best, or fast: a small refiner, asked once, and a detector that looks "
        f"{PRESETS['fast']['looks']} times a second; {_flags(PRESETS['fast'])} say otherwise (default: best)",
    )  # fmt: skip
    for name in declared():  # None: not given, so that a preset, or the default, says it
        add_option(parser, name, said="default: the preset's" if name in PRESETS["best"] else "", default=None)


def _flags(names: Iterable[str]) -> str:
    *first, last = (f"--{name}" for name in names)
    return f"{', '.join(first)} and {last}"


def run(args: argparse.Namespace) -> int:
    """Run the command; returns the exit code.

    Raises:
        D3PError: anything that a user can cause and that concerns all videos, or the only one.
    """
    from rich.console import Console

    from app import outputs
    from app.cli import in_one_sentence
    from app.cli._console import print_result
    from app.console import ConsoleProgress
    from app.export import parse_formats

    console, chosen, failed = Console(), options(args), 0
    exports = () if args.to is None else parse_formats(args.to)
    folders = result_folders(args.videos, args.output)
    models = Models.load(chosen) if len(folders) > 1 else None  # of one, the video is looked at first
    for video, folder in zip(args.videos, folders, strict=True):
        if models:
            console.print(str(video), style="bold", markup=False, highlight=False, soft_wrap=True)
        try:
            with ConsoleProgress(console) as progress:
                result = outputs.run(video, folder, chosen, progress, models, exports)
        except (D3PError, OSError) as error:
            if models is None:
                raise
            print(f"FAILED {D3PError(str(video))}: {in_one_sentence(error)}", file=sys.stderr)
            failed += 1
        else:
            print_result(console, result)
    if models:
        console.print(f"{len(folders) - failed} done, {failed} failed", highlight=False)
    return 1 if failed else 0


def result_folders(videos: Sequence[Path], output: Path) -> list[Path]:
    """Where the results of each video go; the suffix stays in the names of those that differ in nothing else.

    Raises:
        ConfigError: two would go to the same place.
    """
    stems = Counter(video.stem for video in videos)
    folders = [output / (video.stem if stems[video.stem] == 1 else video.name) for video in videos]
    name, count = Counter(folder.name for folder in folders).most_common(1)[0]
    if count > 1:
        raise ConfigError(
            f"{count} of these videos would have their results in one folder, {name}: run them one by one, each with "
            "its own -o."
        )
    return folders


def options(args: argparse.Namespace) -> Options:
    """The pipeline's options of parsed arguments.

    Raises:
        ConfigError: a value that makes no sense.
    """
    given = {name: value for name in declared() if (value := getattr(args, name)) is not None}
    return Options.preset(args.preset, **given)
