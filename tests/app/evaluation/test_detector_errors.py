"""Measuring a detector: clips are measured once, and added to what a file holds."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from app.evaluation import detector_errors
from estimators.observation import Provenance
from refiner.data.measured_noise import MeasuredNoise, Stretch


def stretch(error_px: float) -> Stretch:
    true = 100 * torch.randn(1, 17, 2, generator=torch.Generator().manual_seed(0)).expand(20, 17, 2)
    return Stretch.of(true + error_px, torch.ones(20, 17), true, 25.0)


def test_a_gap_parts_stretches_and_short_ones_are_left_out() -> None:
    true = np.random.default_rng(0).normal(100, 30, (60, 17, 2))
    provenance = np.full(60, Provenance.DETECTED)
    provenance[[20, 30]] = Provenance.MISSING
    track = SimpleNamespace(keypoints=true + 3, scores=np.ones((60, 17)), provenance=provenance)
    truth = SimpleNamespace(keypoints_2d=true, fps=Fraction(25))
    lengths = [len(found.scores) for found in detector_errors.stretches_of(track, truth)]  # type: ignore[arg-type]
    assert lengths == [20, 29]


def test_clips_are_added_to_those_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "noise.safetensors"
    MeasuredNoise([stretch(1.0)]).save(out, {"name": "noise", "clips": ["a"]})

    def measure(folder: Path, detector: object, leave_out: set[str]) -> tuple[list[Stretch], list[str]]:
        assert leave_out == {"a"}
        return [stretch(2.0), stretch(3.0)], ["b"]

    monkeypatch.setattr(detector_errors, "measure_detector", measure)
    monkeypatch.setattr(detector_errors, "Detector", lambda name: SimpleNamespace(description=lambda: {"name": name}))
    monkeypatch.setattr("sys.argv", ["detector_errors", str(tmp_path), "--out", str(out), "--add"])
    assert detector_errors.main() == 0
    assert len(MeasuredNoise.load(str(out)).stretches) == 3
    assert detector_errors._known(out)[1] == ["a", "b"]


def test_there_must_be_a_file_to_add_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(
        "sys.argv", ["detector_errors", str(tmp_path), "--out", str(tmp_path / "no.safetensors"), "--add"]
    )
    assert detector_errors.main() == 2
    assert "no.safetensors" in capsys.readouterr().err
