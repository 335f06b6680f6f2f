"""`python -m refiner.training CONFIG --data mocap17.npz`: the same as `d3p train`; a training also under torchrun."""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path
from typing import Any

from estimators import openmmlab
from estimators.checkpoints import first_line
from estimators.errors import ConfigError, D3PError
from estimators.numbers import number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of a training."""
    parser.add_argument(
        "config",
        help="a Python config file, or the name of one in refiner/training/configs: of a training, or of a plan",
    )
    parser.add_argument("--data", nargs="+", metavar="FILE", help="motion-capture file (.npz), or several")
    parser.add_argument("--work-dir", help="checkpoints and logs (default: runs/NAME)")
    parser.add_argument("--resume", action="store_true", help="continue from the newest checkpoint")
    parser.add_argument(
        "--minutes",
        type=number,
        help="stop, with a checkpoint, when they are over; --resume goes on (exit code 3 if unfinished)",
    )
    parser.add_argument(
        "--export", metavar="FOLDER",
        help="do not train: write the newest checkpoint as weights there; --data fits a refiner's trust",
    )  # fmt: skip
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="override entries of the config")


def main(args: argparse.Namespace) -> int:
    """Run the training that the arguments ask for; returns the exit code."""
    openmmlab.require()  # mmengine runs the trainings
    from refiner.training.config import find_config, load_config
    from refiner.training.export import export
    from refiner.training.plan import UNFINISHED, Plan
    from refiner.training.runner import build_runner

    config = load_config(args.config, dict(_option(text) for text in args.set))
    if not (args.data or args.export):
        raise ConfigError("Give the motion-capture file with --data.")
    work_dir = Path(args.work_dir or Path("runs") / config.name)
    seconds = None if args.minutes is None else 60 * args.minutes
    if config.kind == "plan":
        if args.export:
            raise ConfigError("A plan exports by itself: leave out --export.")
        return 0 if Plan(config, find_config(args.config).parent, args.data, work_dir, seconds).run() else UNFINISHED
    if args.export:
        print(f"wrote {export(config, work_dir, args.export, args.data)}")
        return 0
    runner = build_runner(config, args.data, work_dir, args.resume, seconds)
    try:
        runner.train()
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        if runner.iter:  # it has trained: no entry of the config is to blame
            raise
        raise ConfigError(f"The first step of this training fails: {first_line(error)}") from error
    if runner.iter < runner.max_iters:
        print(f"stopped at step {runner.iter} of {runner.max_iters}; --resume goes on")
        return UNFINISHED
    return 0


def _option(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"--set takes KEY=VALUE, not {text!r}.")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m refiner.training", description=__doc__)
    add_arguments(parser)
    try:
        sys.exit(main(parser.parse_args()))
    except D3PError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
