"""Print tables of accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from refiner.evaluation.protocol import Tally


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table: names in the first column, numbers, right-aligned, in the others."""
    head, *body = ["| " + " | ".join(cells) + " |" for cells in (heads, *rows)]
    return "\n".join([head, "|---" + "|---:" * (len(heads) - 1) + "|", *body])


def markdown(tables: dict[str, Tally]) -> str:
    """One Markdown table: a row for each method, three columns for each condition (mm; Accel in mm/frame^2)."""
    heads = [f"{name}: {error}" for name in tables for error in ("MPJPE", "P-MPJPE", "Accel")]
    body = []
    for rows in zip(*(tally.rows() for tally in tables.values()), strict=True):
        numbers = (value for row in rows for value in (row.mpjpe, row.p_mpjpe, row.accel))
        body.append([rows[0].method, *(f"{number:.1f}" for number in numbers)])
    return table(["method", *heads], body)


def card_metrics(tables: dict[str, Tally], method: str) -> dict[str, float]:
    """One method's numbers for a model card: {"true 2D, MPJPE mm": ...}."""
    metrics = {}
    for condition, tally in tables.items():
        row = next(row for row in tally.rows() if row.method == method)
        for name, value in {"MPJPE mm": row.mpjpe, "P-MPJPE mm": row.p_mpjpe, "Accel mm/frame^2": row.accel}.items():
            metrics[f"{condition}, {name}"] = round(value, 1)
    return metrics
