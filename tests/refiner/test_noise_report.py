"""The report compares what a training draws with what was held out, for the bundled files and for one's own."""

from pathlib import Path

import pytest
import torch

from estimators.errors import WeightsError
from refiner.data.measured_noise import MeasuredNoise, Stretch
from refiner.evaluation import noise_report


def write(path: Path, error: float) -> None:
    """A detector whose joints stand too low by a constant, and tremble by `error` person sizes."""
    generator = torch.Generator().manual_seed(0)
    trembling = error * torch.randn(120, 17, 2, generator=generator)
    shape = torch.randn(1, 17, 2, generator=generator).expand(120, 17, 2)
    MeasuredNoise([Stretch(torch.tensor([0.0, 0.02]) + trembling, torch.ones(120, 17), shape, 25.0)]).save(
        path, {"name": path.stem}
    )


def test_what_is_drawn_resembles_what_was_measured(mocap, tmp_path, monkeypatch):
    monkeypatch.setattr(noise_report, "WINDOWS", 24)
    write(tmp_path / "mine.safetensors", 0.02)
    write(tmp_path / "mine-val.safetensors", 0.02)
    found = noise_report.report(str(mocap), str(tmp_path / "mine.safetensors"))
    held_out, drawn = (found[name] for name in ("the detector, held-out clips", "measured, as trainings draw it"))
    middle = noise_report.QUANTILES.index(0.5)
    # the median length of two numbers, each normal with 0.02, and a window's error by a level of its own
    assert held_out["quantiles"][middle] == pytest.approx(0.02 * 1.18, rel=0.1)
    assert drawn["quantiles"][middle] == pytest.approx(held_out["quantiles"][middle], rel=0.5)
    noise_report.picture(found, tmp_path / "noise.png")
    assert (tmp_path / "noise.png").stat().st_size > 1000


def test_a_measurement_that_is_not_there_is_told(mocap, tmp_path):
    write(tmp_path / "mine.safetensors", 0.02)
    with pytest.raises(WeightsError, match=r"mine-val\.safetensors"):
        noise_report.report(str(mocap), str(tmp_path / "mine.safetensors"))
