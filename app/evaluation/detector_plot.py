"""A picture of detectors side by side: 2D error and MPJPE, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.evaluation.detector_tables import POSES, SIGHT, Comparison
from app.evaluation.intervals import Interval
from estimators.errors import ConfigError
from estimators.files import complete_file

KINDS = (".png", ".svg", ".pdf")


def check_picture(path: str | Path) -> None:
    """That it is a kind of picture that is drawn here.

    Raises:
        ConfigError: it is none.
    """
    if Path(path).suffix.lower() not in KINDS:
        raise ConfigError(f"{path} is not a picture; its name has to end with one of {', '.join(KINDS)}.")


def draw_detectors(path: str | Path, folders: Mapping[str, Comparison]) -> None:
    """Draw a row of two panels for each named folder of clips, into a file of one of `KINDS`.

    Raises:
        ConfigError: it cannot be written.
    """
    from matplotlib.figure import Figure

    rows = max(len(one.measured) + len(one.rows) for one in folders.values())
    figure = Figure(figsize=(9, len(folders) * (1.2 + 0.22 * rows)), layout="constrained")
    panels = figure.subplots(len(folders), 2, squeeze=False)
    for (left, right), (folder, compared) in zip(panels, folders.items(), strict=True):
        _points(left, {name: compared.sight(name)["error"] for name in compared.measured})
        left.set(xlabel=SIGHT["error"][0], title=f"{folder}: {len(compared.names)} clips")
        best = {row: list(compared.poses(*row).values())[-1:] for row in compared.rows}
        _points(right, {", ".join(row): found["mpjpe"] for row, variants in best.items() for found in variants})
        right.set(xlabel=POSES["mpjpe"])
    with complete_file(path) as temporary:
        figure.savefig(temporary, dpi=130)


def _points(axes: Any, intervals: Mapping[str, Interval]) -> None:
    """A point and its interval for each name, the first at the top."""
    for place, one in enumerate(intervals.values()):
        axes.plot([one.low, one.high], [place, place], color="0.6", linewidth=1.5)
        axes.plot([one.value], [place], "o", color="C0", markersize=5)
    axes.set_yticks(range(len(intervals)), list(intervals), fontsize=8)
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
