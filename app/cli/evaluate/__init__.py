"""`d3p evaluate JOB`: accuracy on people that no training has seen, one module a job.

To add a job, write `app/cli/evaluate/NAME.py` with `add_parser(subparsers)` and `run(args)`, and give it a line in
`JOBS`.
"""

from __future__ import annotations

import argparse
import importlib
from typing import Any

# Job -> the line about it in `d3p evaluate --help`.
JOBS: dict[str, str] = {
    "mocap": "lifters, smoothers and refiners on the test people of a motion-capture file",
    "rendered": "the whole pipeline, from pixels, on rendered clips with exact ground truth",
    "detectors": "detectors side by side on rendered clips, with intervals and paired differences",
    "reference": "real views against joints that several cameras have measured",
    "h36m": "Human3.6M's tables, from your own copy",
    "calibrate": "fit how sure the refiner is of its poses, on people that no training has seen",
}


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "evaluate",
        help="accuracy on people that no training has seen",
        description="Measure the accuracy of lifters and refiners on people that no training has seen.",
    )
    jobs = parser.add_subparsers(dest="job", required=True, metavar="JOB")
    for name, line in JOBS.items():
        _module(name).add_parser(jobs, line)


def run(args: argparse.Namespace) -> None:
    """Run the job.

    Raises:
        D3PError: see the jobs.
    """
    _module(args.job).run(args)


def _module(name: str) -> Any:
    return importlib.import_module(f"{__name__}.{name}")
