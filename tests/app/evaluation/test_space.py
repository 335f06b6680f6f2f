"""Measures of the world and of measures: what is put in is what is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.evaluation.ranks import Rated, markdown, rank_correlations, rated_poses
from app.evaluation.space import coverage, coverage_markdown, world_errors
from app.evaluation.space import markdown as world_markdown
from app.motion import Motion, PersonMotion
from demo_videos.truth import Truth, demo_clips, load_truth
from estimators.observation import Provenance


@pytest.fixture(scope="module")
def walker() -> Truth:
    return load_truth(demo_clips()["walker"][1])


def exact(truth: Truth, noise: float = 0.0) -> Motion:
    """The truth as a motion; `noise` metres a coordinate on the poses, stated as sigma."""
    joints = truth.joints_3d.astype(np.float64)
    poses = joints - joints[:, :1]
    poses[:, 1:] += np.random.default_rng(0).normal(0, noise, poses[:, 1:].shape)
    n = len(truth)
    person = PersonMotion(
        0, truth.keypoints_2d, np.full((n, 17), 0.9, np.float32), np.full(n, Provenance.DETECTED, np.uint8),
        poses.astype(np.float32), truth.joints_3d[:, 0], poses.astype(np.float32), np.full((n, 17), noise, np.float32),
    )  # fmt: skip
    camera = {"focal_px": float(truth.focal[0])}
    return Motion((person,), np.arange(n) / float(truth.fps), truth.fps, truth.image_size, {"name": "walker"}, camera)


def test_the_truth_has_hardly_any_errors(walker: Truth) -> None:
    found = world_errors(exact(walker), walker)
    assert max(found.root_cm[way] for way in ("as estimated", "true height", "best scale", "shape")) < 0.01
    assert found.root_cm["true height and camera"] < 3  # estimated anew from its 2D
    assert found.drift_cm_s < 0.01 and found.tilt_deg < 2 and abs(found.floor_cm) < 3
    assert found.sliding_cm_s["refined"] == pytest.approx(found.sliding_cm_s["truth"], abs=0.5)
    assert found.sliding_cm_s["cleaned"] < 0.6 * found.sliding_cm_s["truth"]
    assert found.contacts[1] > 0.9 and found.moved_m > 5
    assert np.isnan(found.jump_cm).all()  # who walks does not jump
    assert "| walker |" in world_markdown({"walker": found})


def test_a_jump_is_as_high_as_it_is() -> None:
    hopper = load_truth(demo_clips()["hopper"][1])
    true, found = world_errors(exact(hopper), hopper).jump_cm
    assert 13 < true < 20 and found == pytest.approx(true, abs=1)


def test_an_offset_and_a_drift_are_told_apart(walker: Truth) -> None:
    motion = exact(walker)
    seconds = motion.timestamps[:, None].astype(np.float32)
    person = motion.people[0]

    def errors(root: np.ndarray) -> tuple[float, float, float]:
        found = world_errors(replace(motion, people=(replace(person, root=root.astype(np.float32)),)), walker)
        return found.root_cm["as estimated"], found.root_cm["shape"], found.drift_cm_s

    assert errors(person.root + np.float32([0.3, 0, 0])) == pytest.approx((30, 0, 0), abs=0.1)
    drifting = errors(person.root + 0.05 * (seconds - seconds.mean()) * np.float32([0, 0, 1]))
    assert drifting == pytest.approx((7.45, 7.45, 5.0), abs=0.1)  # 5 cm/s over 6 s: 7.45 cm off on average


def test_coverage_is_that_of_a_gaussian(walker: Truth) -> None:
    motion = exact(walker, noise=0.04)
    shares = coverage(motion, walker)
    assert shares["68 %"] == pytest.approx(0.683, abs=0.01) and shares["95 %"] == pytest.approx(0.95, abs=0.01)
    person = motion.people[0]
    assert person.sigma is not None
    narrow = replace(motion, people=(replace(person, sigma=person.sigma / 2),))
    assert coverage(narrow, walker)["68 %"] == pytest.approx(0.383, abs=0.01)
    assert coverage(replace(motion, people=(replace(person, sigma=None),)), walker) == {}
    shares = {"68 %": 0.683, "95 %": 0.95}
    assert coverage_markdown({"a": shares, "nobody": {}}, {"68 %": 0.7, "95 %": 0.9}).endswith(
        "| of all | 70.0 % | 90.0 % |\n| of a clip, on average | 68.3 % | 95.0 % |"
    )


def test_ranks(walker: Truth) -> None:
    runs = [rated_poses(exact(walker, noise), walker, str(noise)) for noise in (0.0, 0.01, 0.02, 0.03, 0.05, 0.08)]
    table = rank_correlations([run for pair in runs for run in pair])
    for name in ("acceleration", "jerk", "bone_length_variation", "reprojection_error"):
        assert table[name]["refined"] == pytest.approx(1.0), name
    assert table["sigma"]["refined"] == pytest.approx(1.0) and np.isnan(table["score"]["refined"])
    assert "| acceleration | +1.00 |" in markdown([run for pair in runs for run in pair])
    against = [Rated(str(i), "refined", {"jerk": float(i)}, {"mpjpe": -float(i)}) for i in range(6)]
    assert rank_correlations(against)["jerk"]["refined"] == pytest.approx(-1.0)
    assert np.isnan(rank_correlations(against[:4])["jerk"]["refined"])  # too few for ranks


def test_refinement_that_helps_where_the_measure_says_so() -> None:
    runs = []
    for clip in range(6):
        runs.append(Rated(str(clip), "lifted", {"jerk": 10.0}, {"mpjpe": 100.0}))
        runs.append(Rated(str(clip), "refined", {"jerk": 9.0 - clip}, {"mpjpe": 90.0 - clip}))
    assert rank_correlations(runs)["jerk"]["change"] == pytest.approx(1.0)
