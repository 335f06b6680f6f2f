import numpy as np
import pytest

from refiner.least_jerk import DOUBT, least_jerk

FPS = 50.0
SECONDS = np.arange(200) / FPS


def course(value: np.ndarray) -> np.ndarray:
    """(N, 17, 3) poses of which every coordinate takes the course (N,)."""
    return np.broadcast_to(value[:, None, None], (len(value), 17, 3)).astype(np.float32)


def smooth(value: np.ndarray, doubt: float = DOUBT, fps: float = FPS) -> np.ndarray:
    """The course (N,) of one coordinate, smoothed."""
    return least_jerk(course(value), np.full((len(value), 17), doubt), fps)[:, 3, 1]


def test_a_throw_passes_unchanged_to_its_ends():
    throw = 3 * SECONDS - 4.9 * SECONDS**2
    np.testing.assert_allclose(smooth(throw), throw, atol=1e-5)


@pytest.mark.parametrize(("hertz", "least"), [(1, 0.995), (2, 0.98), (4, 0.5)])
def test_movement_keeps_its_size_and_its_time(hertz, least):
    swing = np.sin(2 * np.pi * hertz * SECONDS)
    found = smooth(swing)
    size = swing @ found / (swing @ swing)
    assert least < size <= 1.001
    np.testing.assert_allclose(found[40:-40], size * swing[40:-40], atol=0.025)  # no lag


def test_trembling_goes_the_more_the_less_sure_the_joint_is():
    noise = np.random.default_rng(0).normal(0, 1, len(SECONDS))
    left = [np.diff(smooth(noise, doubt), 2).std() / np.diff(noise, 2).std() for doubt in (0.003, 0.03, 0.1)]
    assert left[0] < 0.5 and left[1] < 0.25 * left[0] and left[2] < 0.5 * left[1]


def test_a_joint_is_smoothed_by_its_own_doubt():
    noise = np.random.default_rng(1).normal(0, 0.01, (100, 17, 3))
    doubt = np.full((100, 17), 0.003)
    doubt[:, 13] = 0.1
    left = np.diff(least_jerk(noise, doubt, FPS), 2, axis=0).std(axis=(0, 2))
    assert left[13] < 0.1 * np.delete(left, 13).min()


def test_the_frame_rate_does_not_matter():
    swing = np.sin(2 * np.pi * 4 * SECONDS)
    half = smooth(swing[::2], fps=FPS / 2)
    np.testing.assert_allclose(half[10:-10], smooth(swing)[::2][10:-10], atol=0.05)


@pytest.mark.parametrize("frames", [1, 3, 4])
def test_short_clips(frames):
    poses = np.random.default_rng(2).normal(size=(frames, 17, 3))
    assert least_jerk(poses, np.full((frames, 17), 0.05), FPS).shape == poses.shape
    if frames < 4:
        np.testing.assert_array_equal(least_jerk(poses, np.full((frames, 17), 0.05), FPS), poses)
