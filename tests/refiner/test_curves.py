"""Training curves and costs, from logs as mmengine writes them."""

import json

import numpy as np
import pytest

from estimators.errors import ConfigError
from refiner.training import curves


def write_log(folder, name, entries):
    path = folder / name / "vis_data" / "scalars.json"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(map(json.dumps, entries)))


@pytest.fixture
def run(tmp_path):
    """Two parts, the second of which repeats step 100, after its checkpoint."""
    first = [{"step": step, "loss": 1 / step, "time": 0.5, "tflop": 2.0} for step in (50, 100)]
    second = [{"step": step, "loss": 2 / step, "time": 1.0, "tflop": 2.0} for step in (100, 150)]
    checked = {"val/refined_mpjpe": 50.0, "val/lifted_mpjpe": 60.0, "val/refined_p_mpjpe": 40.0, "time": 0.1, "step": 0}
    write_log(tmp_path / "run", "20260101_1", first)
    write_log(tmp_path / "run", "20260101_2", [*second, checked])
    return tmp_path / "run"


def test_the_parts_of_a_resumed_training_are_joined(run):
    curve = curves.read(run)
    assert curve.steps.tolist() == [50, 100, 150] and curve.loss[1] == pytest.approx(2 / 100)
    assert curve.hours == pytest.approx((50 * 0.5 + 100 * 1.0) / 3600)
    assert curve.petaflop == pytest.approx(150 * 2 / 1000)
    assert {pose: (at.tolist(), error.tolist()) for pose, (at, error) in curve.validation.items()} == {
        "refined": ([150], [50.0]),
        "lifted": ([150], [60.0]),
    }


def test_the_table_sums_and_the_picture_is_drawn(run, tmp_path):
    both = [curves.read(run), curves.read(run)]
    first, *_, total = curves.costs(both).splitlines()[2:]
    assert first == "| run | 150 | 0.03 | 0.3 | 60.0 → 50.0 |" and total == "| all | 300 | 0.07 | 0.6 |  |"
    curves.picture(both, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_logs_without_operations_and_no_logs_at_all(tmp_path):
    write_log(tmp_path / "old", "20260101_1", [{"step": 50, "loss": 1.0, "time": 0.5}])
    curve = curves.read(tmp_path / "old")
    assert np.isnan(curve.petaflop) and not curve.validation
    assert curves.costs([curve]).splitlines()[-1].endswith("| – |  |")
    with pytest.raises(ConfigError, match="no log of a training"):
        curves.read(tmp_path / "nothing")


def test_the_command_takes_the_trainings_among_a_plans_folders(run, tmp_path, monkeypatch, capsys):
    weights = tmp_path / "weights"
    weights.mkdir()
    out = ["--out", str(tmp_path / "curves.svg")]
    monkeypatch.setattr("sys.argv", ["curves", str(run), str(weights), *out])
    curves.main()
    assert "| run | 150 |" in capsys.readouterr().out and (tmp_path / "curves.svg").is_file()
    monkeypatch.setattr("sys.argv", ["curves", str(weights), *out])
    with pytest.raises(ConfigError, match="in these folders"):
        curves.main()
