"""`d3p run`: the whole pipeline on a video."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.cli._arguments import add_device
from app.models import PRESETS, Options

_OUTPUT = """\
writes
  DIR/VIDEO/motion.npz         everybody in 2D and 3D, with names, units, frame rate and provenance
  DIR/VIDEO/side_by_side.mp4   input with its 2D overlay | lifted | refined; the input's frame rate and length
  DIR/VIDEO/quality.json       measures before and after refinement that need no ground truth
  DIR/VIDEO/quality.html       the same for people, with plots over time
  DIR/VIDEO/motion.FORMAT      for each format of --to; see `d3p export --help`
"""


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "run",
        help="video in, 3D motion out",
        description="Find people in a video, lift them to 3D, refine the result.",
        epilog=_OUTPUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("video", type=Path, metavar="VIDEO")
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
        "--focal", type=float, metavar="PIXELS",
        help="focal length of the camera (default: the file's own word, else 1.2 times the longer side)",
    )  # fmt: skip
    add_device(parser)


def run(args: argparse.Namespace) -> None:
    """Run the command.

    Raises:
        D3PError: anything that a user can cause.
    """
    from rich.console import Console

    from app import pipeline
    from app.cli._console import ConsoleProgress, print_result
    from app.export import parse_formats

    console = Console()
    exports = () if args.to is None else parse_formats(args.to)
    with ConsoleProgress(console) as progress:
        result = pipeline.run(args.video, args.output / args.video.stem, options(args), progress, exports=exports)
    print_result(console, result)


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
    )
