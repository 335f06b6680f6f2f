"""`python -m refiner.training.curves RUN... --out curves.svg`: how trainings went, and what they cost.

Reads the logs that trainings leave in their work directories, those of resumed ones joined. Draws each one's loss and
validation error over its steps, and prints a table of steps, hours, operations (since those are logged) and the
validation error at the end.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from estimators.errors import ConfigError, D3PError
from estimators.files import complete_file
from refiner.evaluation.tables import table

_LOGS = "*/vis_data/scalars.json"
_MPJPE = re.compile(r"val/(\w+)(?<!_p)_mpjpe")
_COLOURS = {"predicted": "C0", "refined": "C0", "lifted": "0.5", "linear": "C1"}


@dataclass(frozen=True)
class Curve:
    """One training.

    Attributes:
        steps: (K,) at which something was logged.
        loss: (K,) mean over the last steps before.
        hours: spent on steps, by the logged time of one.
        petaflop: operations of all steps, 10^15; NaN if they were not logged.
        validation: (steps (V,), MPJPE mm (V,)) of each pose that is compared: "predicted", or "lifted", "linear",
            "refined".
    """

    name: str
    steps: np.ndarray
    loss: np.ndarray
    hours: float
    petaflop: float
    validation: dict[str, tuple[np.ndarray, np.ndarray]]


def read(folder: str | Path) -> Curve:
    """The logs of a work directory.

    Raises:
        ConfigError: there are none.
    """
    folder = Path(folder)
    logged: dict[int, dict[str, float]] = {}
    validated: dict[int, dict[str, float]] = {}
    for path in sorted(folder.glob(_LOGS)):
        step = 0
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            if "loss" in entry:
                step = int(entry["step"])
                logged[step] = entry  # a resumed training repeats the steps after its checkpoint
            elif step:
                validated[step] = entry
    if not logged:
        raise ConfigError(f"There is no log of a training in {folder}.")
    steps = np.array(sorted(logged))
    entries = [logged[step] for step in steps]
    lengths = np.diff(steps, prepend=0)
    seconds, tflop = (np.array([entry.get(key, np.nan) for entry in entries]) for key in ("time", "tflop"))
    measured = dict.fromkeys(key for entry in validated.values() for key in entry)
    poses = {match[1]: key for key in measured if (match := _MPJPE.fullmatch(key))}
    at = np.array(sorted(validated))
    return Curve(
        folder.name,
        steps,
        np.array([entry["loss"] for entry in entries]),
        float((lengths * seconds).sum()) / 3600,
        float((lengths * tflop).sum()) / 1000,
        {pose: (at, np.array([validated[step][key] for step in at])) for pose, key in poses.items()},
    )


def costs(curves: Sequence[Curve]) -> str:
    """A Markdown table: a row a training, and their sum."""
    rows = [(curve.name, int(curve.steps[-1]), curve.hours, curve.petaflop, _end(curve)) for curve in curves]
    total = ("all", sum(row[1] for row in rows), sum(row[2] for row in rows), sum(row[3] for row in rows), "")
    cells = [
        [name, f"{steps:,}", f"{hours:.2f}", "–" if np.isnan(flop) else f"{flop:.1f}", end]
        for name, steps, hours, flop, end in (*rows, total)
    ]
    return table(["training", "steps", "hours", "10^15 operations", "validation MPJPE, mm"], cells)


def _end(curve: Curve) -> str:
    """The last validation errors, lifted → refined where both are compared."""
    poses = [pose for pose in ("lifted", "refined", "predicted") if pose in curve.validation]
    return " → ".join(f"{curve.validation[pose][1][-1]:.1f}" for pose in poses)


def picture(curves: Sequence[Curve], path: str | Path) -> None:
    """Draw the curves into a .svg or .png, three in a row."""
    from matplotlib.figure import Figure

    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(4.2 * columns, 2.6 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, curve in zip(axes, curves, strict=False):
        axis.plot(curve.steps, curve.loss, color="0.8", linewidth=0.8)
        axis.plot(curve.steps, _smooth(curve.loss), color="0.55", label="loss")
        axis.set_title(f"{curve.name}, {curve.hours:.1f} h", fontsize=9)
        axis.set_ylim(0, 1.1 * float(np.quantile(curve.loss, 0.97)))
        axis.tick_params(labelsize=7)
        right = axis.twinx()
        for pose, (steps, error) in curve.validation.items():
            right.plot(steps, error, "o-", color=_COLOURS.get(pose, "C2"), markersize=3, label=pose)
        right.set_ylim(0, 1.15 * max((error.max() for _, error in curve.validation.values()), default=1))
        right.tick_params(labelsize=7)
        right.legend(fontsize=7, loc="lower left", frameon=False, title="validation MPJPE, mm", title_fontsize=7)
    for axis in axes[len(curves) :]:
        axis.axis("off")
    for axis in axes[-columns:]:
        axis.set_xlabel("step", fontsize=8)
    for axis in axes[::columns]:
        axis.set_ylabel("loss", fontsize=8)
    with complete_file(path) as temporary:
        figure.savefig(temporary, dpi=110)


def _smooth(values: np.ndarray, width: int = 9) -> np.ndarray:
    """A running mean, over fewer values at the ends."""
    box = np.ones(min(width, len(values)))
    return np.convolve(values, box, "same") / np.convolve(np.ones(len(values)), box, "same")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m refiner.training.curves", description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", help="work directories of trainings; others among them are left out")
    parser.add_argument("--out", required=True, help="the picture: .svg or .png")
    args = parser.parse_args()
    curves = [read(folder) for folder in args.runs if any(Path(folder).glob(_LOGS))]
    if not curves:
        raise ConfigError("There is no log of a training in these folders.")
    picture(curves, args.out)
    print(costs(curves))


if __name__ == "__main__":
    try:
        main()
    except D3PError as error:
        sys.exit(f"error: {error}")
