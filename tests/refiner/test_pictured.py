"""A refiner that is told the pose which the picture itself gives."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from estimators import weights
from estimators.errors import ConfigError
from estimators.lifting import Lifter
from estimators.lifting.picture import of_average_size
from estimators.neutral import at_ease
from estimators.observation import Observation, ObservedWindows, Provenance
from estimators.skeleton import mirror
from refiner.data.capture import VirtualCapture
from refiner.data.measured_noise import MeasuredNoise
from refiner.data.mocap import read_mocap
from refiner.model import RefinerModel
from refiner.refiner import Refiner
from refiner.training.capture_preprocessor import CapturePreprocessor
from refiner.training.refiner_training import RefinerTraining

SMALL = {"channels": 32, "depth": 1, "dropout": 0.0, "output": "pose"}


def seen(frames: int = 40, gap: slice = slice(10, 20)) -> Observation:
    """Somebody at ease; the picture gives their pose at half their size, but for a gap."""
    rng = np.random.default_rng(0)
    shown = np.repeat(0.5 * at_ease()[None], frames, axis=0).astype(np.float32)
    scores = np.full((frames, 17), 0.8, np.float32)
    shown[gap], scores[gap] = np.nan, 0
    return Observation(
        (300 + 200 * at_ease()[None, :, :2] + rng.normal(0, 1, (frames, 17, 2))).astype(np.float32),
        np.full((frames, 17), 0.9, np.float32),
        np.full(frames, Provenance.DETECTED, np.uint8),
        (640, 480),
        25.0,
        600.0,
        pose_3d=shown,
        pose_3d_scores=scores,
    )


def refiner(pictured: bool, tds_fps: float = 25.0) -> Refiner:
    torch.manual_seed(0)
    model = RefinerModel(SMALL, "person", scores=True, pictured=pictured)
    card = {"frames": 27, "tds_fps": tds_fps, "lifter": ["a", "b"]}
    return Refiner(model.eval(), card, "made-up")


def refined(refiner: Refiner, observed: Observation) -> np.ndarray:
    lifted = np.repeat(at_ease()[None], len(observed), axis=0).astype(np.float32)
    return refiner.refine(observed, lifted, guided=False).poses


def test_its_size_means_nothing() -> None:
    for factor in (0.5, 3.0):
        shown = torch.from_numpy(factor * at_ease()).float().expand(2, 5, 17, 3)
        there = torch.tensor([[True, True, False, True, True], [False] * 5])
        poses = of_average_size(shown, there)
        torch.testing.assert_close(poses[0, 0], torch.from_numpy(at_ease()).float())
        assert not poses[0, 2].any() and not poses[1].any()


@pytest.mark.parametrize("tds_fps", [25.0, 12.0])
def test_the_refiner_is_told_it_in_the_frames_that_have_it(monkeypatch: pytest.MonkeyPatch, tds_fps: float) -> None:
    told: list[ObservedWindows] = []
    inputs = RefinerModel.inputs

    def heard(self: RefinerModel, observed: ObservedWindows) -> torch.Tensor:
        told.append(observed)
        return inputs(self, observed)

    monkeypatch.setattr(RefinerModel, "inputs", heard)
    refined(refiner(pictured=True, tds_fps=tds_fps), seen(27, slice(10, 20)))
    straight, mirrored = told[0], told[1]
    assert straight.pose_3d is not None and straight.pose_3d_scores is not None and mirrored.pose_3d is not None
    there = straight.pose_3d_scores[0].any(dim=1)
    assert there.sum() and (~there).sum()
    whole = torch.from_numpy(at_ease()).float().expand(int(there.sum()), 17, 3)
    torch.testing.assert_close(straight.pose_3d[0, there], whole, rtol=0, atol=1e-4)
    torch.testing.assert_close(straight.pose_3d_scores[0, there], torch.full((len(whole), 17), 0.8), rtol=0, atol=1e-4)
    assert not straight.pose_3d[0, ~there].any()
    torch.testing.assert_close(mirrored.pose_3d, mirror(straight.pose_3d))


def test_it_makes_a_difference_only_to_a_refiner_that_takes_it() -> None:
    observed = seen()
    nothing = replace(observed, pose_3d=None, pose_3d_scores=None)
    turned = replace(observed, pose_3d=observed.pose_3d * np.float32([-1, 1, -1]))
    for pictured in (True, False):
        one = refiner(pictured)
        changes = [np.abs(refined(one, observed) - refined(one, other)).max() for other in (nothing, turned)]
        assert all(change > 1e-4 if pictured else change == 0 for change in changes)


def test_sigma_knows_in_which_frames_it_was_told() -> None:
    one = refiner(pictured=True)
    noise = one.model.noise
    assert noise.picture is not None
    noise.cholesky.copy_(0.1 * torch.eye(48))
    noise.picture.cholesky.copy_(0.02 * torch.eye(48))
    lifted = np.repeat(at_ease()[None], 40, axis=0).astype(np.float32)
    doubts = one.refine(seen(), lifted).doubts
    np.testing.assert_allclose(doubts[:10, 1:, 0], 3**0.5 * 0.02, rtol=1e-5)
    np.testing.assert_allclose(doubts[10:20, 1:, 0], 3**0.5 * 0.1, rtol=1e-5)


def test_it_is_bundled_weights_that_say_whether_it_is_taken(tmp_path: Path) -> None:
    model = RefinerModel(SMALL, "person", scores=True, pictured=True)
    card = {
        "kind": "refiner", "architecture": {"type": "PoseDenoiser", **SMALL}, "normalisation": "person", "frames": 27,
        "tds_fps": 25.0, "lifter": ["a", "b"], "scores": True, "pictured": True, "trust": 1.0,
    }  # fmt: skip
    weights.save(tmp_path / "refiner.safetensors", model.state_dict(), card)
    loaded = Refiner.load(str(tmp_path / "refiner.safetensors"))
    assert loaded.model.pictured and loaded.lifters == ["a", "b"]


@pytest.fixture
def training(mocap: Path) -> RefinerTraining:
    """Of two lifters, with the errors of a detector that reads poses from pictures."""
    data = {
        "type": CapturePreprocessor, "mocap": str(mocap), "stages": [(10, 9, 4)], "strides": (1, 2),
        "detector": "noise-thunder+blazepose",
    }  # fmt: skip
    return RefinerTraining(
        SMALL, ["stcformer-27", "mixste-27"], data, pictured=True, scores=True, fit_windows=8, loss="mpjpe"
    )


def test_a_training_of_two_lifters_sees_poses_in_half_of_its_windows(training: RefinerTraining, mocap: Path) -> None:
    clips = read_mocap(mocap, "train")
    windows = VirtualCapture(clips, (2, 4), MeasuredNoise.load("noise-thunder+blazepose")).draw(64, 9, seed=1)
    assert windows.pose_3d is not None and windows.pose_3d_scores is not None
    told = windows.pose_3d_scores.flatten(1).any(dim=1)
    assert 0.3 < told.float().mean() < 0.7
    error = (windows.pose_3d - windows.poses).norm(dim=-1)[told]
    assert 0.03 < error.median() < 0.15
    training.fit_noise()
    noise = training.model.noise
    assert noise.picture is not None and noise.joint_std(True).mean() < noise.joint_std().mean()
    windows = training.data_preprocessor.capture("train").draw(4, 9, seed=2)
    training(windows, mode="loss")["loss"].backward()
    assert len(training(windows, mode="predict")) == 2 * 4
    assert {lifter.name for lifter in training.lifters} == {"stcformer-27", "mixste-27"}
    assert isinstance(training.lifters[0], Lifter)


def test_a_detector_that_reads_no_poses_is_refused(training: RefinerTraining) -> None:
    training.data_preprocessor.noise = MeasuredNoise.load("noise-movenet")
    with pytest.raises(ConfigError, match="reads no poses"):
        training.fit_noise()
