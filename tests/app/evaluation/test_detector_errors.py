"""Measuring a detector: clips are measured once, and added to what a file holds."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from app import outputs
from app.evaluation import detector_errors
from app.evaluation.kept import Kept
from demo_videos.truth import Truth
from estimators.observation import Observation, Provenance
from refiner.data.measured_noise import MeasuredNoise, Stretch
from tests.app.evaluation.test_accuracy import SIZE, write_truth
from tests.support.fakes import FakeDetector, fake_models, pictures, use
from tests.support.video_files import write_video


def stretch(error_px: float) -> Stretch:
    true = 100 * torch.randn(1, 17, 2, generator=torch.Generator().manual_seed(0)).expand(20, 17, 2)
    return Stretch.of(true + error_px, torch.ones(20, 17), true, 25.0)


def clip(frames: int = 60, missing: tuple[int, ...] = (), **more: Any) -> tuple[Observation, Truth]:
    """A person who turns to the left, found 3 pixels off but for the frames that are missing."""
    rest = np.random.default_rng(0).normal(0, 0.3, (17, 3))
    rest[0], rest[1], rest[4], rest[8] = 0, (-0.1, 0, 0), (0.1, 0, 0), (0, -0.5, 0)
    turns = Rotation.from_rotvec(np.linspace(0, 1, frames)[:, None] * [0, 1, 0]).as_matrix()
    joints = np.einsum("nij,kj->nki", turns, rest) + [0, 0, 4.0]
    points = 100 * joints[..., :2] + 200
    truth = Truth(
        joints_3d=joints, keypoints_2d=points, coco_2d=points, focal=np.full(2, 400.0), center=np.zeros(2),
        rotation=np.eye(3), translation=np.zeros(3), fps=Fraction(25), image_size=SIZE, meta={},
    )  # fmt: skip
    seen = np.full(frames, Provenance.DETECTED, np.uint8)
    seen[list(missing)] = Provenance.MISSING
    keypoints = np.where((seen == Provenance.MISSING)[:, None, None], np.nan, points + 3).astype(np.float32)
    return Observation(
        keypoints, np.ones((frames, 17), np.float32), seen, SIZE, Fraction(25), **{"focal": 400.0, **more}
    ), truth


def test_a_gap_parts_stretches_and_short_ones_are_left_out() -> None:
    track, truth = clip(missing=(20, 30))
    lengths = [len(found.scores) for found in detector_errors.stretches_of(track, truth)]
    assert lengths == [29, 20]
    assert [len(found.scores) for found in detector_errors.stretches_of(track, truth, most=45)] == [29, 16]
    assert [len(found.scores) for found in detector_errors.stretches_of(track, truth, most=35)] == [29]


def test_the_pictures_own_pose_errs_by_what_its_best_scale_leaves() -> None:
    _, truth = clip()
    true = truth.joints_3d - truth.joints_3d[:, :1]
    poses, scores = 0.8 * true, np.full((60, 17), 0.7)
    poses[10], scores[10] = np.nan, 0
    track, truth = clip(pose_3d=poses.astype(np.float32), pose_3d_scores=scores)
    found = detector_errors.picture_errors(track, truth)
    assert np.abs(found["error_3d"]).max() < 1e-6 and np.abs(found["turn_error"]).max() < 1e-6
    assert found["scores_3d"][11, 0] == 0.7 and (found["scores_3d"][10] == 0).all()
    turn = found["turn"]
    poses[:, 16, 2] += 0.1
    error = detector_errors.picture_errors(clip(pose_3d=poses, pose_3d_scores=scores)[0], truth)["error_3d"]
    assert 0.08 < error[0, 16, 2] < 0.14 and np.abs(error[10]).max() == 0
    unturned, truth = clip(pose_3d=poses.astype(np.float32), pose_3d_scores=scores, focal=None)  # of a camera beside
    beside, seen = (detector_errors.picture_errors(one, truth) for one in (unturned, unturned.seen_by(400.0)))
    for name in ("error_3d", "turn_error"):
        np.testing.assert_allclose(beside[name], seen[name], atol=1e-6)
    assert np.abs(beside["turn_error"]).max() > 0.05
    # first upright and facing the camera; then turned about the camera's y axis, which points down
    np.testing.assert_allclose(Rotation.from_rotvec(turn[0]).as_matrix(), np.eye(3), atol=1e-6)
    np.testing.assert_allclose(turn[-1], [0, 1, 0], atol=1e-6)


def test_a_body_that_is_read_turned_has_no_other_error() -> None:
    true = clip()[1].joints_3d.astype(np.float64)
    turned = Rotation.from_rotvec([0.1, -0.4, 0.2])
    poses = 1.2 * (true - true[:, :1]) @ turned.as_matrix().T
    track, truth = clip(pose_3d=poses, pose_3d_scores=np.full((60, 17), 0.7))
    found = detector_errors.picture_errors(track, truth)
    np.testing.assert_allclose(found["turn_error"], np.tile(turned.as_rotvec(), (60, 1)), atol=1e-5)
    assert np.abs(found["error_3d"]).max() < 1e-6


def test_looks_and_errors_are_kept_and_no_true_pose(tmp_path: Path) -> None:
    track, truth = clip(pose_3d=np.zeros((60, 17, 3)), pose_3d_scores=np.ones((60, 17)))
    noise = MeasuredNoise(list(detector_errors.stretches_of(track, truth)))
    assert noise.error_3d is not None and noise.error_3d.shape == (120, 17, 3)  # the mirror image's, too
    track, truth = clip()
    (plain,) = detector_errors.stretches_of(track, truth)
    assert plain.scores_3d is not None and not plain.scores_3d.any()


def test_clips_are_added_to_those_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "noise.safetensors"
    MeasuredNoise([stretch(1.0)]).save(out, {"name": "noise", "clips": ["a"]})

    def measure(
        folder: Path, detector: object, leave_out: set[str], kept: Kept, most: int | None
    ) -> tuple[list[Stretch], list[str]]:
        assert leave_out == {"a"} and most == 80
        return [stretch(2.0), stretch(3.0)], ["b"]

    monkeypatch.setattr(detector_errors, "measure_detector", measure)
    use(monkeypatch, fake_models)
    monkeypatch.setattr("sys.argv", ["detector_errors", str(tmp_path), "--out", str(out), "--add", "--frames", "80"])
    assert detector_errors.main() == 0
    assert len(MeasuredNoise.load(str(out)).stretches) == 3
    assert detector_errors._known(out)[1] == ["a", "b"]


def test_there_must_be_a_file_to_add_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(
        "sys.argv", ["detector_errors", str(tmp_path), "--out", str(tmp_path / "no.safetensors"), "--add"]
    )
    assert detector_errors.main() == 2
    assert "no.safetensors" in capsys.readouterr().err


def test_a_stopped_run_goes_on_and_each_detector_has_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    suite, out = tmp_path / "suite", tmp_path / "out"
    suite.mkdir()
    for name, frames in (("one", 16), ("two", 20)):
        video = write_video(suite / f"{name}.mp4", size=SIZE, pictures=pictures([True] * frames))
        person = outputs.run(video, tmp_path / "run", models=fake_models()).motion.people[0]
        assert person.refined is not None
        write_truth(video, person.refined, person.keypoints_2d + np.float32([1, 0]))
    use(monkeypatch, fake_models)
    looked, detect = [], FakeDetector.detect

    def stopped(self: FakeDetector, image: np.ndarray) -> Any:
        looked.append(1)
        if len(looked) > limit:
            raise KeyboardInterrupt
        return detect(self, image)

    monkeypatch.setattr(FakeDetector, "detect", stopped)
    command = ["detector_errors", str(suite), "--keep", str(tmp_path / "kept"), "--out", str(out)]
    monkeypatch.setattr("sys.argv", [*command, "--detector", "movenet", "--detector", "other"])
    limit = 30
    with pytest.raises(KeyboardInterrupt):
        detector_errors.main()
    limit = 10**6
    assert detector_errors.main() == 0
    assert "one (kept): 1 clips, 16 frames" in capsys.readouterr().out
    noise = MeasuredNoise.load(str(out / "noise-other.safetensors"))
    assert [len(one.scores) for one in noise.stretches] == [16, 20] and noise.error_3d is None
    assert noise.error.abs().max() > 0 and (out / "noise-movenet.safetensors").is_file()
    monkeypatch.setattr(
        "sys.argv", [*command[:-1], str(out / "x.safetensors"), *["--detector", "a", "--detector", "b"]]
    )
    assert detector_errors.main() == 2
    assert "name a folder" in capsys.readouterr().err
