"""Real views against a reference: a made-up one says what was made up; the real one is measured where it is at hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from app import outputs
from app.cli import main
from app.evaluation import reference
from estimators.errors import DataError
from tests.support.fakes import fake_models, pictures, use
from tests.support.paths import ROOT
from tests.support.video_files import write_video

REAL = ROOT.parent / "shared" / "data" / "clips"


def turned(degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    return np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])


def write_reference(path: Path, in_camera: np.ndarray, **other: np.ndarray) -> Path:
    """A reference of two views, whose first camera sees (N, 14, 3) `in_camera`; other joints are there as well."""
    rotations = np.stack([turned(30), turned(-50)])
    world = in_camera @ rotations[0] + [1.0, 2.0, 3.0]
    points = np.concatenate([np.full((len(world), 2, 3), np.nan), world[:, ::-1]], axis=1)
    arrays = {
        "points_world_m": points.astype(np.float32),
        "joints": np.array(["Nose", "LHeel", *list(reference.NAMES)[::-1]]),
        "cameras": np.array(["cam1", "cam2"]),
        "R_world_to_cam": rotations,
        "cam_center_m": np.zeros((2, 3)),
    }
    np.savez(path, **{**arrays, **other})
    return path


def body(frames: int = 10) -> np.ndarray:
    rest = np.random.default_rng(3).normal(0, 0.3, (14, 3))
    return np.stack([rest @ turned(10 * frame).T for frame in range(frames)])


def test_a_view_shows_the_reference_as_its_camera_does(tmp_path: Path) -> None:
    poses = body()
    read = reference.load_reference(write_reference(tmp_path / "reference.npz", poses))
    np.testing.assert_allclose(read.of_view("someone_cam1"), reference.rooted(poses), atol=1e-6)
    assert np.abs(read.of_view("someone_cam2") - reference.rooted(poses)).max() > 0.1
    with pytest.raises(DataError, match="no view"):
        read.of_view("someone_cam3")


def test_errors_are_those_put_in_and_an_offset_in_the_persons_axes_can_be_taken_out() -> None:
    target = reference.rooted(body())
    shift = np.zeros((14, 3))
    shift[[2, 5, 8]] = [0.0, 0.07, 0.0]
    predicted = target + np.einsum("nij,ki->nkj", reference._axes(target), shift)
    found = reference.errors_of(predicted, target)
    assert found.mpjpe == pytest.approx(70 * 3 / 14) and found.p_mpjpe > 5
    assert found.mpjpe_no_offset == pytest.approx(0, abs=1e-6) and found.p_mpjpe_no_offset == pytest.approx(0, abs=1e-6)
    in_camera = reference.errors_of(target + np.where(np.arange(14) == 2, 0.07, 0)[:, None], target)
    assert in_camera.mpjpe == pytest.approx(70 * 3**0.5 / 14) and in_camera.mpjpe_no_offset > 1


@pytest.mark.parametrize(
    "lie, message",
    [
        ({"points_world_m": np.zeros((10, 15, 3))}, "not as many"),
        ({"joints": np.array([f"J{i}" for i in range(16)])}, "no joint RHip"),
        ({"R_world_to_cam": np.full((2, 3, 3), np.nan)}, "floating-point"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, lie: dict[str, np.ndarray], message: str) -> None:
    path = write_reference(tmp_path / "reference.npz", body(), **lie)
    with pytest.raises(DataError, match=message):
        reference.load_reference(path)
    with pytest.raises(DataError, match="no reference"):
        reference.load_reference(tmp_path / "none.npz")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    use(monkeypatch, fake_models)
    clip = write_video(tmp_path / "someone_cam1.mp4", size=(160, 120), pictures=pictures([True] * 12))
    person = outputs.run(clip, tmp_path / "out", models=fake_models()).motion.people[0]
    assert person.refined is not None
    truth = person.refined[:, reference.JOINTS].astype(np.float64)
    truth[:, 2] += [0.0, 0.14, 0.0]
    known = truth.copy()
    known[0] = np.nan
    path, told = write_reference(tmp_path / "reference.npz", known), tmp_path / "told.json"
    assert main(["evaluate", "reference", str(clip), str(path), "--detector", "movenet", "--json", str(told)]) == 0
    errors = json.loads(told.read_text())["movenet, stcformer"]["views"]["someone_cam1"]
    assert errors["refined"]["mpjpe"] == pytest.approx(10, abs=0.01)
    shown = capsys.readouterr().out
    assert "| movenet, stcformer, someone_cam1 | 11 of 12 |" in shown and "movenet, stcformer, mean" in shown
    write_reference(path, known[:5])
    assert main(["evaluate", "reference", str(clip), str(path)]) == 2
    assert "not of one recording" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(not (REAL / "balancing_reference.npz").is_file(), reason="the real views are not at hand")
def test_the_real_views_and_their_reference_are_of_one_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    """The networks' own poses, by today's detector: some 100 mm, in shape some 75; another view's would be far off."""
    from app.models import Models
    from app.options import Options

    options = Options(video=False, rotate="0", looks=12, steps=1)
    truth = reference.load_reference(REAL / "balancing_reference.npz")
    (view,) = reference.measure_views([REAL / "balancing_cam02.mp4"], truth, Models.load(options), options)
    assert view.compared == 100
    assert 40 < view.errors["refined"].p_mpjpe < view.errors["refined"].mpjpe < 120
