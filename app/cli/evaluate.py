"""d3p evaluate: accuracy on people that no training has seen."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "evaluate",
        help="accuracy on people that no training has seen, from motion capture",
        description="Print MPJPE, P-MPJPE (mm) and Accel (mm/frame^2) of a mean pose, the lifters, smoothers, the linear "
        "baseline and the refiner, for true and for noisy 2D, on the test people of a motion-capture file.",
    )
    parser.add_argument("--data", required=True, help="motion-capture file (.npz)")
    parser.add_argument("--lifter", nargs="+", default=["stcformer-81", "mixste-81"], help="names or paths of weights")
    parser.add_argument("--refiner", nargs="+", help="as many; default: refiner-LIFTER")
    parser.add_argument("--steps", type=int, default=2, help="K, DDIM steps (default 2)")
    parser.add_argument("--every", type=int, default=1, help="use one take in so many (quicker, rougher)")
    parser.add_argument("--split", choices=("val", "test"), default="test", help="which people (default: test)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--cards", action="store_true", help="also write the numbers into the weights' model cards")
    parser.add_argument("--json", help="also write the numbers to this file")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    from rich.console import Console

    from estimators import weights
    from estimators.errors import ConfigError
    from estimators.lifting import Lifter
    from refiner.evaluation.protocol import evaluate
    from refiner.evaluation.tables import card_metrics, markdown
    from refiner.refine import Refiner

    refiners = args.refiner or [f"refiner-{Path(name).stem}" for name in args.lifter]
    if len(refiners) != len(args.lifter):
        raise ConfigError(f"There are {len(args.lifter)} lifters, but {len(refiners)} refiners.")
    results = {}
    for lifter_name, refiner_name in zip(args.lifter, refiners, strict=True):
        lifter, refiner = Lifter.load(lifter_name, args.device), Refiner.load(refiner_name, args.device)
        with Console(stderr=True).status(f"{lifter.name}") as status:
            tables = evaluate(
                args.data, lifter, refiner, args.steps, args.every, args.split,
                on_take=lambda condition, done: status.update(f"{condition}: {done} takes"),
            )  # fmt: skip
        print(f"\n{lifter.name} and {refiner.name}, {args.split} people\n\n{markdown(tables)}")
        results[lifter.name] = {condition: [asdict(row) for row in rows] for condition, rows in tables.items()}
        if args.cards:
            weights.set_metrics(lifter_name, card_metrics(tables, lifter.name))
            weights.set_metrics(refiner_name, card_metrics(tables, f"+ refiner, K={args.steps}"))
    if args.json:
        Path(args.json).write_text(json.dumps(results, indent=2) + "\n")
    return 0
