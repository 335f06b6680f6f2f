"""Where joints are put that nobody has seen: legs hang, left as long as right, and what was seen stays as it is."""

from __future__ import annotations

import numpy as np
import pytest

from estimators.neutral import UP, complete
from estimators.skeleton import H36M17

J = {name: index for index, name in enumerate(H36M17.joints)}
FPS = 25.0
LEGS = [J[f"{side}_{joint}"] for side in ("left", "right") for joint in ("knee", "foot")]


def bent(n: int) -> np.ndarray:
    """(N,17,3) metres, y up, facing +z, leaning; the legs are bent and short, one shorter than the other."""
    body = np.zeros((n, 17, 3))
    places = {
        "spine": (0, 0.25, 0.05), "thorax": (0, 0.5, 0.1), "neck": (0, 0.6, 0.2), "head": (0, 0.75, 0.15),
        "left_hip": (0.1, 0, 0), "right_hip": (-0.1, 0, 0), "left_knee": (0.2, -0.1, 0.1),
        "right_knee": (-0.2, -0.2, 0.1),
        "left_foot": (0.1, -0.3, 0), "right_foot": (-0.1, -0.3, 0), "left_shoulder": (0.2, 0.5, 0.1),
        "right_shoulder": (-0.2, 0.5, 0.1), "left_elbow": (0.4, 0.5, 0.1), "right_elbow": (-0.4, 0.5, 0.1),
        "left_wrist": (0.4, 0.7, 0.1), "right_wrist": (-0.4, 0.7, 0.1),
    }  # fmt: skip
    for name, place in places.items():
        body[:, J[name]] = place
    return body


def test_all_believed_is_left_alone() -> None:
    body = bent(3)
    body[1] = np.nan
    known = np.isfinite(body).all(axis=2)
    assert complete(body, known, FPS, UP) is body


def test_legs_that_were_never_seen_hang_straight_down_and_are_of_equal_length() -> None:
    body, known = bent(4), np.ones((4, 17), bool)
    known[:, LEGS] = False
    found = complete(body, known, FPS, UP)
    np.testing.assert_array_equal(found[known], body[known])
    for side in ("left", "right"):
        hip, knee, foot = (found[:, J[f"{side}_{joint}"]] for joint in ("hip", "knee", "foot"))
        np.testing.assert_allclose(knee[:, [0, 2]], hip[:, [0, 2]], atol=1e-9)
        np.testing.assert_allclose(foot[:, [0, 2]], hip[:, [0, 2]], atol=1e-9)
        # an average body's 0.406 and 0.437 m, in the proportion of the bones that are known
        assert (hip - knee)[0, 1] == pytest.approx((knee - foot)[0, 1] * 0.406 / 0.437)
    np.testing.assert_allclose(found[:, J["left_foot"], 1], found[:, J["right_foot"], 1])
    assert 0.6 < -found[0, J["left_foot"], 1] < 1.0


def test_a_leg_that_leaves_the_picture_keeps_its_length_and_goes_to_its_place_without_a_jump() -> None:
    n = 50
    body, known = bent(n), np.ones((n, 17), bool)
    known[25:, J["left_foot"]] = False
    found = complete(body, known, FPS, UP)
    np.testing.assert_array_equal(found[:25], body[:25])
    steps = np.linalg.norm(np.diff(found[:, J["left_foot"]], axis=0), axis=1)
    assert 0 < steps.max() < 0.08  # metres a frame
    shin = found[-1, J["left_knee"]] - found[-1, J["left_foot"]]
    # the median of both sides, and the right one is there in more frames
    length = np.linalg.norm(body[0, J["right_foot"]] - body[0, J["right_knee"]])
    np.testing.assert_allclose(shin, [0, length, 0], atol=1e-6)


def test_a_bust_gets_hips_under_its_shoulders() -> None:
    body, known = bent(2), np.zeros((2, 17), bool)
    known[:, [J[name] for name in ("thorax", "neck", "head", "left_shoulder", "right_shoulder")]] = True
    found = complete(body, known, FPS, UP)
    thorax, hip = found[0, J["thorax"]], found[0, J["hip"]]
    assert thorax[1] - hip[1] > 0.4 and np.allclose(thorax[[0, 2]], hip[[0, 2]])
    assert found[0, J["left_hip"], 0] > hip[0] > found[0, J["right_hip"], 0]
    assert found[0, J["left_wrist"], 1] < found[0, J["left_elbow"], 1] < found[0, J["left_shoulder"], 1]
