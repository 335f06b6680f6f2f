"""What share of errors bands of sigma cover, drawn over the share that they should cover."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from estimators.files import complete_file
from refiner.evaluation.calibration import Samples, coverage_curve
from refiner.uncertainty import Calibration


def draw_coverage(path: str | Path, samples: Mapping[str, Samples], calibration: Calibration) -> None:
    """Draw a curve for each of the named samples into a .svg file: on the diagonal, all is as it should be.

    Raises:
        ConfigError: it cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    levels = np.linspace(0.02, 0.99, 98)
    figure = Figure(figsize=(3.6, 3.6), layout="constrained")
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], "--", color="0.6", linewidth=0.8)
    for level in (0.68, 0.95):
        axis.axvline(level, color="0.85", linewidth=0.8)
    for people, some in samples.items():
        axis.plot(levels, coverage_curve(some, calibration, levels), label=people)
    axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="expected within the band", ylabel="found within the band")
    axis.set_aspect("equal")
    axis.legend(fontsize=8, frameon=False)
    # The same numbers make the same file: names of elements by a fixed salt, no date.
    with complete_file(path) as temporary, rc_context({"svg.hashsalt": "d3p"}):
        figure.savefig(temporary, format="svg", metadata={"Date": None})
