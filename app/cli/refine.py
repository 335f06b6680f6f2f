"""`d3p refine`: poses of any lifter, refined."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.cli._arguments import add_device


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    from refiner.data import lifted

    parser = subparsers.add_parser(
        "refine",
        help="poses of any other lifter, refined",
        description="Refine poses that another program has lifted.",
        epilog=f"{lifted.__doc__}\nThe output has `refined` (N, 17, 3) metres and `sigma` (N, 17) metres, NaN in frames without a pose.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("poses", type=Path, metavar="FILE", help=".npz of 2D and lifted 3D, see below")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: FILE.refined.npz")
    parser.add_argument(
        "--refiner", default="refiner-stcformer-81", help="name or path of weights (default: %(default)s)"
    )
    parser.add_argument("--steps", type=int, default=2, metavar="K", help="DDIM steps (default: 2)")
    add_device(parser)


def run(args: argparse.Namespace) -> None:
    """Run the command.

    Raises:
        DataError: the input is not as documented. WeightsError, ConfigError: the refiner cannot be had, or K is out of range.
    """
    import numpy as np

    from estimators.files import complete_file
    from refiner.data.lifted import read_lifted
    from refiner.refiner import Refiner

    observed, poses = read_lifted(args.poses)
    refiner = Refiner.load(args.refiner, args.device)
    refined = np.full_like(poses, np.nan)
    sigma = np.full(refined.shape[:2], np.nan, np.float32)
    for run in observed.runs():
        result = refiner.refine(observed.part(run), poses[run], args.steps)
        refined[run], sigma[run] = result.poses, result.sigma
    output = args.output or args.poses.with_suffix(".refined.npz")
    with complete_file(output) as temporary:
        np.savez(temporary, refined=refined, sigma=sigma)
    print(f"{output}: {int(observed.present.sum())} of {len(refined)} frames refined")
