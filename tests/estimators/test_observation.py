"""What is seen of a person: what cannot be is refused, and what is seen stays the same wherever it goes."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from estimators.errors import DataError
from estimators.observation import Observation, joined
from estimators.pinhole import project

POINTS = np.random.default_rng(0).uniform(0, 400, (6, 17, 2)).astype(np.float32)


def test_an_observation_is_the_same_after_a_journey_to_another_process() -> None:
    seen = Observation.of(POINTS, None, (640, 480), 30.0)
    back = pickle.loads(pickle.dumps(seen))
    assert back.to_h36m() is back  # its joints are Human3.6M's still
    np.testing.assert_array_equal(back.keypoints, POINTS)


def test_numbers_may_come_as_lists_and_missing_frames_are_marked() -> None:
    points = POINTS.copy()
    points[2, 5] = np.nan
    seen = Observation.of(points.tolist(), np.full((6, 17), 0.5), (640, 480), 30)
    assert seen.present.tolist() == [True, True, False, True, True, True] and seen.scored
    assert [(run.start, run.stop) for run in seen.runs()] == [(0, 2), (3, 6)]
    part = seen.part(slice(3, 6))
    part.check_whole()
    with pytest.raises(DataError, match="Frame 2 has no keypoints"):
        seen.check_whole()
    with pytest.raises(DataError, match="no frame"):
        seen.part(slice(0, 0)).check_whole()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keypoints": POINTS[:, :16]}, r"shape \(N, 17, 2\)"),
        ({"keypoints": POINTS[0]}, r"shape \(N, 17, 2\)"),
        ({"keypoints": [["a"]]}, r"shape \(N, 17, 2\)"),
        ({"keypoints": 1e22 * POINTS}, "pixels from the picture"),
        ({"scores": np.ones((5, 17))}, "keypoints of 6 frames, but scores of 5"),
        ({"scores": np.full((6, 17), 80.0)}, "from 0 to 1"),
        ({"scores": np.full((6, 17), np.nan)}, "from 0 to 1"),
        ({"image_size": (0, 480)}, "must be positive"),
        ({"image_size": (480, 640, 3)}, "must be positive"),
        ({"fps": 0.0}, "must be positive"),
        ({"fps": "25"}, "must be numbers"),
        ({"focal": -1.0}, "must be positive"),
    ],
)
def test_what_cannot_be_is_refused(change: dict, message: str) -> None:
    right = {"keypoints": POINTS, "scores": None, "image_size": (640, 480), "fps": 30.0, "focal": None}
    with pytest.raises(DataError, match=message):
        Observation.of(**{**right, **change})


def test_cuts_are_counted_anew_in_a_part() -> None:
    seen = replace(Observation.of(POINTS, None, (640, 480), 30.0), cuts=(2, 4))
    assert seen.part(slice(1, 5)).cuts == (1, 3) and seen.part(slice(2, 4)).cuts == ()


def test_the_pictures_pose_is_turned_by_the_ray_to_the_hip_once_the_camera_is_known() -> None:
    focal, size = 500.0, (640, 480)
    rng = np.random.default_rng(1)
    body = rng.normal(0, 0.3, (6, 17, 3))
    body[:, 0] = 0
    hips = rng.uniform([-2, -1, 3], [2, 1, 5], (6, 3))
    pixels = project(body + hips[:, None], size, focal).astype(np.float32)
    seen = Observation.of(pixels, None, size, 30.0)
    # As a camera sees it that is turned towards the hip, and not about its own axis.
    straight = np.empty_like(body)
    for frame, hip in enumerate(hips):
        angle = np.arccos(hip[2] / np.linalg.norm(hip))
        axis = np.cross(hip, [0, 0, 1])
        turn = Rotation.from_rotvec(angle * axis / np.linalg.norm(axis))
        assert turn.apply(hip)[:2] == pytest.approx(0)
        straight[frame] = turn.apply(body[frame])
    straight[4] = np.nan
    scores = np.full((6, 17), 0.7, np.float32)
    scores[4] = 0
    found = replace(seen, pose_3d=straight.astype(np.float32), pose_3d_scores=scores).seen_by(focal)
    known = [0, 1, 2, 3, 5]
    np.testing.assert_allclose(found.pose_3d[known], body[known], atol=1e-5)
    assert found.present_3d.tolist() == [True, True, True, True, False, True] and found.focal == focal
    assert seen.seen_by(focal).pose_3d is None and not seen.present_3d.any()
    assert found.part(slice(3, 6)).present_3d.tolist() == [True, False, True]
    twice = joined([found, found])
    assert twice.pose_3d.shape == (12, 17, 3) and twice.pose_3d_scores.shape == (12, 17)
