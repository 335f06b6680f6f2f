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
