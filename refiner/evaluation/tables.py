"""Print tables of accuracy."""

from __future__ import annotations

from refiner.evaluation.protocol import Row


def markdown(tables: dict[str, list[Row]]) -> str:
    """One markdown table: a row for each method, three columns for each condition (mm; Accel in mm/frame^2)."""
    conditions = list(tables)
    head = ["method"] + [f"{name}: {what}" for name in conditions for what in ("MPJPE", "P-MPJPE", "Accel")]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for rows in zip(*tables.values(), strict=True):
        numbers = [f"{value:.1f}" for row in rows for value in (row.mpjpe, row.p_mpjpe, row.accel)]
        lines.append("| " + " | ".join([rows[0].method, *numbers]) + " |")
    return "\n".join(lines)
