import numpy as np
import pytest

from estimators.errors import DataError
from estimators.observation import Observation
from estimators.skeleton import H36M17
from refiner.guidance import guide, keypoint_sigma
from refiner.refiner import Refiner
from tests.support.synthetic import REST, joints


def with_constant_bones(motion: np.ndarray) -> np.ndarray:
    """The same directions of bones, all as long as at rest."""
    rigid = motion.copy()
    for joint in range(1, 17):
        parent = H36M17.parents[joint]
        bone = motion[:, joint] - motion[:, parent]
        bone *= np.linalg.norm(REST[joint] - REST[parent]) / np.linalg.norm(bone, axis=-1, keepdims=True)
        rigid[:, joint] = rigid[:, parent] + bone
    return rigid


SIZE, FOCAL = (1000, 1000), 1200.0
CLIP = with_constant_bones(joints(80, seed=5))
# world (Z up, seen from in front) to camera: x right, y down, z forward
CAMERA = np.stack([-CLIP[..., 1], 1.0 - CLIP[..., 2], 5.0 - CLIP[..., 0]], axis=-1)
TRUE = CAMERA - CAMERA[:, :1]
KEYPOINTS = CAMERA[..., :2] / CAMERA[..., 2:] * FOCAL + 500
EXACT = np.ones((80, 17))


def prior_covariance() -> np.ndarray:
    """Errors of 6 cm in depth and 2 cm across, joints independent."""
    return np.diag(np.tile([0.02, 0.02, 0.06], 16) ** 2)


def error_mm(poses: np.ndarray) -> float:
    return 1000 * float(np.linalg.norm(poses - TRUE, axis=-1).mean())


def wrong(seed: int = 0) -> np.ndarray:
    """The truth with a lasting error of every joint, chiefly in depth."""
    offset = np.random.default_rng(seed).normal(0, [0.02, 0.02, 0.06], (17, 3))
    offset[0] = 0
    return (TRUE + offset).astype(np.float32)


def run(poses, keypoints=KEYPOINTS, scores=EXACT, focal=None):
    return guide(Observation.of(keypoints, scores, SIZE, 50.0, focal), poses, prior_covariance())


def test_the_truth_stays_where_it_is():
    guided = run(TRUE.astype(np.float32), focal=FOCAL)
    assert guided.dtype == np.float32 and guided.shape == TRUE.shape
    assert (guided[:, 0] == 0).all()
    assert error_mm(guided) < 3


@pytest.mark.parametrize("focal", [FOCAL, None])
def test_exact_keypoints_take_errors_out(focal):
    before = wrong()
    assert error_mm(run(before, focal=focal)) < 0.7 * error_mm(before)


def test_what_the_detector_doubts_has_no_say():
    keypoints = KEYPOINTS.copy()
    keypoints[:, 13] += 200  # a wrist where there is none
    doubted = EXACT * 0.8
    doubted[:, 13] = 0.05
    before = wrong()
    moved = np.linalg.norm(run(before, keypoints, doubted)[:, 13] - before[:, 13], axis=-1).mean()
    believed = np.linalg.norm(run(before, keypoints, EXACT)[:, 13] - before[:, 13], axis=-1).mean()
    assert moved < 0.05 < 0.15 < believed


def test_sigma_follows_the_score():
    sigma = keypoint_sigma(np.tile(np.array([1.0, 0.9, 0.6, 0.3, 0.0])[:, None], (1, 17)))
    assert (np.diff(sigma[:, 1]) > 0).all()
    assert sigma[0, 1] == 0.001 and 0.015 < sigma[1, 1] < 0.03 and sigma[-1, 1] > 0.1
    assert keypoint_sigma(np.full(17, 7.0))[1] == 0.001  # SimCC scores can exceed 1


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_short_clips(frames):
    observed = Observation.of(KEYPOINTS[:frames], EXACT[:frames], SIZE, 25.0)
    guided = guide(observed, wrong()[:frames], prior_covariance())
    assert guided.shape == (frames, 17, 3) and np.isfinite(guided).all()


def test_the_memory_bound_changes_nothing(monkeypatch):
    whole = run(wrong())
    monkeypatch.setattr("refiner.guidance.CHUNK", 7)
    np.testing.assert_allclose(run(wrong()), whole, atol=1e-6)


def test_a_refiner_bends_to_the_camera_that_it_is_told():
    refiner = Refiner.load()
    before = wrong()
    for focal in (600.0, FOCAL):
        told = refiner.guide(Observation.of(KEYPOINTS, None, SIZE, 50.0, focal), before)
        by_hand = guide(Observation.of(KEYPOINTS, EXACT, SIZE, 50.0, focal), before, refiner.model.ambiguity.numpy())
        np.testing.assert_array_equal(told, by_hand)


def test_the_right_focal_length_is_best():
    errors = {focal: error_mm(run(wrong(), focal=focal)) for focal in (400.0, FOCAL, 3000.0)}
    assert min(errors, key=lambda focal: errors[focal]) == FOCAL


@pytest.mark.parametrize(
    ("lifted", "message"),
    [
        (TRUE[:-1], "finite numbers of shape"),
        (TRUE[:, :16], "finite numbers of shape"),
        (np.full_like(TRUE, np.nan), "finite numbers of shape"),
        (1000 * TRUE, "in metres"),
    ],
)
def test_poses_that_are_none_are_refused(lifted, message):
    with pytest.raises(DataError, match=message):
        Refiner.load("refiner-stcformer-27").refine(Observation.of(KEYPOINTS, None, SIZE, 50.0), lifted)
