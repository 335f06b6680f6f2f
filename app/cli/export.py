"""`d3p export`: a motion as files of other programs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.export import FORMATS
from estimators.numbers import number

_NAMES = """\

files are called as the motion file, NAME.FORMAT; where a format holds one person and there are several,
NAME_personID.FORMAT
"""


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "export",
        help="a motion in the formats of other programs",
        description="Write a motion.npz in the formats of other programs.",
        epilog="\n".join(["formats", *(f"  {name:<6} {kind.holds}" for name, kind in FORMATS.items()), _NAMES]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("motion", type=Path, metavar="MOTION", help="motion.npz, as written by `d3p run`")
    parser.add_argument("--to", required=True, metavar="FORMATS", help="for instance bvh,glb: see below")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="default: beside MOTION")
    parser.add_argument(
        "--height", type=number, metavar="METRES",
        help="true height of the person seen in most frames; scales the whole clip (default: as estimated)",
    )  # fmt: skip
    parser.add_argument(
        "--space", default="world", metavar="SPACE",
        help="world: upright, floor at y = 0; camera: as in motion.npz (default: world)",
    )  # fmt: skip
    parser.add_argument(
        "--clean-feet", action="store_true",
        help="keep standing feet from sliding: moves the body by centimetres and bends the legs (default: off)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    """Run the command.

    Raises:
        D3PError: an unknown format or space, an impossible height, a file that is no motion.
    """
    from app.export import export, parse_formats
    from app.motion import Motion

    formats = parse_formats(args.to)
    motion = Motion.load(args.motion)
    folder = args.motion.parent if args.output is None else args.output
    for file in export(motion, formats, folder, args.motion.stem, args.space, args.height, args.clean_feet):
        print(file)
