"""Tables of accuracy as Markdown, and as the numbers of a model card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from refiner.evaluation.metrics import MEASURES
from refiner.evaluation.tally import Tally


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: names in the first column, numbers, right-aligned, in the others."""
    head, *body = ["| " + " | ".join(cells) + " |" for cells in (heads, *rows)]
    return "\n".join([head, "|---" + "|---:" * (len(heads) - 1) + "|", *body])


def markdown(tables: Mapping[str, Tally]) -> str:
    """One Markdown table: a row for each method, the columns of `MEASURES` for each condition."""
    heads = [f"{condition}: {measure.name}" for condition in tables for measure in MEASURES]
    body = []
    for rows in zip(*(tally.rows() for tally in tables.values()), strict=True):
        numbers = (getattr(row, measure.field) for row in rows for measure in MEASURES)
        body.append([rows[0].method, *(f"{number:.1f}" for number in numbers)])
    return table(["method", *heads], body)


def card_metrics(tables: Mapping[str, Tally], method: str) -> dict[str, float]:
    """One method's numbers for a model card: {"true 2D, MPJPE mm": ...}."""
    metrics = {}
    for condition, tally in tables.items():
        row = next(row for row in tally.rows() if row.method == method)
        for measure in MEASURES:
            metrics[f"{condition}, {measure.name} {measure.unit}"] = round(getattr(row, measure.field), 1)
    return metrics
