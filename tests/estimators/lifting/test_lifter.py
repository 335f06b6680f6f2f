import json

import numpy as np
import pytest
import torch

from estimators import weights
from estimators.errors import WeightsError
from estimators.lifting import Lifter
from estimators.lifting.lifter import build_network
from estimators.observation import Observation

ARCHITECTURE = {"type": "STCFormer", "channels": 32, "depth": 1, "in_channels": 5}


@pytest.fixture
def lifter_file(tmp_path):
    torch.manual_seed(0)
    state = build_network(ARCHITECTURE).state_dict()
    card = {"kind": "lifter", "architecture": ARCHITECTURE, "normalisation": "person", "frames": 27, "tds_fps": 50 / 3}
    weights.save(tmp_path / "small.safetensors", state, card)
    return tmp_path / "small.safetensors"


def observed(points: np.ndarray) -> Observation:
    return Observation.of(points, None, (640, 480), 30)


def keypoints(frames: int) -> np.ndarray:
    return np.random.default_rng(0).normal(300, 50, size=(frames, 17, 2)).astype(np.float32)


@pytest.mark.parametrize("frames", [1, 5, 27, 54, 100])
def test_one_pose_for_every_frame_root_at_zero(lifter_file, frames):
    poses = Lifter.load(lifter_file).lift(observed(keypoints(frames)))
    assert poses.shape == (frames, 17, 3) and poses.dtype == np.float32
    assert np.isfinite(poses).all() and (poses[:, 0] == 0).all()


def test_the_mirrored_video_gives_the_mirrored_pose(lifter_file):
    lifter = Lifter.load(lifter_file)
    points = keypoints(40)
    mirrored = points[:, [0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13]].copy()
    mirrored[..., 0] = 640 - mirrored[..., 0]
    poses, other = lifter.lift(observed(points)), lifter.lift(observed(mirrored))
    other = other[:, [0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13]] * [-1, 1, 1]
    np.testing.assert_allclose(poses, other, atol=1e-5)


def test_the_stride_follows_the_frame_rate(lifter_file):
    lifter = Lifter.load(lifter_file)
    assert [lifter.stride(fps) for fps in (12, 25, 30, 50, 59.94)] == [1, 2, 2, 3, 4]


def test_progress_ends_at_all(lifter_file):
    seen = []
    Lifter.load(lifter_file).lift(observed(keypoints(300)), on_progress=lambda *done: seen.append(done))
    assert seen[-1][0] == seen[-1][1] and [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_weights_of_another_kind_are_refused(lifter_file):
    card = json.loads(lifter_file.with_suffix(".json").read_text())
    lifter_file.with_suffix(".json").write_text(json.dumps({**card, "kind": "refiner"}))
    with pytest.raises(WeightsError, match="not a lifter"):
        Lifter.load(lifter_file)


def test_unknown_networks_are_refused():
    with pytest.raises(WeightsError, match="Unknown lifter"):
        build_network({"type": "Transformer9000"})
    with pytest.raises(WeightsError, match="no arguments"):
        build_network({"type": "STCFormer", "layers": 3})
