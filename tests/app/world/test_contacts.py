"""Feet that stand are found; feet that swing, fly or turn about are not."""

from __future__ import annotations

import numpy as np
import pytest

from app.world.contacts import find_contacts


def steps(fps: float, seconds: float = 4.0, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """(N,2,3) ankles of a walk, y up from the floor, and (N,2) which foot stands: 0.6 s each, then 0.4 s of swing."""
    t = np.arange(int(seconds * fps)) / fps
    feet = np.zeros((len(t), 2, 3))
    stands = np.zeros((len(t), 2), bool)
    for foot in range(2):
        phase = t + 0.5 * foot
        cycle, part = np.floor(phase), phase % 1
        swing = np.clip((part - 0.6) / 0.4, 0, 1)
        feet[:, foot, 2] = cycle * 1.2 + 1.2 * (swing - np.sin(2 * np.pi * swing) / (2 * np.pi))
        feet[:, foot, 1] = 0.15 * np.sin(np.pi * swing) ** 2
        stands[:, foot] = part < 0.6
    return feet + np.random.default_rng(0).normal(0, noise, feet.shape), stands


@pytest.mark.parametrize("fps", [24, 60])
@pytest.mark.parametrize("noise", [0.0, 0.004])
def test_the_stances_of_a_walk(fps: float, noise: float) -> None:
    feet, stands = steps(fps, noise=noise)
    found = find_contacts(feet, feet[..., 1], fps)
    assert (found == stands).mean() > 0.9
    # whole stances, not pieces of them: as many beginnings as there are
    assert (np.diff(found.astype(int), axis=0) == 1).sum() == (np.diff(stands.astype(int), axis=0) == 1).sum()


def test_a_jump_has_no_contact_in_the_air_not_even_at_its_height() -> None:
    t = np.arange(90) / 30
    rise = np.where((t > 1) & (t < 1.6), 4.9 * (t - 1) * (1.6 - t), 0)  # 44 cm
    feet = np.zeros((90, 2, 3))
    feet[..., 1] = rise[:, None]
    found = find_contacts(feet, feet[..., 1], 30)
    air = rise > 0.15
    assert not found[air].any()
    assert found[:28].all() and found[52:].all()


def test_missing_frames_have_no_contact_and_no_speed_is_taken_across_them() -> None:
    feet = np.zeros((40, 2, 3))
    feet[20:, :, 0] += 3.0
    feet[18:22] = np.nan
    found = find_contacts(feet, feet[..., 1], 30)
    assert found[:18].all() and found[22:].all() and not found[18:22].any()
    assert not find_contacts(feet[:1], feet[:1, :, 1], 30).any()
