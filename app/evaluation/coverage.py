"""What share of errors bands of sigma cover, drawn over the share that they should cover."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from app.quality.plots import coverage
from estimators.files import complete_file
from refiner.evaluation.calibration import Samples, coverage_curve
from refiner.uncertainty import Calibration


def draw_coverage(path: str | Path, samples: Mapping[str, Samples], calibration: Calibration) -> None:
    """Draw a curve for each of the named samples into a .svg file.

    Raises:
        ConfigError: it cannot be written.
    """
    levels = np.linspace(0.02, 0.99, 98)
    drawn = {people: coverage_curve(some, calibration, levels) for people, some in samples.items()}
    with complete_file(path) as temporary:
        temporary.write_text(coverage(levels, drawn), encoding="utf-8")
