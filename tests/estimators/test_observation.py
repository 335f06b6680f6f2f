"""What is seen of a person: what cannot be is refused, and what is seen stays the same wherever it goes."""

import pickle

import numpy as np
import pytest

from estimators.errors import DataError
from estimators.observation import Observation

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
    from dataclasses import replace

    seen = replace(Observation.of(POINTS, None, (640, 480), 30.0), cuts=(2, 4))
    assert seen.part(slice(1, 5)).cuts == (1, 3) and seen.part(slice(2, 4)).cuts == ()
