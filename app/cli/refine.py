"""`d3p refine`: poses of any lifter, refined."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from app.cli._arguments import add_device, add_steps
from estimators.numbers import number

_OUTPUT = """
The output is a motion file: `d3p export` makes BVH, GLB and the others of it. Where the person is, is estimated as in a
run. It has `refined` (N, 17, 3) metres and `sigma` (N, 17) metres besides, NaN in frames without a pose.
"""


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    from refiner.data import lifted

    parser = subparsers.add_parser(
        "refine",
        help="poses of any other lifter, refined",
        description="Refine poses that another program has lifted.",
        epilog=f"{lifted.__doc__}{_OUTPUT}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("poses", type=Path, metavar="FILE", help=".npz of 2D and lifted 3D, see below")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: FILE.refined.npz")
    parser.add_argument(
        "--refiner", default="refiner-stcformer-81", help="name or path of weights (default: %(default)s)"
    )
    add_steps(parser)
    parser.add_argument("--fps", type=number, metavar="RATE", help="frames per second (default: the file's word)")
    parser.add_argument("--size", type=_size, metavar="WxH", help="pixels of the picture (default: the file's word)")
    parser.add_argument(
        "--focal",
        type=number,
        metavar="PIXELS",
        help="focal length of the camera (default: the file's word, else assumed)",
    )
    add_device(parser)


def run(args: argparse.Namespace) -> None:
    """Run the command.

    Raises:
        DataError: the input is not as documented. WeightsError, ConfigError: the refiner cannot be had, or no camera
            has this focal length.
    """
    from app.refining import refine_poses, save_refined, source_of
    from refiner.data.lifted import read_lifted
    from refiner.refiner import Refiner

    observed, poses = read_lifted(args.poses, args.size, args.fps, args.focal)
    refiner = Refiner.load(args.refiner, args.device)
    motion = refine_poses(observed, poses, refiner, args.steps, source_of(args.poses))
    output = save_refined(motion, args.output or args.poses.with_suffix(".refined.npz"))
    print(f"{output}: {int(observed.present.sum())} of {len(observed)} frames refined")


def _size(text: str) -> tuple[int, int]:
    if not re.fullmatch(r"[0-9]{1,6}x[0-9]{1,6}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write one such as 1920x1080.")
    width, height = text.split("x")
    return int(width), int(height)
