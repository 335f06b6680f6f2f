"""Gravity, floor and root from people who stand and walk."""

from __future__ import annotations

import numpy as np
import pytest

from app.world.ground import find_ground
from app.world.root import estimate_root, estimate_roots
from estimators.observation import Observation
from estimators.pinhole import assumed_focal, project
from estimators.skeleton import H36M17
from tests.support.motions import CAMERA, J, motion_of, walking

FEET = [J["left_foot"], J["right_foot"]]
SIZE = (1280, 720)


def tilt(found_up: np.ndarray, pitch: float) -> float:
    """Degrees between an up in camera space and that of a camera turned down by `pitch` radians."""
    up = np.array([0.0, -np.cos(pitch), -np.sin(pitch)])
    return float(np.degrees(np.arccos(np.clip(found_up @ up, -1, 1))))


def seen_by(body: np.ndarray, pitch: float) -> np.ndarray:
    """(N,17,3) metres in the camera space of `motion_of`."""
    person = motion_of([body], pitch=pitch).people[0]
    return person.best.astype(np.float64) + person.root[:, None]


@pytest.mark.parametrize("pitch", [0.0, 0.3])
def test_who_bows_does_not_tilt_the_world(pitch: float) -> None:
    """Trunk 45 degrees forward, pelvis back, as balance demands it: the line from feet to head leans by 15 degrees."""
    body = np.repeat(walking(1), 60, axis=0)
    trunk = [
        J[name]
        for name in J
        if J[name] not in (0, *(J[f"{s}_{n}"] for s in ("left", "right") for n in ("hip", "knee", "foot")))
    ]
    turn = np.array([[1, 0, 0], [0, np.cos(np.pi / 4), -np.sin(np.pi / 4)], [0, np.sin(np.pi / 4), np.cos(np.pi / 4)]])
    hip = body[:, :1].copy()
    body[:, trunk] = (body[:, trunk] - hip) @ turn.T + hip
    legs_only = [joint for joint in range(17) if joint not in FEET]
    body[:, legs_only] -= [0, 0, 0.16]
    leaning = body[0, J["head"]] - body[0, FEET].mean(axis=0)
    assert np.degrees(np.arctan2(leaning[2], leaning[1])) > 12
    ground, contacts = find_ground([seen_by(body, pitch)], H36M17, 30)
    assert contacts[0].all() and tilt(ground.axes[1], pitch) < 4


def test_the_floor_is_that_under_steps_far_and_near() -> None:
    body = walking(180)
    still = np.where(np.arange(180) % 30 < 15, np.arange(180) // 30 * 30, np.nan)
    course = np.interp(np.arange(180), np.flatnonzero(np.isfinite(still)), still[np.isfinite(still)])
    body[..., 2] -= (course / 60)[:, None]  # away from the camera, two and a half metres in six seconds, halting
    ground, contacts = find_ground([seen_by(body, 0.25)], H36M17, 30)
    assert contacts[0].any() and tilt(ground.axes[1], 0.25) < 2
    ankles = ground.of(seen_by(body, 0.25))[:, FEET, 1]
    assert np.abs(ankles[contacts[0]]).max() < 0.06


def test_standing_feet_hold_a_root_whose_apparent_size_wavers() -> None:
    n = 150
    body = np.repeat(walking(1), n, axis=0) - CAMERA
    body = body * [1, -1, -1]  # camera space of a level camera
    truth = body[:, 0]
    poses = body - body[:, :1]
    waver = 1 + 0.04 * np.sin(2 * np.pi * 0.4 * np.arange(n) / 30)  # the lifter's idea of the size: 18 cm of depth
    focal, wavering = assumed_focal(SIZE), poses * waver[:, None, None]
    one = Observation.of(project(body, SIZE, focal), np.full((n, 17), 0.9), SIZE, 30, focal)
    alone = estimate_root(one, wavering)
    (held,) = estimate_roots([one], [wavering])
    assert np.abs(alone - truth)[:, 2].max() > 0.1
    assert np.ptp(held[:, 2]) < 0.5 * np.ptp(alone[:, 2])
    assert np.abs(held - truth).max() < np.abs(alone - truth).max()


def test_nobody_ever_seen_has_no_root_and_no_error() -> None:
    nothing = np.full((5, 17, 3), np.nan)
    (root,) = estimate_roots([Observation.of(nothing[..., :2], np.zeros((5, 17)), SIZE, 30, 1000.0)], [nothing])
    assert np.isnan(root).all()
