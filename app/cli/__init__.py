"""The command line: `d3p COMMAND`, one module a command.

To add a command, write `app/cli/NAME.py` with `add_parser(subparsers)` and `run(args)`, and give it a line in
`COMMANDS`. A `-` in the command's name is a `_` in the module's. `run` returns an exit code, or nothing for success.
"""

from __future__ import annotations

import argparse
import importlib
import io
import signal
import sys
from collections.abc import Sequence
from typing import Any

from estimators.errors import D3PError

# Command -> the line about it in `d3p --help`, which imports none of them: some pull in torch.
COMMANDS: dict[str, str] = {
    "setup": "once after `pip install`: install mmpose, which pip cannot by itself",
    "demo": "run the pipeline on a bundled clip and compare it with the truth",
    "run": "video in, 3D motion out: motion.npz, side_by_side.mp4, quality.json",
    "export": "a motion as BVH, GLB, TRC, C3D, CSV, JSON",
    "app": "the browser app",
    "batch": "the same for a folder of videos: resumable, several at a time, with a report",
    "evaluate": "accuracy on people that no training has seen, from motion capture, pixels or Human3.6M",
    "refine": "poses of any other lifter, refined",
    "convert-h36m": "your own Human3.6M files as one without pickles",
    "train": "train a lifter or a refiner from a config",
    "bench": "speed and memory of every stage",
    "weights": "list, verify, get or import weights",
}

USER_ERROR, INTERRUPTED, TERMINATED = 2, 130, 143


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for a user's error (one sentence on stderr), 130 for Ctrl-C."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names of files may be no text
    args = build_parser(argv[0] if argv else None).parse_args(argv)
    try:
        signal.signal(signal.SIGTERM, _terminate)  # so that a terminated run cleans up, as an interrupted one does
        return int(_module(args.command).run(args) or 0)
    except (D3PError, OSError) as error:
        print(f"error: {in_one_sentence(error)}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def in_one_sentence(error: D3PError | OSError) -> str:
    """What the user reads. An OSError, too, is the user's to mend: no right to write, a full disk, a name too long."""
    if isinstance(error, OSError):
        about = f"{error.filename}: " if error.filename else ""
        error = D3PError(f"{about}{error.strerror or error}.")
    return str(error)


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """The parser with all commands, of which only `chosen` is imported and has its arguments."""
    parser = argparse.ArgumentParser(prog="d3p", description="Video to refined 3D human motion. Begin with `d3p demo`.")
    parser.add_argument("--version", action=_Version, help="print which release this is, and end")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, line in COMMANDS.items():
        if name == chosen:
            _module(name).add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=line)
    return parser


class _Version(argparse.Action):
    """Prints the release; it is looked up only then, which takes longer than the rest of `--help`."""

    def __init__(self, option_strings: list[str], dest: str, **more: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **more)

    def __call__(self, parser: argparse.ArgumentParser, *parsed: Any) -> None:
        from app.version import __version__

        print(f"d3p {__version__}")
        parser.exit()


def _module(name: str) -> Any:
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")


def _terminate(number: int, frame: object) -> None:
    raise SystemExit(TERMINATED)
