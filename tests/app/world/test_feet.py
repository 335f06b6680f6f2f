"""The clean-up of feet: they stay, the rest keeps its pose, and without it nothing is touched."""

from __future__ import annotations

import numpy as np
import pytest

from app.motion import Motion
from app.world.placing import place
from tests.support.motions import J, motion_of, walking

FEET = [J["left_foot"], J["right_foot"]]
LEGS = [J[f"{side}_{joint}"] for side in ("left", "right") for joint in ("knee", "foot")]
REST = [joint for joint in range(17) if joint not in LEGS]


def sliding_motion(n: int = 120) -> Motion:
    """Somebody stands and sways while everything glides by 6 cm a second, as a wrong depth makes it."""
    body = np.repeat(walking(1), n, axis=0)
    time = np.arange(n) / 30
    body[:, REST] += (0.03 * np.sin(2 * np.pi * time))[:, None, None] * [1.0, 0.0, 0.0]
    body[:, [J["left_knee"], J["right_knee"]]] += [0, 0, 0.03]  # bent, so that legs can reach
    body += time[:, None, None] * [0.0, 0.0, 0.06]
    return motion_of([body])


def speed(positions: np.ndarray) -> np.ndarray:
    """(N-1,2) m/s along the floor."""
    return np.linalg.norm(np.diff(positions[:, FEET][..., [0, 2]], axis=0), axis=-1) * 30


def bones(positions: np.ndarray) -> np.ndarray:
    pairs = [(J[f"{s}_{a}"], J[f"{s}_{b}"]) for s in ("left", "right") for a, b in (("hip", "knee"), ("knee", "foot"))]
    return np.stack([np.linalg.norm(positions[:, a] - positions[:, b], axis=-1) for a, b in pairs], axis=1)


@pytest.mark.parametrize("space", ["world", "camera"])
def test_standing_feet_stay_and_bones_keep_their_lengths(space: str) -> None:
    motion = sliding_motion()
    before, after = place(motion, space), place(motion, space, clean_feet=True)
    assert before.contacts[0].all() and after.feet_held and not before.feet_held
    slid = np.linalg.norm(np.diff(before.positions[0][:, FEET], axis=0), axis=-1).mean() * 30
    left = np.linalg.norm(np.diff(after.positions[0][:, FEET], axis=0), axis=-1).mean() * 30
    assert slid > 0.05 and left < 0.002
    np.testing.assert_allclose(bones(after.positions[0]), bones(before.positions[0]), atol=1e-6)


def test_above_the_legs_the_pose_is_the_same() -> None:
    motion = sliding_motion()
    before, after = (place(motion, clean_feet=clean).positions[0] for clean in (False, True))
    relative = [body[:, REST] - body[:, :1] for body in (before, after)]
    np.testing.assert_allclose(relative[0], relative[1], atol=1e-9)


def test_without_it_nothing_is_touched() -> None:
    motion = sliding_motion(60)
    person = motion.people[0]
    assert person.refined is not None
    np.testing.assert_array_equal(
        place(motion, "camera").positions[0], person.refined.astype(float) + person.root[:, None].astype(float)
    )


def test_who_is_in_the_air_is_left_alone_and_gaps_stay() -> None:
    body = walking(120)
    body[..., 1] += 0.5 * np.maximum(1 - ((np.arange(120) - 60) / 15) ** 2, 0)[:, None]
    motion = motion_of([body], missing=slice(10, 15))
    before, after = (place(motion, clean_feet=clean).positions[0] for clean in (False, True))
    assert np.isnan(after[10:15]).all() and np.isfinite(after[15:]).all()
    top = slice(58, 63)  # a third of a second from the floor and more
    assert np.abs(after[top] - before[top]).max() < 0.03
    assert after[60, FEET, 1].min() > 0.5
