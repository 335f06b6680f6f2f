from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from estimators import weights
from estimators.errors import WeightsError
from estimators.lifting.normalise import person_size
from estimators.neutral import at_ease
from estimators.turns import turns_of
from refiner.data.capture import VirtualCapture
from refiner.data.measured_noise import MORE, MeasuredNoise, Stretch
from refiner.data.mocap import read_mocap


def shape_of(seed: int, frames: int = 40) -> torch.Tensor:
    """(frames, 17, 2) pixels: a pose of its own for each seed."""
    generator = torch.Generator().manual_seed(seed)
    return 300 + 60 * torch.randn(1, 17, 2, generator=generator).expand(frames, 17, 2)


def stretch(seed: int, error_px: float, score: float, fps: float = 25.0) -> Stretch:
    true = shape_of(seed)
    return Stretch.of(true + torch.tensor([error_px, 0.0]), torch.full((40, 17), score), true, fps)


@pytest.fixture
def noise() -> MeasuredNoise:
    return MeasuredNoise([stretch(1, 3.0, 0.9), stretch(2, -9.0, 0.3)], clean_share=0.0, spread=0.0)


def sample(noise, seed, frames=9, fps=12.5, scale=2.0):
    points = scale * shape_of(seed, frames)[None].repeat(8, 1, 1, 1)
    seen = noise(points, torch.zeros(*points.shape[:-1], 3), torch.full((8,), fps), torch.Generator().manual_seed(0))
    return seen.keypoints - points, seen.scores, seen.clean


def test_a_window_gets_the_errors_of_those_who_look_alike(noise):
    for seed, error, score in ((1, 3.0, 0.9), (2, -9.0, 0.3)):
        found, scores, clean = sample(noise, seed)
        # the same person twice as large in the picture: twice the error
        torch.testing.assert_close(found, torch.tensor([2 * error, 0.0]).expand_as(found), rtol=0, atol=1e-3)
        assert torch.allclose(scores, torch.tensor(score)) and not clean.any()


def test_the_mirror_image_is_measured_too(noise):
    from estimators.skeleton import H36M17

    points = shape_of(1, 9)[:, list(H36M17.flip_order)] * torch.tensor([-1.0, 1.0]) + torch.tensor([600.0, 0.0])
    poses = torch.zeros(1, 9, 17, 3)
    found = noise(points[None], poses, torch.tensor([25.0]), torch.Generator().manual_seed(1)).keypoints
    torch.testing.assert_close((found - points)[0, 0, 0], torch.tensor([-3.0, 0.0]), rtol=0, atol=1e-3)


def test_errors_keep_their_pace():
    true = shape_of(1)
    ramp = torch.arange(40.0)[:, None, None] * torch.tensor([1.0, 0.0])
    noise = MeasuredNoise([Stretch.of(true + ramp, torch.ones(40, 17), true, 50.0)], clean_share=0.0, spread=0.0)
    found, _, _ = sample(noise, 1, frames=9, fps=25.0, scale=1.0)
    steps = found[..., 0].diff(dim=1).abs()
    assert torch.allclose(steps.median(), torch.tensor(2.0), atol=1e-3)  # 25 frames a second skip every other of 50


def test_windows_longer_than_a_stretch_swing_back(noise):
    found, scores, _ = sample(noise, 1, frames=301)
    assert found.shape == (8, 301, 17, 2) and torch.isfinite(found).all() and scores.shape == (8, 301, 17)


def test_an_offset_stays_for_a_window_and_is_the_same_for_joints_made_of_the_same_points(noise):
    plain, _, _ = sample(noise, 1)
    noise.offset = 0.05
    shifted, _, _ = sample(noise, 1)
    offset = shifted - plain
    torch.testing.assert_close(offset, offset[:, :1].expand_as(offset), rtol=0, atol=1e-3)
    # the root is made of the detector's two hips, which are joints themselves
    torch.testing.assert_close(offset[:, :, 0], (offset[:, :, 1] + offset[:, :, 4]) / 2, rtol=0, atol=1e-3)
    size = person_size(2 * shape_of(1, 9)[None])
    assert 0.02 < offset[:, 0, [1, 4, 16]].std() / size < 0.1


def test_saved_and_loaded_it_is_the_same(noise, tmp_path):
    noise.save(tmp_path / "noise.safetensors", {"name": "noise"})
    loaded = MeasuredNoise.load(str(tmp_path / "noise.safetensors"), clean_share=0.0, spread=0.0)
    torch.testing.assert_close(loaded.error, noise.error, rtol=1e-3, atol=1e-3)
    assert loaded.fps.tolist() == noise.fps.tolist() and loaded.first.tolist() == noise.first.tolist()


def with_poses(seed: int) -> Stretch:
    """A stretch with the picture's own poses."""
    generator = torch.Generator().manual_seed(seed)
    more = (torch.randn(40, *shape, generator=generator) for shape in MORE.values())
    return replace(stretch(seed, 3.0, 0.9), **dict(zip(MORE, more, strict=True)))


def test_errors_of_the_pictures_own_poses_are_kept_beside(tmp_path):
    noise = MeasuredNoise([with_poses(1), with_poses(2)])
    noise.save(tmp_path / "noise.safetensors", {"name": "noise"})
    loaded = MeasuredNoise.load(str(tmp_path / "noise.safetensors"))
    for name in MORE:
        torch.testing.assert_close(getattr(loaded, name), getattr(noise, name), rtol=1e-3, atol=1e-3)
        assert len(getattr(loaded, name)) == len(loaded.scores) == 160
    # a file without them beside: nothing is made up
    assert MeasuredNoise([with_poses(1), stretch(2, 3.0, 0.9)]).error_3d is None


def test_the_mirror_image_is_turned_the_other_way():
    noise = MeasuredNoise([with_poses(1)])
    (one,) = noise.stretches
    assert noise.turn is not None and one.turn is not None and noise.error_3d is not None and one.error_3d is not None
    reflection = np.diag([-1.0, 1.0, 1.0])
    for name in ("turn", "turn_error"):
        turns = (getattr(one, name), getattr(noise, name)[40:])
        turned, mirrored = (Rotation.from_rotvec(turn.numpy()).as_matrix() for turn in turns)
        np.testing.assert_allclose(mirrored, reflection @ turned @ reflection, atol=1e-5)
    torch.testing.assert_close(noise.error_3d[40:][:, 16], one.error_3d[:, 13] * torch.tensor([-1.0, 1.0, 1.0]))


def facing(degrees: float) -> np.ndarray:
    """(17, 3) metres, camera space: somebody at ease who is turned by so much to the left."""
    return at_ease() @ Rotation.from_rotvec([0, np.radians(degrees), 0]).as_matrix().T


def pictured(degrees: float, turn_error: float, error_m: float) -> Stretch:
    """Somebody who looks as others do, and is turned so, whom the picture shows turned and displaced by so much."""
    turn = Rotation.from_matrix(turns_of(facing(degrees)[None])).as_rotvec()[0]
    return replace(
        stretch(1, 3.0, 0.9),
        error_3d=torch.full((40, 17, 3), error_m) * (torch.arange(17) > 0)[None, :, None],
        scores_3d=torch.full((40, 17), 0.8),
        turn_error=torch.tensor([0.0, turn_error, 0.0]).repeat(40, 1),
        turn=torch.from_numpy(turn).float().repeat(40, 1),
    )


@pytest.mark.parametrize(("degrees", "turn_error", "error_m"), [(0.0, 0.2, 0.03), (90.0, -0.3, -0.05)])
def test_the_pictures_own_pose_errs_as_it_did_for_those_who_are_turned_alike(degrees, turn_error, error_m):
    both = [pictured(0.0, 0.2, 0.03), pictured(90.0, -0.3, -0.05)]
    noise = MeasuredNoise(both, clean_share=0.0, spread=0.0, pictured=1.0)
    points = shape_of(1, 9)[None].repeat(8, 1, 1, 1)
    true = torch.from_numpy(facing(degrees)).float().expand(8, 9, 17, 3)
    seen = noise(points, true, torch.full((8,), 25.0), torch.Generator().manual_seed(0))
    turned = torch.from_numpy(Rotation.from_rotvec([0, turn_error, 0]).as_matrix()).float()
    wrong = true + error_m * (torch.arange(17) > 0)[:, None]
    torch.testing.assert_close(seen.pose_3d, wrong @ turned.T, rtol=0, atol=1e-4)
    assert torch.allclose(seen.pose_3d_scores, torch.tensor(0.8))


def test_only_a_share_of_the_windows_is_told_the_pictures_own_pose():
    noise = MeasuredNoise([pictured(0.0, 0.0, 0.0)], pictured=0.5)
    points, true = (
        shape_of(1, 9)[None].repeat(400, 1, 1, 1),
        torch.from_numpy(facing(0.0)).float().expand(400, 9, 17, 3),
    )
    seen = noise(points, true, torch.full((400,), 25.0), torch.Generator().manual_seed(0))
    told = seen.pose_3d_scores.flatten(1).any(dim=1)
    assert 0.4 < told.float().mean() < 0.6
    assert not seen.pose_3d[~told].any() and seen.pose_3d[told].flatten(1).any(dim=1).all()


def test_a_file_with_part_of_what_belongs_together_is_refused(tmp_path):
    path = tmp_path / "noise.safetensors"
    MeasuredNoise([with_poses(1)]).save(path, {"name": "noise"})
    state, card = weights.load(path)
    del state["turn"]
    weights.save(path, state, card)
    with pytest.raises(WeightsError, match="card"):
        MeasuredNoise.load(str(path))


def test_other_weights_are_refused(tmp_path):
    weights.save(tmp_path / "other.safetensors", {"a": torch.zeros(1)}, {"kind": "lifter"})
    with pytest.raises(WeightsError, match="not the noise"):
        MeasuredNoise.load(str(tmp_path / "other.safetensors"))


@pytest.mark.parametrize("name", ["noise-movenet", "noise-movenet-val"])
def test_the_bundled_detector_errs_less_where_it_is_sure(name):
    noise = MeasuredNoise.load(name)
    error = noise.error.norm(dim=-1)
    assert error[noise.scores > 0.7].median() < 0.6 * error[noise.scores < 0.4].median()
    assert 0.005 < error.median() < 0.04


def test_virtual_capture_with_a_measured_detector(mocap):
    clips = read_mocap(mocap, "train")
    exact = VirtualCapture(clips, (2, 4)).draw(64, 9, seed=1)
    seen = VirtualCapture(clips, (2, 4), MeasuredNoise.load("noise-movenet")).draw(64, 9, seed=1)
    assert (exact.scores == 1).all()
    clean = (seen.scores == 1).all(dim=(1, 2))
    assert 4 < clean.sum() < 32  # a quarter
    torch.testing.assert_close(seen.keypoints[clean], exact.keypoints[clean])
    off = (seen.keypoints - exact.keypoints)[~clean] / person_size(exact.keypoints[~clean])[:, None, None, None]
    assert 0.005 < off.norm(dim=-1).median() < 0.06
    torch.testing.assert_close(seen.poses, exact.poses)


@pytest.mark.parametrize(
    "lie",
    [{"lengths": [40, 41]}, {"lengths": "40"}, {"lengths": [80]}, {"fps": [25.0]}, {"fps": [25.0, 0]}, {"fps": None}],
)
def test_a_card_that_lies_about_its_stretches_is_refused(noise, tmp_path, lie):
    path = tmp_path / "detector.safetensors"
    noise.save(path, {"name": "made-up", "licence": "Apache-2.0"})
    weights.set_in_card(str(path), **lie)
    with pytest.raises(WeightsError, match="card"):
        MeasuredNoise.load(str(path))
