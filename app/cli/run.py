"""`d3p run`: the whole pipeline on one video or several."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.cli._arguments import add_device
from app.models import Models
from app.options import PRESETS, ROTATIONS, UNSURE, Options
from estimators.errors import ConfigError, D3PError
from estimators.numbers import number

_OUTPUT = """\
writes
  DIR/VIDEO/motion.npz         everybody in 2D and 3D, with names, units, frame rate and provenance
  DIR/VIDEO/side_by_side.mp4   input with its 2D overlay | lifted | refined; the input's frame rate, length and sound
  DIR/VIDEO/quality.json       measures before and after refinement that need no ground truth
  DIR/VIDEO/quality.html       the same for people, with plots over time
  DIR/VIDEO/motion.FORMAT      for each format of --to; see `d3p export --help`

VIDEO is the file's name without its suffix, or with it if several of the files have the same one. A video that cannot be processed
does not stop the others; the exit code is then 1 (2 if it is the only one).
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
    parser.add_argument(
        "--to", metavar="FORMATS", help="export as well: bvh, glb, trc, c3d, csv, json; comma-separated"
    )
    add_pipeline_arguments(parser)


def add_pipeline_arguments(parser: argparse.ArgumentParser, output: bool = True) -> None:
    """The options of every command that runs the pipeline; without `output`, of one that keeps nothing."""
    if output:
        parser.add_argument("-o", "--output", type=Path, default=Path("out"), metavar="DIR", help="default: out")
    parser.add_argument(
        "--detector", default="movenet", metavar="NAME",
        help="movenet (bundled), rtmpose-t|s|m|l, rtmo-t|s|m|l, any name of mmpose's, or a config (default: movenet)",
    )  # fmt: skip
    parser.add_argument("--checkpoint", metavar="FILE", help="weights of the detector, if --detector is a config")
    parser.add_argument(
        "--preset", default="best", choices=tuple(PRESETS),
        help=f"best, or fast: a small refiner, asked once, and a detector that looks {PRESETS['fast']['looks']} times a second; "
        "--lifter, --frames, --steps and --looks say otherwise (default: best)",
    )  # fmt: skip
    parser.add_argument("--lifter", metavar="NAME", help="stcformer, mixste, or a safetensors file")
    parser.add_argument("--frames", type=int, metavar="T", help="length of the lifter's window: 81 or 27")
    parser.add_argument(
        "--person", default="largest", metavar="WHO", help="largest, all, or the id of a person (default: largest)"
    )
    parser.add_argument("--steps", type=int, metavar="K", help="diffusion steps of the refiner")
    parser.add_argument(
        "--looks", type=int, metavar="N",
        help="about how many times a second the detector looks; joints between are interpolated (0: at every frame)",
    )  # fmt: skip
    parser.add_argument("--no-refine", action="store_true", help="stop after lifting")
    parser.add_argument("--no-video", action="store_true", help="write no side_by_side.mp4")
    parser.add_argument(
        "--focal", type=number, metavar="PIXELS",
        help="focal length of the camera (default: the file's own word, else 1.2 times the longer side)",
    )  # fmt: skip
    parser.add_argument(
        "--rotate", default=UNSURE, choices=ROTATIONS,
        help="turn the pictures by so many degrees clockwise; auto does so if people stand upside down or on their side (default: auto)",
    )  # fmt: skip
    add_device(parser)


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
            f"{count} of these videos would have their results in one folder, {name}: run them one by one, each with its own -o."
        )
    return folders


def options(args: argparse.Namespace) -> Options:
    """The pipeline's options of parsed arguments.

    Raises:
        ConfigError: a value that makes no sense.
    """
    chosen = {key: getattr(args, key) for key in PRESETS[args.preset] if getattr(args, key) is not None}
    return Options(
        **{**PRESETS[args.preset], **chosen},
        detector=args.detector,
        checkpoint=args.checkpoint,
        person=args.person,
        refine=not args.no_refine,
        device=args.device,
        video=not args.no_video,
        focal=args.focal,
        rotate=args.rotate,
    )
