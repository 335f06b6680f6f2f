import numpy as np
import pytest

from refiner.evaluation import metrics

RNG = np.random.default_rng(0)
POSES = RNG.normal(size=(30, 17, 3)) * 0.4


def rotation(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def test_mpjpe_of_a_known_shift_of_all_joints_but_the_root():
    moved = POSES.copy()
    moved[:, 1:] += [0.03, 0.04, 0]
    assert metrics.mpjpe(moved, POSES) == pytest.approx(0.05 * 16 / 17)


def test_the_root_does_not_count():
    assert metrics.mpjpe(POSES + [1, 2, 3], POSES) == pytest.approx(0, abs=1e-12)


def test_procrustes_removes_similarity_but_not_reflection():
    similar = 1.7 * POSES @ rotation(0.8).T + [0.1, 0.2, 0.3]
    assert metrics.p_mpjpe(similar, POSES) == pytest.approx(0, abs=1e-9)
    assert metrics.p_mpjpe(POSES * [-1, 1, 1], POSES) > 0.1


def test_procrustes_is_never_worse_than_scale_alone():
    noisy = POSES + RNG.normal(size=POSES.shape) * 0.05
    rooted = POSES - POSES[:, :1]
    assert metrics.p_mpjpe(noisy, rooted) < metrics.mpjpe(noisy, rooted)


def test_n_mpjpe_removes_scale():
    assert metrics.n_mpjpe(0.6 * POSES, POSES) == pytest.approx(0, abs=1e-9)


def test_acceleration_and_velocity_of_a_known_wobble():
    moved = POSES.copy()
    moved[1::2, 1:, 0] += 0.01  # +-10 mm from frame to frame: second difference 20 mm
    assert metrics.acceleration_error(moved, POSES) == pytest.approx(0.02 * 16 / 17)
    assert metrics.velocity_error(moved, POSES) == pytest.approx(0.01 * 16 / 17)


def test_pck_and_auc():
    moved = POSES.copy()
    moved[:, 1:, 0] += 0.1
    assert metrics.pck(moved, POSES, 0.15) == 1
    assert metrics.pck(moved, POSES, 0.05) == pytest.approx(1 / 17)
    assert 0 < metrics.auc(moved, POSES) < metrics.auc(POSES, POSES) <= 1


def test_too_few_frames_have_no_acceleration():
    assert np.isnan(metrics.acceleration_error(POSES[:2], POSES[:2]))


def swinging(times: np.ndarray) -> np.ndarray:
    """(N,2,3): two joints that swing with 1.3 and 2.1 Hz, with a burst in the middle, at 25 frames a second."""
    phase = 2 * np.pi * times[:, None] / 25 * [1.3, 2.1]
    burst = np.exp(-(((times[:, None] - 40) / 6) ** 2))
    return np.stack([np.sin(phase) + burst * np.sin(5 * phase), np.cos(phase), 0 * phase], axis=-1)


@pytest.mark.parametrize("late", [-1.5, 0.0, 0.75, 2.0])
def test_a_lag_is_found_to_a_quarter_of_a_frame(late):
    times = np.arange(80.0)
    noise = np.random.default_rng(0).normal(0, 0.01, (80, 2, 3))
    assert metrics.lag(swinging(times - late) + noise, swinging(times)) == pytest.approx(late, abs=0.26)


def test_smoothing_is_seen_where_movement_is_fastest():
    target = swinging(np.arange(80.0))
    smooth = (target[:-4] + target[1:-3] + target[2:-2] + target[3:-1] + target[4:]) / 5
    assert metrics.speed_kept(target, target) == 1
    assert metrics.speed_kept(smooth, target[2:-2]) < 0.8
    assert metrics.lag(smooth, target[2:-2]) == 0


def test_movement_that_is_not_there_has_no_lag():
    still, target = np.zeros((80, 2, 3)), swinging(np.arange(80.0))
    assert np.isnan([metrics.lag(still, target), metrics.lag(target, still), metrics.lag(target[:8], target[:8])]).all()
    assert metrics.speed_kept(still, target) == 0 and np.isnan(metrics.speed_kept(target, still))
