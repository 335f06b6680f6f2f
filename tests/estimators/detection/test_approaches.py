"""Each person once, and in a rectangle the one who is meant."""

import numpy as np

from estimators.detection import Detections
from estimators.detection.approaches import fit
from estimators.detection.movenet.find import _each_once


def test_the_same_person_found_twice_is_kept_once_the_clearest_view():
    joints = np.random.default_rng(1).uniform(0, 100, (17, 2))
    views = np.stack([joints, joints + 2, joints + 300])
    people = _each_once(Detections.of(views, np.full((3, 17), 0.8), np.array([0.4, 0.6, 0.5])))
    np.testing.assert_allclose(people.keypoints, views[[1, 2]], rtol=1e-5)


def test_the_person_in_the_middle_of_a_rectangle_is_the_one_meant():
    joints = np.random.default_rng(1).uniform(-50, 50, (17, 2))
    people = Detections.of(
        np.stack([joints + [90, 0], joints, joints * 0.3]), np.full((3, 17), 0.8), np.array([0.9, 0.6, 0.9])
    )
    assert fit(people, np.array([-100, -100, 100, 100])).argmax() == 1
