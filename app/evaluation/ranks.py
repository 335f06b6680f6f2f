"""Do the measures that need no ground truth rank runs as the true error does? Spearman's rank correlation says.

Is the clip whose measure is worse the one with the larger error? And where refinement lowers the measure more, does it
lower the error more?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import spearmanr

from app.evaluation.accuracy import compare
from app.motion import Motion
from app.quality.measures import quality
from app.quality.table import MEASURES
from demo_videos.truth import Truth
from refiner.evaluation.tables import table

MIN_RATED = 5  # fewer have no ranks worth a number


@dataclass(frozen=True)
class Rated:
    """One set of poses of one clip: measures by name (as in quality.json, and "sigma", "score"), and true errors."""

    clip: str
    variant: str
    measures: Mapping[str, float]
    errors: Mapping[str, float]


def rated_poses(motion: Motion, truth: Truth, clip: str) -> list[Rated]:
    """The lifted and the refined poses of a clip's most seen person, each as a run."""
    person = motion.most_seen
    entry = next(one for one in quality(motion)["people"] if one["id"] == person.id)
    compared = compare(motion, truth, clip)
    found = []
    for variant in compared.predicted:
        measures = {name: _number(entry[variant][name]) for name in MEASURES}
        measures["score"] = -float(person.scores[person.present].mean())  # higher is worse, as for the others
        if variant == "refined" and person.sigma is not None:
            measures["sigma"] = float(person.sigma[person.present, 1:].mean())
        found.append(Rated(clip, variant, measures, asdict(compared.errors(variant))))
    return found


def rank_correlations(runs: Sequence[Rated], error: str = "mpjpe") -> dict[str, dict[str, float]]:
    """By measure and variant: Spearman's correlation with an error over clips; NaN with fewer than `MIN_RATED`.

    The variant "both" pools lifted and refined; "change" asks whether a measure that refinement improves more, relative
    to what it was, belongs to a clip whose error it improves more.
    """
    table: dict[str, dict[str, float]] = {}
    names = sorted({name for run in runs for name in run.measures}, key=[*MEASURES, "score", "sigma"].index)
    for name in names:
        row = {}
        for variant in ("lifted", "refined", "both"):
            chosen = [run for run in runs if variant in (run.variant, "both") and name in run.measures]
            row[variant] = _spearman([run.measures[name] for run in chosen], [run.errors[error] for run in chosen])
        row["change"] = _spearman(*_changes(runs, name, error))
        table[name] = row
    return table


def _changes(runs: Sequence[Rated], name: str, error: str) -> tuple[list[float], list[float]]:
    pairs: dict[str, dict[str, Rated]] = {}
    for run in runs:
        pairs.setdefault(run.clip, {})[run.variant] = run
    measures, errors = [], []
    for pair in pairs.values():
        if set(pair) == {"lifted", "refined"} and all(name in run.measures for run in pair.values()):
            before, after = pair["lifted"], pair["refined"]
            if before.measures[name] > 0 and before.errors[error] > 0:
                measures.append(after.measures[name] / before.measures[name])
                errors.append(after.errors[error] / before.errors[error])
    return measures, errors


def _spearman(one: Sequence[float], other: Sequence[float]) -> float:
    known = np.isfinite(one) & np.isfinite(other)
    if known.sum() < MIN_RATED or np.ptp(np.asarray(one)[known]) == 0:
        return float("nan")
    return float(spearmanr(np.asarray(one)[known], np.asarray(other)[known]).statistic)


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def markdown(runs: Sequence[Rated], error: str = "mpjpe") -> str:
    """A row a measure: correlations with an error over clips."""
    measures = rank_correlations(runs, error)
    columns = ("lifted", "refined", "both", "change")
    rows = (
        [name, *("–" if np.isnan(row[one]) else f"{row[one]:+.2f}" for one in columns)]
        for name, row in measures.items()
    )
    return table([f"rank correlation with {error}", *columns], rows)
