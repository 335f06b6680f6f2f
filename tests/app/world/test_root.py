"""The root trajectory: exact where the model holds, steady under noise."""

from __future__ import annotations

import numpy as np
import pytest

from app.world.root import estimate_root, fit_root
from app.world.smoothing import smooth
from estimators.observation import Observation
from estimators.pinhole import assumed_focal, project

SIZE = (1280, 720)
FOCAL = assumed_focal(SIZE)


def seen(keypoints: np.ndarray, scores: np.ndarray, focal: float = FOCAL) -> Observation:
    return Observation.of(keypoints, scores, SIZE, 30, focal)


def scene(n: int, path: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keypoints, scores and root-relative poses of a body that flails while its root follows `path` (n,3)."""
    rng = np.random.default_rng(seed)
    poses = rng.normal(0, [0.25, 0.5, 0.25], size=(n, 17, 3))
    poses[:, 0] = 0
    return project(poses + path[:, None], SIZE, FOCAL), rng.uniform(0.3, 1, (n, 17)), poses


def observed(n: int, path: np.ndarray, focal: float = FOCAL) -> tuple[Observation, np.ndarray]:
    """What is seen of `scene`, and its poses."""
    keypoints, scores, poses = scene(n, path)
    return seen(keypoints, scores, focal), poses


def walk(n: int) -> np.ndarray:
    t = np.linspace(0, 1, n)
    return np.stack([-1 + 2 * t, 0.2 + 0 * t, 4 + 3 * t], axis=1)


def test_default_focal_length() -> None:
    assert assumed_focal((1920, 1080)) == assumed_focal((1080, 1920)) == 2304.0


def test_each_frame_is_recovered_exactly() -> None:
    rng = np.random.default_rng(1)
    path = np.stack([rng.uniform(-1, 1, 50), rng.uniform(-1, 1, 50), rng.uniform(2, 9, 50)], axis=1)
    np.testing.assert_allclose(fit_root(*observed(50, path)), path, atol=1e-6)


def test_uniform_motion_is_recovered_exactly_through_the_smoothing() -> None:
    path = walk(80)
    np.testing.assert_allclose(estimate_root(*observed(80, path)), path, atol=2e-4)


def test_a_wrong_focal_length_stretches_depth_in_proportion() -> None:
    path = walk(80)
    found = estimate_root(*observed(80, path, FOCAL * 1.5))
    assert np.abs(found[:, 2] / path[:, 2] - 1.5).max() < 0.1


def test_missing_frames_stay_missing_and_do_no_harm() -> None:
    path = walk(60)
    keypoints, scores, poses = scene(60, path)
    keypoints[20:30], poses[20:30], scores[20:30] = np.nan, np.nan, 0
    found = estimate_root(seen(keypoints, scores), poses)
    assert np.isnan(found[20:30]).all()
    present = np.r_[0:20, 30:60]
    np.testing.assert_allclose(found[present], path[present], atol=2e-4)
    assert np.isnan(estimate_root(seen(keypoints * np.nan, scores), poses)).all()


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_very_short_clips(n: int) -> None:
    path = walk(n) if n > 1 else np.array([[0.0, 0.0, 5.0]])
    np.testing.assert_allclose(estimate_root(*observed(n, path)), path, atol=2e-4)


def test_noise_and_outliers_are_smoothed() -> None:
    rng = np.random.default_rng(2)
    path = walk(200)
    keypoints, scores, poses = scene(200, path)
    poses = poses + rng.normal(0, 0.03, poses.shape)
    keypoints[50] += 300 * rng.normal(size=(17, 2))  # one frame all wrong
    raw = fit_root(seen(keypoints, scores), poses)
    found = estimate_root(seen(keypoints, scores), poses)
    near = np.r_[10:45, 56:190]
    assert np.abs(found[near, 2] - path[near, 2]).mean() < 0.5 * np.abs(raw[near, 2] - path[near, 2]).mean()
    assert abs(found[50, 2] - path[50, 2]) < 0.3
    jitter = np.abs(np.diff(found[near[35:], 2], n=2)).mean()
    assert jitter < 0.05 * np.abs(np.diff(raw[near[35:], 2], n=2)).mean()


def test_a_jump_is_not_smoothed_away() -> None:
    t = np.arange(120) / 30
    path = np.tile([0.0, 0.0, 5.0], (120, 1))
    air = (t > 2) & (t < 2.5)
    path[air, 1] -= 4.9 * (t[air] - 2) * (2.5 - t[air])  # 31 cm up (y points down)
    found = estimate_root(*observed(120, path))
    assert found[:, 1].min() < 0.9 * path[:, 1].min()


def test_degenerate_poses_stay_in_front_of_the_camera() -> None:
    keypoints, scores, _ = scene(10, walk(10))
    for pose in (np.zeros((10, 17, 3)), np.random.default_rng(0).normal(0, 5, (10, 17, 3))):
        found = estimate_root(seen(keypoints, scores), pose)
        assert np.isfinite(found).all() and (found[:, 2] > 0).all()


def test_smoothing_has_the_stated_cutoff() -> None:
    t = np.arange(600) / 50
    middle = slice(150, 450)
    for hz, gain in ((0.1, 1.0), (1.0, 0.5), (10.0, 0.0)):
        wave = np.sin(2 * np.pi * hz * t)
        out = smooth(wave, 50, cutoff_hz=1.0)
        assert abs(np.dot(out[middle], wave[middle]) / np.dot(wave[middle], wave[middle]) - gain) < 0.02
