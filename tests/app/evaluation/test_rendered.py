"""Everything that is measured on rendered clips, in one object: tables, numbers, and sigma fitted to them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from app.evaluation.coverage import draw_coverage
from app.evaluation.rendered import calibrate_rendered, evaluate_rendered
from app.models import Models
from app.people import People
from demo_videos.truth import demo_clips
from estimators import weights
from estimators.errors import ConfigError, WeightsError
from refiner.refiner import Refiner
from refiner.uncertainty import Calibration
from tests.support.fakes import FakeDetector, FakeLifter, fake_models

NAME = "refiner-stcformer-27"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One bundled clip; the detector of these tests sees a person in it who stands still."""
    folder = tmp_path_factory.mktemp("clips")
    for file in demo_clips()["hopper"]:
        shutil.copy(file, folder)
    return folder


def test_a_folder_of_clips_is_measured_and_sigma_is_fitted_to_it(folder: Path, tmp_path: Path) -> None:
    models, seen = Models(FakeDetector(), FakeLifter(), Refiner.load(NAME)), dict[str, People]()
    measured = evaluate_rendered(folder, models, seen=seen)
    (clip,) = measured.clips
    assert measured.samples is not None and len(measured.samples.errors) == len(clip.target) > 20
    text = measured.markdown()
    assert "| all | 1 | 100.0 |" in text and "| hopper |" in text and "| of all | " in text
    numbers = json.loads(json.dumps(measured.numbers()))
    assert list(numbers) == ["groups", "clips", "ranks"]
    assert numbers["clips"]["hopper"]["refined"]["mpjpe"] == pytest.approx(clip.errors("refined").mpjpe)
    assert numbers["clips"]["hopper"]["coverage"]["95 %"] == pytest.approx(measured.pooled["95 %"])

    fitted = calibrate_rendered(folder, models, seen=seen)
    assert fitted.coverage["rendered"] == pytest.approx({"68 %": 0.683, "95 %": 0.95}, abs=0.01)
    assert fitted.markdown().startswith(f"{NAME}: ") and "68.3 % within 68 %" in fitted.markdown()
    for kind in ("json", "safetensors"):
        shutil.copy(weights.find(NAME).with_suffix(f".{kind}"), tmp_path)
    fitted.write_card(str(tmp_path / f"{NAME}.safetensors"))
    written = Calibration.of(weights.read_card(tmp_path / f"{NAME}.json"))
    assert written.tail == pytest.approx(fitted.calibration.tail, abs=1e-4)
    with pytest.raises(WeightsError):
        fitted.write_card(str(tmp_path / "nothing.safetensors"))
    draw_coverage(tmp_path / "coverage.svg", fitted.samples, fitted.calibration)
    assert "<svg" in (tmp_path / "coverage.svg").read_text()


def test_without_a_refiner_there_is_no_sigma_to_measure(folder: Path) -> None:
    with pytest.raises(ConfigError, match="without a refiner"):
        evaluate_rendered(folder, fake_models(refine=False))
