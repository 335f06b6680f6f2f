"""Quality measures against motions of which they are known."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from app.motion import Motion, PersonMotion
from app.quality.measures import acceleration_and_jerk, foot_sliding, left_right_swaps, quality, save_quality
from app.quality.table import MEASURES
from estimators.observation import Provenance
from estimators.pinhole import assumed_focal, project
from estimators.skeleton import H36M17
from estimators.stretches import runs

SIZE = (1280, 720)
# A standing person in metres, camera space, root-relative (y down).
STANDING = np.array([
    [0, 0, 0], [-.13, 0, 0], [-.13, .45, 0], [-.13, .9, 0], [.13, 0, 0], [.13, .45, 0], [.13, .9, 0], [0, -.25, 0],
    [0, -.5, 0], [0, -.6, -.05], [0, -.7, 0], [.17, -.48, 0], [.2, -.2, 0], [.22, .05, 0], [-.17, -.48, 0],
    [-.2, -.2, 0], [-.22, .05, 0],
])  # fmt: skip


def standing_motion(n: int = 60, noise: float = 0.0, refined: bool = True, fps: Fraction = Fraction(30)) -> Motion:
    rng = np.random.default_rng(0)
    truth = np.tile(STANDING, (n, 1, 1))
    root = np.tile([0.2, 0.1, 5.0], (n, 1))
    lifted = truth + rng.normal(0, noise, truth.shape) * (noise > 0)
    lifted[:, 0] = 0
    person = PersonMotion(
        id=0,
        keypoints_2d=project(truth + root[:, None], SIZE, assumed_focal(SIZE)).astype(np.float32),
        scores=np.full((n, 17), 0.9, np.float32),
        provenance=np.full(n, Provenance.DETECTED, np.uint8),
        lifted=lifted.astype(np.float32),
        refined=truth.astype(np.float32) if refined else None,
        root=root.astype(np.float32),
    )
    return Motion((person,), np.arange(n) / float(fps), fps, SIZE, source={"name": "x"})


def test_a_perfect_still_person_has_nothing_to_complain_about() -> None:
    measures = quality(standing_motion())["people"][0]["lifted"]
    for name in ("acceleration", "jerk", "bone_length_variation", "reprojection_error", "foot_sliding"):
        assert measures[name] < 0.01, name
    assert measures["left_right_asymmetry"] < 0.01
    assert measures["bone_length_m"]["right_hip-right_knee"] == pytest.approx(0.45)


def test_noise_is_seen_and_the_change_is_stated() -> None:
    person = quality(standing_motion(noise=0.02))["people"][0]
    assert person["frames"] == {"detected": 60, "interpolated": 0, "missing": 0}
    for name in ("acceleration", "jerk", "bone_length_variation", "reprojection_error"):
        assert person["lifted"][name] > 5 * person["refined"][name]
        assert person["change_percent"][name] < -80
    # white noise of 2 cm an axis: second differences have sqrt(6) times the deviation
    assert person["lifted"]["acceleration"] == pytest.approx(0.02 * np.sqrt(6) * 1.596 * 30**2, rel=0.05)


@pytest.mark.parametrize("fps", [24000 / 1001, 50, 120])
def test_acceleration_and_jerk_do_not_depend_on_the_frame_rate(fps: float) -> None:
    t = np.arange(int(4 * fps)) / fps
    path = np.zeros((len(t), 1, 3))
    path[:, 0, 1] = 3 * t**2 + 2 * t**3  # y'' = 6 + 12 t, y''' = 12
    acceleration, jerk = acceleration_and_jerk(path, [slice(0, len(t))], fps)
    assert acceleration == pytest.approx(6 + 12 * 2, rel=0.03)
    assert jerk == pytest.approx(12, rel=1e-3)


def test_no_difference_is_taken_across_a_gap() -> None:
    poses = np.zeros((20, 17, 3))
    poses[10:] += 5
    present = np.ones(20, bool)
    present[9:11] = False
    assert acceleration_and_jerk(poses, runs(present), 30) == (0, 0)


def test_wrong_bones_are_seen() -> None:
    motion = standing_motion()
    longer = motion.people[0].lifted.copy()
    longer[:, 6, 1] += 0.05  # the left shin, by 5 cm of 45
    measures = quality(replace(motion, people=(replace(motion.people[0], lifted=longer),)))["people"][0]["lifted"]
    assert measures["left_right_asymmetry_per_bone"]["foot"] == pytest.approx(100 * 0.05 / 0.475, rel=1e-3)
    assert measures["left_right_asymmetry_per_bone"]["knee"] < 0.01
    assert measures["bone_length_variation"] < 0.01


def test_sliding_feet_are_seen() -> None:
    feet = np.zeros((30, 2, 3))
    feet[:, :, 0] = (np.arange(30) / 30 * 0.5)[:, None]  # glides by 0.5 m/s
    feet[:, 1, 1] = np.arange(30)  # rising is no sliding
    contacts = np.ones((30, 2), bool)
    assert foot_sliding(feet, contacts, 30) == pytest.approx(0.5)
    feet[20:] = np.nan
    contacts[20:] = False
    assert foot_sliding(feet, contacts, 30) == pytest.approx(0.5)
    assert foot_sliding(feet, np.zeros((30, 2), bool), 30) is None
    motion = standing_motion(90)
    gliding = motion.people[0].root + (np.arange(90) / 30 * 0.15)[:, None] * np.float32([0, 0, 1])
    person = quality(replace(motion, people=(replace(motion.people[0], root=gliding.astype(np.float32)),)))["people"][0]
    assert person["refined"]["foot_sliding"] == pytest.approx(0.15, rel=0.02)
    assert person["standing_percent"] == {"left_foot": 100, "right_foot": 100}


def test_limbs_that_trade_places_are_counted() -> None:
    poses = np.tile(STANDING, (60, 1, 1))
    swapped = poses.copy()
    arms = [
        H36M17.joints.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist")
    ]
    swapped[20:25, arms] = poses[20:25][:, arms[3:] + arms[:3]]  # there and back
    assert left_right_swaps(poses, [slice(0, 60)], H36M17) == 0
    assert left_right_swaps(swapped, [slice(0, 60)], H36M17) == 2
    assert left_right_swaps(swapped, [slice(0, 20), slice(25, 60)], H36M17) == 0
    angle = np.arange(60) / 60 * 4 * np.pi  # turning about twice in two seconds is no trade
    turn = np.zeros((60, 3, 3))
    turn[:, 0, 0] = turn[:, 2, 2] = np.cos(angle)
    turn[:, 0, 2], turn[:, 2, 0], turn[:, 1, 1] = np.sin(angle), -np.sin(angle), 1
    assert left_right_swaps(np.einsum("nij,nkj->nki", turn, poses), [slice(0, 60)], H36M17) == 0
    motion = standing_motion(60)
    person = replace(motion.people[0], lifted=swapped.astype(np.float32))
    measured = quality(replace(motion, people=(person,)))["people"][0]
    assert measured["lifted"]["left_right_swaps"] == 60 and measured["refined"]["left_right_swaps"] == 0
    assert measured["frames_percent"] == {"detected": 100, "interpolated": 0, "missing": 0}


@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_short_clips_give_null_not_nan(tmp_path: Path, n: int) -> None:
    measures = quality(standing_motion(n, refined=False))
    stored = json.loads(save_quality(measures, tmp_path / "quality.json").read_text())
    person = stored["people"][0]
    assert "refined" not in person and "change_percent" not in person
    assert (person["lifted"]["jerk"] is None) == (n < 4)
    assert set(MEASURES) <= set(person["lifted"])


def test_missing_frames_are_left_out() -> None:
    motion = standing_motion(60, noise=0.02)
    person = motion.people[0]
    arrays = {name: getattr(person, name).copy() for name in ("keypoints_2d", "lifted", "refined", "root")}
    for array in arrays.values():
        array[20:40] = np.nan
    provenance = person.provenance.copy()
    provenance[20:40] = Provenance.MISSING
    holed = replace(person, provenance=provenance, **arrays)
    measures = quality(replace(motion, people=(holed,)))["people"][0]
    whole = quality(motion)["people"][0]
    assert measures["frames"]["missing"] == 20
    assert measures["lifted"]["jerk"] == pytest.approx(whole["lifted"]["jerk"], rel=0.1)
