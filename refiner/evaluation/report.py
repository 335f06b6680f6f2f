"""The paper's tables and its histogram of errors, for lifters and refiners, as Markdown, JSON and a picture.

Tables I and II (by activity), III (what each part gives: the conditional noise alone, the number of steps, guidance)
and IV (sizes), Fig. 4 (errors before and after), and what papers leave out: how often refinement hurts, and what
another seed changes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from estimators.files import complete_file
from estimators.lifting import Lifter
from refiner.evaluation import tables
from refiner.evaluation.metrics import MEASURES, POSITION, Measure
from refiner.evaluation.mocap import PairAccuracy
from refiner.evaluation.tally import HISTOGRAM
from refiner.refiner import Refiner

ABLATED_STEPS = (1, 2, 3, 5)  # K
TEXT, NUMBERS, PICTURE = "report.md", "report.json", "errors.png"


def write(runs: Sequence[PairAccuracy], folder: Path, people: str) -> None:
    """Write `TEXT`, `NUMBERS` and, last, `PICTURE` into a folder, which is made if need be.

    Args:
        people: who was measured, for the title.

    Raises:
        ConfigError: they cannot be written.
    """
    parts = [f"# Refinement of 3D poses, measured on the {people} people"]
    for run in runs:
        parts += [f"## {run.name}", "What each part gives (Table III); mm, Accel in mm/frame^2."]
        parts += [run.markdown(), _gain(run)]
        for number, measure in zip(("I", "II"), POSITION, strict=True):
            parts += [f"By activity (Table {number}): {measure.name}, {measure.unit}.", by_activity(run, measure)]
    parts += ["## Seeds", *(between_seeds(group) for group in _seeds(runs))] if _seeds(runs) else []
    parts += ["## Sizes (Table IV)", sizes(runs), "## Errors of frames (Fig. 4)", f"![Errors]({PICTURE})"]
    with complete_file(folder / TEXT) as temporary:
        temporary.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    with complete_file(folder / NUMBERS) as temporary:
        temporary.write_text(json.dumps([run.numbers() for run in runs], indent=2) + "\n", encoding="utf-8")
    with complete_file(folder / PICTURE) as temporary:
        picture(runs, temporary)


def by_activity(run: PairAccuracy, measure: Measure) -> str:
    """A Markdown table of one measure: a row an activity and their average, lifted and refined."""
    heads = [head for condition in run.conditions for head in (f"{condition}: lifted", "refined", "change")]
    columns, rows = [], []
    for condition, tally in run.conditions.items():
        for method in (run.lifter.name, run.refined):
            columns.append({**tally.by_activity(method), "all": run.row(condition, method)})
    for activity in columns[0]:
        cells = []
        for lifted, refined in zip(columns[::2], columns[1::2], strict=True):
            before, after = (getattr(column[activity], measure.field) for column in (lifted, refined))
            cells += [f"{before:.1f}", f"{after:.1f}", f"{100 * (after / before - 1):+.0f} %"]
        rows.append([activity, *cells])
    return tables.table(["activity", *heads], rows)


def between_seeds(group: Sequence[PairAccuracy]) -> str:
    """A Markdown table of one lifter's refiners of several seeds: their mean, and half of the range between them."""
    first = group[0]
    title = f"{first.lifter.name}: {', '.join(run.refiner.name for run in group)}; mean ± half of the range."
    heads = [f"{condition}: {measure.name}" for condition in first.conditions for measure in MEASURES]
    rows = []
    for method in (first.lifter.name, first.refined):
        cells = []
        for condition in first.conditions:
            for measure in MEASURES:
                values = [getattr(run.row(condition, method), measure.field) for run in group]
                cells.append(f"{np.mean(values):.1f} ± {np.ptp(values) / 2:.1f}")
        rows.append([method, *cells])
    return f"{title}\n\n{tables.table(['method', *heads], rows)}"


def sizes(runs: Sequence[PairAccuracy]) -> str:
    """A Markdown table: parameters and floating-point operations of every network."""
    rows: dict[str, list[str]] = {}
    for model in (model for run in runs for model in (run.lifter, run.refiner)):
        if model.name not in rows:
            network = model.network if isinstance(model, Lifter) else model.model.network
            count = sum(parameter.numel() for parameter in network.parameters())
            depth, flops = model.card["architecture"]["depth"], operations(model) / 1e6
            rows[model.name] = [model.name, str(model.frames), str(depth), f"{count:,}", f"{flops:.1f}"]
    return tables.table(["network", "T", "blocks", "parameters", "million FLOPs a frame"], rows.values())


def operations(model: Lifter | Refiner) -> float:
    """Floating-point operations of one pass of the network for a frame; a multiplication and an addition are two."""
    T = model.frames
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        if isinstance(model, Lifter):
            model.network(torch.zeros(1, T, 17, model.normalisation.channels))
        else:
            channels = model.model.channels
            network: nn.Module = model.model.network
            network(torch.zeros(1, T, 17, 3), torch.zeros(1, T, 17, channels), torch.ones(1, dtype=torch.long))
    return counter.get_total_flops() / T


def picture(runs: Sequence[PairAccuracy], path: Path) -> None:
    """Draw how many frames err by how much, before and after: a row a run, a column a condition."""
    from matplotlib.figure import Figure

    conditions = list(runs[0].conditions)
    figure = Figure(figsize=(5 * len(conditions), 2.6 * len(runs)), layout="constrained")
    axes = figure.subplots(len(runs), len(conditions), squeeze=False, sharex=True, sharey=True)
    middles = (HISTOGRAM[1:] + HISTOGRAM[:-1]) / 2
    for row, run in zip(axes, runs, strict=True):
        for axis, (condition, tally) in zip(row, run.conditions.items(), strict=True):
            for method, colour, label in ((run.lifter.name, "0.55", "lifted"), (run.refined, "C0", "refined")):
                shares = 100 * tally.histogram(method)
                axis.fill_between(middles, shares, step="mid", color=colour, alpha=0.25)
                axis.step(middles, shares, where="mid", color=colour, label=label)
            axis.set_title(f"{run.name}, {condition}", fontsize=8)
            axis.set_xlim(0, HISTOGRAM[-1])
    for axis in axes[-1]:
        axis.set_xlabel("MPJPE of a frame, mm (the last bin: more)")
    for axis in axes[:, 0]:
        axis.set_ylabel("% of the frames")
    axes[0, 0].legend(frameon=False)
    figure.savefig(path, dpi=110)


def _gain(run: PairAccuracy) -> str:
    sentences = []
    for condition, tally in run.conditions.items():
        before, after = run.row(condition, run.lifter.name), run.row(condition, run.refined)
        changes = ", ".join(
            f"{measure.name} {100 * (getattr(after, measure.field) / getattr(before, measure.field) - 1):+.0f} %"
            for measure in MEASURES
        )
        share = 100 * tally.worse(run.refined, run.lifter.name)
        sentences.append(f"On {condition}: {changes}; {share:.0f} % of the takes have a larger MPJPE than before.")
    return " ".join(sentences)


def _seeds(runs: Sequence[PairAccuracy]) -> list[list[PairAccuracy]]:
    """Runs of the same lifter with refiners that were trained for it, where there are several."""
    groups: dict[str, list[PairAccuracy]] = {}
    for run in runs:
        if run.lifter.name not in run.refiner.lifters:
            continue
        groups.setdefault(run.lifter.name, []).append(run)
    return [group for group in groups.values() if len(group) > 1]
