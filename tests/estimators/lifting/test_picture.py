"""The pose that a picture itself gives, as a lifter: of one size, smooth, whole; and a sentence where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from estimators.errors import ConfigError, DataError
from estimators.lifting import PictureLifter, load_lifter
from estimators.lifting.names import PICTURE
from estimators.lifting.picture import check_detector
from estimators.neutral import at_ease, bone_lengths
from estimators.observation import Observation
from estimators.skeleton import H36M17

FPS = 30.0


def seen(poses: np.ndarray | None, fps: float = FPS) -> Observation:
    """Somebody in the middle of a picture, of whom it gives these poses (N,17,3)."""
    count = 20 if poses is None else len(poses)
    plain = Observation.of(np.full((count, 17, 2), 200.0), None, (400, 400), fps)
    if poses is None:
        return plain
    scores = np.where(np.isfinite(poses).all(axis=(1, 2)), 0.9, 0)[:, None].repeat(17, axis=1)
    return replace(plain, pose_3d=poses.astype(np.float32), pose_3d_scores=scores.astype(np.float32))


def swinging(count: int = 60, size: float = 1.0) -> np.ndarray:
    """(N,17,3): the average body, `size` times as large, whose hands go to and fro once a second."""
    poses = np.repeat(at_ease()[None], count, axis=0)
    for hand in (13, 16):
        poses[:, hand, 2] += 0.1 * np.sin(2 * np.pi * np.arange(count) / FPS)
    return size * poses


def lengths(poses: np.ndarray) -> np.ndarray:
    return np.linalg.norm(poses[:, 1:] - poses[:, list(H36M17.parents[1:])], axis=2)


def test_poses_are_as_large_as_an_average_person_and_rooted_at_the_hip():
    for size in (0.4, 1.0, 2.5):
        lifted = PictureLifter().lift(seen(swinging(size=size) + [0, 0, 3]))
        assert lifted.dtype == np.float32 and (lifted[:, 0] == 0).all()
        np.testing.assert_allclose(lifted, swinging(), atol=0.02)
    plain = PictureLifter().lift(seen(np.repeat(0.7 * at_ease()[None], 5, axis=0)))
    np.testing.assert_allclose(lengths(plain).mean(axis=0), bone_lengths()[1:], rtol=0.01)


@pytest.mark.parametrize("fps", [15.0, 30.0, 60.0])
def test_trembling_is_smoothed_over_the_same_time_at_any_rate(fps):
    noise = np.random.default_rng(0).normal(0, 0.02, (200, 17, 3))
    lifted = PictureLifter().lift(seen(at_ease() + noise, fps))
    left = (lifted - lifted.mean(axis=0))[20:-20, 1:].std()
    expected = np.sqrt(2) * 0.02 / np.sqrt(2 * np.sqrt(np.pi) * 0.05 * fps)  # a Gaussian's, and the root's as well
    assert left == pytest.approx(expected, rel=0.15)


def test_frames_without_lie_between_those_with():
    poses = swinging()
    poses[20:24], poses[:3], poses[-2:] = np.nan, np.nan, np.nan
    lifted = PictureLifter().lift(seen(poses))
    assert np.isfinite(lifted).all()
    np.testing.assert_allclose(lifted, swinging(), atol=0.08)
    np.testing.assert_allclose(lifted[0], lifted[1], atol=0.01)


def test_where_nothing_was_read_somebody_stands_there():
    lifted = PictureLifter().lift(seen(np.full((4, 17, 3), np.nan)))
    head, foot, left, right = (H36M17.joints.index(name) for name in ("head", "left_foot", "left_hip", "right_hip"))
    assert np.isfinite(lifted).all() and (lifted[:, head, 1] < -0.5).all() and (lifted[:, foot, 1] > 0.8).all()
    assert (lifted[:, left, 0] > lifted[:, right, 0]).all()  # who faces the camera
    assert (lifted[:, H36M17.joints.index("neck"), 2] < 0).all()


def test_detectors_that_read_nothing_are_named_in_a_sentence():
    with pytest.raises(ConfigError, match=r"reads none.* thunder\+blazepose"):
        PictureLifter().lift(seen(None))
    for lifter, detector in ((PICTURE, "movenet"), (PICTURE, "rtmpose-m")):
        with pytest.raises(ConfigError, match="reads none"):
            check_detector(lifter, detector)
    check_detector(PICTURE, "blazepose")
    check_detector("stcformer", "movenet")
    with pytest.raises(DataError):
        PictureLifter().lift(seen(swinging()).part(slice(0, 0)))


def test_it_is_loaded_by_its_name_and_says_what_it_is():
    lifter = load_lifter(PICTURE)
    assert isinstance(lifter, PictureLifter) and lifter.description()["name"] == lifter.name == PICTURE
