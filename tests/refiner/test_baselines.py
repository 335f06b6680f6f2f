"""The smoothers that refinement is compared with."""

import numpy as np
import pytest

from refiner.evaluation.baselines import SMOOTHERS, one_euro

FPS = 50.0


def trembling(frames: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """(N, 17, 3) metres: a slow swing, and the same with 5 mm of noise."""
    swing = 0.2 * np.sin(np.arange(frames) / FPS)[:, None, None] * np.ones((1, 17, 3))
    return swing, (swing + np.random.default_rng(0).normal(0, 0.005, swing.shape)).astype(np.float32)


@pytest.mark.parametrize("name", SMOOTHERS)
def test_smoothers_take_the_noise_and_leave_the_motion(name):
    swing, noisy = trembling()
    smooth = SMOOTHERS[name](noisy, FPS)
    assert np.abs(smooth - swing).mean() < 0.95 * np.abs(noisy - swing).mean()
    assert np.abs(np.diff(smooth, 2, axis=0)).mean() < 0.75 * np.abs(np.diff(noisy, 2, axis=0)).mean()
    still = np.ones((30, 17, 3), np.float32)
    assert SMOOTHERS[name](still, FPS) == pytest.approx(still)
    assert smooth.dtype == np.float32


@pytest.mark.parametrize("name", SMOOTHERS)
@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_short_clips_are_smoothed_as_far_as_they_go(name, frames):
    assert SMOOTHERS[name](trembling()[1][:frames], FPS).shape == (frames, 17, 3)


def test_one_euro_does_not_look_ahead_and_follows_what_is_fast():
    step = np.zeros((100, 1, 1), np.float32)
    step[50:] = 1
    slow, fast = one_euro(step, FPS, 1.0, 0.0), one_euro(step, FPS, 1.0, 50.0)
    assert (slow[:50] == 0).all() and (fast[:50] == 0).all()
    assert slow[55, 0, 0] < 0.6 < 0.95 < fast[55, 0, 0]
