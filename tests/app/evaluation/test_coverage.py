"""The drawing of what bands of sigma cover: a curve for each of the samples, the same file for the same numbers."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from app.evaluation.coverage import draw_coverage
from estimators.errors import ConfigError
from refiner.evaluation.calibration import Samples
from refiner.uncertainty import Calibration


def samples(seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    sigma = rng.uniform(0.01, 0.1, size=(50, 17))
    return Samples(
        rng.normal(size=(50, 17, 3)) * sigma[..., None],
        np.stack([np.full((50, 17), 0.01), sigma], axis=2),
        np.zeros(50),
    )


def test_every_sample_has_its_curve_and_the_file_is_always_the_same(tmp_path: Path) -> None:
    drawn = []
    for name, people in (("a", ["clips"]), ("b", ["clips", "<people>"]), ("c", ["clips", "<people>"])):
        path = tmp_path / f"{name}.svg"
        draw_coverage(path, {one: samples(number) for number, one in enumerate(people)}, Calibration())
        drawn.append(path.read_bytes())
    one, two, again = drawn
    assert two == again and one != two
    shapes = [len(list(ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}path"))) for svg in (one, two)]
    assert shapes[1] > shapes[0]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="Cannot write"):
        draw_coverage(tmp_path / "file" / "x.svg", {"clips": samples(0)}, Calibration())
