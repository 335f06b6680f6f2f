"""Even moments over frames that were dropped, paused, or never came evenly."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from estimators.even import Grid
from estimators.observation import Observation, Provenance

FPS = 25.0
D, BETWEEN, M = Provenance.DETECTED, Provenance.INTERPOLATED, Provenance.MISSING


def course(times: np.ndarray) -> np.ndarray:
    """(N, 2): a hand that swings by 0.3 m, once a second."""
    return np.stack([0.3 * np.sin(2 * np.pi * times), 0.3 * np.cos(2 * np.pi * times)], axis=1)


def dropped(*frames: int, n: int = 50) -> np.ndarray:
    return np.delete(np.arange(n), frames) / FPS


def always(times: np.ndarray) -> np.ndarray:
    return np.ones(len(times), bool)


def test_frames_that_come_evenly_are_their_own_moments():
    times = np.arange(50) / FPS
    grid, values = Grid.of(times, FPS), course(times)
    assert grid.even and len(grid) == 50
    assert grid.to_moments(values, always(times)) is values and grid.to_frames(values, always(times)) is values


def test_dropped_frames_are_filled_and_the_others_kept():
    times = dropped(10, 11, 12, 13, 14, 30, 31)
    grid, values = Grid.of(times, FPS), course(times)
    even = grid.to_moments(values, always(times))
    assert not grid.even and even.shape == (50, 2)
    np.testing.assert_array_equal(even[grid.at], values)
    np.testing.assert_array_equal(grid.to_frames(even, always(times)), values)
    assert np.abs(even - course(np.arange(50) / FPS)).max() < 0.1
    provenance = grid.provenance(np.full(len(times), D, np.uint8))
    assert np.flatnonzero(provenance == BETWEEN).tolist() == [10, 11, 12, 13, 14, 30, 31]


def test_a_pause_is_a_gap_and_nobody_knows_what_happened_in_it():
    times = np.arange(50) / FPS + 1.6 * (np.arange(50) >= 25)
    grid, values = Grid.of(times, FPS), course(times)
    even = grid.to_moments(values, always(times))
    assert len(grid) == 90
    assert np.isnan(even[25:65]).all() and np.isfinite(even[:25]).all() and np.isfinite(even[65:]).all()
    provenance = grid.provenance(np.full(50, D, np.uint8))
    assert (provenance[25:65] == M).all() and (np.delete(provenance, np.arange(25, 65)) == D).all()
    np.testing.assert_array_equal(grid.to_frames(even, always(times)), values)


def test_nothing_is_interpolated_across_a_cut():
    times = dropped(20, 21)
    values = np.where(times < 0.8, 0.0, 9.0)[:, None]
    grid = Grid.of(times, FPS, cuts=[20])
    even = grid.to_moments(values, always(times))
    assert np.flatnonzero(np.isnan(even[:, 0])).tolist() == [20, 21] and set(np.delete(even, [20, 21])) == {0.0, 9.0}
    assert grid.at[20] == 22  # the moment that begins the new shot


def test_a_rate_that_truly_varies():
    steps = np.where(np.arange(120) // 30 % 2, 1 / 30, 1 / 24)  # a telephone as the light changes
    times = np.concatenate([[0], np.cumsum(steps)])
    rate = len(steps) / times[-1]
    grid = Grid.of(times, rate)
    assert not grid.even and len(grid) == len(times)
    even = grid.to_moments(course(times), always(times))
    true = course(np.arange(len(grid)) / rate)
    np.testing.assert_allclose(even, true, atol=2e-3)
    bends = np.linalg.norm(np.diff(even, n=2, axis=0), axis=1) * rate**2
    assert bends.mean() == pytest.approx(0.3 * (2 * np.pi) ** 2, rel=0.05)
    np.testing.assert_allclose(grid.to_frames(even, always(times)), course(times), atol=3e-3)
    assert (grid.provenance(np.full(len(times), D, np.uint8)) == D).all()


def test_who_is_missing_stays_missing():
    times = dropped(10, 11, 12)
    present = np.ones(len(times), bool)
    present[20:30] = False
    values = course(times)
    values[~present] = np.nan
    grid = Grid.of(times, FPS)
    even = grid.to_moments(values, present)
    assert np.flatnonzero(np.isnan(even[:, 0])).tolist() == list(range(23, 33))
    np.testing.assert_array_equal(grid.to_frames(even, present), values)
    marks = np.where(present, D, M).astype(np.uint8)
    assert np.flatnonzero(grid.provenance(marks) == M).tolist() == list(range(23, 33))
    assert grid.to_moments(present, present)[[9, 10, 11, 22, 23]].tolist() == [True, True, True, True, False]


def test_a_track_at_the_moments():
    times = dropped(10, 11)
    n = len(times)
    points = np.repeat(course(times)[:, None], 17, axis=1).astype(np.float32)
    provenance = np.full(n, D, np.uint8)
    track = Observation(points, np.full((n, 17), 0.8, np.float32), provenance, (640, 480), Fraction(25), id=3)
    even = Grid.of(times, FPS).resample(track)
    assert even.id == 3 and even.keypoints.shape == (50, 17, 2) and even.keypoints.dtype == np.float32
    assert np.flatnonzero(even.provenance == BETWEEN).tolist() == [10, 11]
    assert even.scores[9:13, 0] == pytest.approx([0.8, 0.4, 0.4, 0.8])  # less sure where no frame was


def test_damaged_times_cost_no_memory():
    times = np.cumsum(np.where(np.arange(100) % 2, 0.04, 86_400.0))
    grid = Grid.of(times, FPS)
    assert len(grid) < 25_000 and grid.paused.sum() == 49
    even = grid.to_moments(course(times), always(times))
    np.testing.assert_array_equal(grid.to_frames(even, always(times))[::7], course(times)[::7])
    assert len(Grid.of(np.array([0.0, 30 * 86_400.0]), FPS)) <= 20_100


@pytest.mark.parametrize("seed", range(6))
def test_any_times_there_and_back(seed):
    random = np.random.default_rng(seed)
    times = np.cumsum(random.choice([0.002, 0.02, 0.04, 0.1, 2.0], 60, p=[0.1, 0.3, 0.4, 0.15, 0.05]))
    present = random.random(60) > 0.2
    values = course(times).astype(np.float32)
    values[~present] = np.nan
    grid = Grid.of(times, FPS)
    even = grid.to_moments(values, present)
    marks = grid.provenance(np.where(present, D, M).astype(np.uint8))
    assert np.array_equal(np.isfinite(even).all(axis=1), marks != M)
    back = grid.to_frames(even, present)
    assert np.array_equal(np.isfinite(back).all(axis=1), present) and back.dtype == np.float32
    assert np.nanmax(np.abs(back)) < 1.5


def test_the_pictures_poses_at_the_moments_are_known_where_frames_beside_them_know():
    times = dropped(10, 11, 30, 31)
    grid, values = Grid.of(times, FPS), course(times)
    poses = np.zeros((len(times), 17, 3), np.float32)
    poses[..., :2] = values[:, None]
    scores = np.full((len(times), 17), 0.8, np.float32)
    poses[[5, 9]], scores[[5, 9]] = np.nan, 0  # the second is the last before a gap
    track = Observation.of(np.zeros((len(times), 17, 2)), scores * 0 + 0.8, (640, 480), FPS)
    moved = grid.resample(replace(track, pose_3d=poses, pose_3d_scores=scores))
    assert moved.present.all() and np.flatnonzero(~moved.present_3d).tolist() == [5, 9, 10, 11]
    there = moved.present_3d
    assert np.abs(moved.pose_3d[there, 4, :2] - course(np.arange(50) / FPS)[there]).max() < 0.1
    assert not moved.pose_3d_scores[~there].any() and (moved.pose_3d_scores[there] > 0.5).all()
    assert moved.pose_3d_scores.max() <= 1
