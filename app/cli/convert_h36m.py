"""`d3p convert-h36m`: the user's own Human3.6M files as one that this project reads."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

_WARNING = """\
These files are pickles, of which arrays are read and nothing is run; one that holds anything else is refused.
Human3.6M's licence lets nobody pass on the data, or what is made of it; this project holds neither.
"""


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "convert-h36m",
        help="your own Human3.6M files as one without pickles",
        description="Make your own copy of Human3.6M readable for `d3p evaluate h36m`.",
        epilog=_WARNING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("poses", type=Path, metavar="POSES", help="data_3d_h36m.npz")
    parser.add_argument("truth", type=Path, metavar="TRUTH_2D", help="data_2d_h36m_gt.npz: the cameras follow from it")
    parser.add_argument(
        "--detected", type=Path, metavar="FILE", help="2D of a detector, data_2d_h36m_cpn_ft_h36m_dbb.npz"
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("h36m.npz"), metavar="FILE", help="default: h36m.npz")


def run(args: argparse.Namespace) -> None:
    """Run the command.

    Raises:
        DataError: the files are not Human3.6M's.
    """
    from refiner.data.convert_human36m import convert_human36m

    counts = convert_human36m(args.poses, args.truth, args.detected, args.output)
    print(f"{args.output}: {counts['sequences']} sequences, {counts['frames']} frames")
