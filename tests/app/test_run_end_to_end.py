"""`d3p run` and `d3p demo` with the real detector and real networks, on short cuts of the demo clips.

Most of these run with small untrained networks: they test that the parts fit and that files come out right. Accuracy is
tested with the bundled weights.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from app import cli
from app.media.video import VideoReader
from app.motion import Motion
from demo_videos.truth import demo_clips, load_truth, save_truth
from estimators import weights
from estimators.lifting.lifter import build_network
from refiner.evaluation.metrics import mpjpe, p_mpjpe
from refiner.model import RefinerModel
from tests.support.video_files import cut, decode, set_display_matrix, write_video

T = 9  # window of the small networks
CLIPS = demo_clips()
pytestmark = pytest.mark.skipif(not CLIPS, reason="no demo clips in this checkout")


@pytest.fixture(scope="module")
def small_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`stcformer-9` and its refiner: real architectures, a few thousand untrained parameters."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    shared = {"frames": T, "tds_fps": 25, "normalisation": "image"}
    lifter = {"type": "STCFormer", "channels": 32, "depth": 1}
    card = {"kind": "lifter", "architecture": lifter, **shared}
    weights.save(folder / f"stcformer-{T}.safetensors", build_network(lifter).state_dict(), card)
    refiner = {"channels": 32, "depth": 1}
    card = {
        "kind": "refiner",
        "architecture": {"type": "PoseDenoiser", **refiner},
        "lifter": f"stcformer-{T}",
        **shared,
    }
    model = RefinerModel(refiner, "image")
    weights.save(folder / f"refiner-stcformer-{T}.safetensors", model.state_dict(), card)
    return folder


@pytest.fixture
def small(small_weights: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments that choose the small networks."""
    monkeypatch.setenv("D3P_WEIGHTS", str(small_weights))
    monkeypatch.setenv("COLUMNS", "140")
    return ["--frames", str(T), "--device", "cpu"]


def check_outputs(source: Path, folder: Path) -> Motion:
    """The promises about the files of a run: they load, and agree with the input about frames and rate."""
    assert sorted(path.name for path in folder.iterdir()) == [
        "motion.npz", "quality.html", "quality.json", "side_by_side.mp4",
    ]  # fmt: skip
    in_pictures, in_times, in_rate = decode(source)
    out_pictures, out_times, out_rate = decode(folder / "side_by_side.mp4")
    assert len(out_pictures) == len(in_pictures) and out_rate == in_rate
    np.testing.assert_allclose(out_times, in_times, atol=1e-6)
    with np.load(folder / "motion.npz", allow_pickle=False) as stored:
        assert stored["person0/refined"].shape == (len(in_pictures), 17, 3)
    json.loads((folder / "quality.json").read_text())
    return Motion.load(folder / "motion.npz")


@pytest.mark.slow
@pytest.mark.parametrize("frames", [1, T - 4, 2 * T])
def test_lengths_around_the_window(tmp_path: Path, small: list[str], frames: int) -> None:
    """One frame, fewer than T, and exactly k T."""
    source = cut(CLIPS["walker"][0], tmp_path / "clip.mp4", frames)
    assert cli.main(["run", str(source), "-o", str(tmp_path / "out"), *small]) == 0
    motion = check_outputs(source, tmp_path / "out" / "clip")
    assert motion.people[0].counts() == {"detected": frames, "interpolated": 0, "missing": 0}
    for kind, name in (
        ("detector", "thunder+blazepose"),
        ("lifter", "stcformer-9"),
        ("refiner", "refiner-stcformer-9"),
    ):
        assert motion.models[kind]["name"] == name and len(motion.models[kind]["sha256"]) == 64


@pytest.mark.slow
def test_keypoints_lie_on_the_person(tmp_path: Path, small: list[str]) -> None:
    video, truth_file = CLIPS["walker"]
    source = cut(video, tmp_path / "clip.mp4", 20)
    assert cli.main(["run", str(source), "-o", str(tmp_path / "out"), "--no-video", *small]) == 0
    (person,) = Motion.load(tmp_path / "out" / "clip" / "motion.npz").people
    error = np.linalg.norm(person.keypoints_2d - load_truth(truth_file).keypoints_2d[:20], axis=-1)
    assert np.median(error) < 12  # pixels, on a picture of 640 x 480


@pytest.mark.slow
def test_a_phone_held_upright(tmp_path: Path, small: list[str]) -> None:
    """The picture is stored lying on its side, with a tag that says so: as if it were stored upright."""
    upright = cut(CLIPS["walker"][0], tmp_path / "upright.mp4", 10)
    turned = [np.rot90(picture) for picture in VideoReader(upright)]  # counterclockwise: the tag turns it back
    lying = write_video(tmp_path / "lying.mp4", size=(480, 640), rate=25, pictures=turned)
    set_display_matrix(lying, (0, 1, -1, 0))
    for name in ("upright", "lying"):
        assert cli.main(["run", str(tmp_path / f"{name}.mp4"), "-o", str(tmp_path / "out"), *small]) == 0
    one, two = (check_outputs(tmp_path / f"{name}.mp4", tmp_path / "out" / name) for name in ("upright", "lying"))
    assert one.image_size == two.image_size == (640, 480)
    apart = np.linalg.norm(one.people[0].keypoints_2d - two.people[0].keypoints_2d, axis=-1)
    assert np.median(apart) < 3


@pytest.mark.slow
def test_nobody(tmp_path: Path, small: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    wall = np.clip(rng.normal(150, 4, (240, 320, 3)), 0, 255).astype(np.uint8)
    source = write_video(tmp_path / "wall.mp4", size=(320, 240), pictures=[wall] * 6)
    assert cli.main(["run", str(source), "-o", str(tmp_path / "out"), *small]) == 2
    assert capsys.readouterr().err.startswith("error: Nobody")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_somebody_for_half_of_the_clip(tmp_path: Path, small: list[str]) -> None:
    shown = list(islice(VideoReader(CLIPS["walker"][0]), 15))
    grey = [np.full_like(shown[0], 128)] * 15
    source = write_video(tmp_path / "half.mp4", size=(640, 480), rate=25, pictures=grey + shown)
    assert cli.main(["run", str(source), "-o", str(tmp_path / "out"), *small]) == 0
    (person,) = check_outputs(source, tmp_path / "out" / "half").people
    assert not person.present[:15].any() and person.present[17:].all()
    assert np.isnan(person.lifted[:15]).all()


@pytest.mark.slow
def test_demo_prints_millimetres(
    tmp_path: Path, small: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    video, truth_file = CLIPS["walker"]
    truth = load_truth(truth_file)
    arrays = {name: getattr(truth, name)[:20] for name in ("joints_3d", "keypoints_2d", "coco_2d")}
    save_truth(tmp_path / "walker.npz", replace(truth, **arrays))
    clips = {"walker": (cut(video, tmp_path / "walker.mp4", 20), tmp_path / "walker.npz")}
    monkeypatch.setattr("demo_videos.truth.demo_clips", lambda: clips)
    assert cli.main(["demo", "-o", str(tmp_path / "out"), *small]) == 0
    printed = capsys.readouterr().out
    assert "MPJPE mm" in printed and "P-MPJPE mm" in printed
    row = [line for line in printed.splitlines() if line.strip().startswith("walker ")][-1].split()
    (person,) = Motion.load(tmp_path / "out" / "walker" / "motion.npz").people
    joints = arrays["joints_3d"] - arrays["joints_3d"][:, :1]
    for column, error in ((1, mpjpe), (4, p_mpjpe)):  # "lifted → refined", two words more
        expected = [1000 * error(poses, joints) for poses in (person.lifted, person.best)]
        np.testing.assert_allclose([float(row[column]), float(row[column + 2])], expected, atol=0.06, err_msg=printed)


@pytest.mark.slow
@pytest.mark.skipif(
    not {"stcformer-81", "refiner-stcformer-81"} <= set(weights.available()),
    reason="no trained weights in this checkout",
)
def test_bundled_weights_are_accurate(tmp_path: Path) -> None:
    """From pixels to millimetres; the mean pose is some 195 mm off after Procrustes alignment."""
    from app import outputs
    from app.evaluation.accuracy import compare
    from app.options import Options

    video, truth_file = CLIPS["walker"]
    truth = load_truth(truth_file)
    result = outputs.run(cut(video, tmp_path / "clip.mp4", 60), tmp_path / "out", Options(device="cpu", video=False))
    start = replace(truth, joints_3d=truth.joints_3d[:60], keypoints_2d=truth.keypoints_2d[:60])
    measured = compare(result.motion, start)
    assert measured.found > 0.95 and measured.keypoint_error < 8
    for name in ("lifted", "refined"):
        errors = measured.errors(name)
        assert errors.p_mpjpe < 80 and errors.mpjpe < 140
    quality = result.quality["people"][0]
    assert quality["refined"]["reprojection_error"] < 15
