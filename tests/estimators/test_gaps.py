from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from estimators.gaps import clean, find_spikes, frames_a_look, over_all_frames
from estimators.observation import Observation, Provenance
from estimators.skeleton import COCO17
from estimators.stretches import gaps

FPS = Fraction(30000, 1001)
D, F, M = Provenance.DETECTED, Provenance.INTERPOLATED, Provenance.MISSING


def walk(length: int = 60, fps: Fraction = FPS) -> Observation:
    """Somebody 200 px tall who walks and swings."""
    time = np.arange(length) / float(fps)
    body = np.stack([np.linspace(-30, 30, 17), np.linspace(-100, 100, 17)], axis=1)
    swing = 20 * np.sin(2 * np.pi * time[:, None] + np.arange(17))
    keypoints = body + np.array([100.0, 300.0]) + (time[:, None] * [80.0, 0.0])[:, None]
    keypoints[..., 0] += swing
    return Observation(
        keypoints.astype(np.float32),
        np.full((length, 17), 0.8, np.float32),
        np.full(length, D, np.uint8),
        (640, 480),
        fps,
        skeleton=COCO17,
    )


def without(track: Observation, frames) -> Observation:
    keypoints, scores, provenance = track.keypoints.copy(), track.scores.copy(), track.provenance.copy()
    keypoints[frames], scores[frames], provenance[frames] = np.nan, 0, M
    return replace(track, keypoints=keypoints, scores=scores, provenance=provenance)


def test_what_is_good_is_left_alone():
    track = walk()
    cleaned = clean(track)
    assert np.array_equal(cleaned.keypoints, track.keypoints) and np.array_equal(cleaned.scores, track.scores)
    assert np.array_equal(cleaned.provenance, track.provenance)


def test_short_gap_is_interpolated_and_marked():
    track = walk()
    cleaned = clean(without(track, slice(20, 30)))
    assert cleaned.provenance.tolist() == [D] * 20 + [F] * 10 + [D] * 30
    assert np.abs(cleaned.keypoints - track.keypoints).max() < 8
    assert np.all((cleaned.scores[20:30] > 0) & (cleaned.scores[20:30] < 0.5))
    assert cleaned.keypoints.dtype == np.float32 and cleaned.scores.dtype == np.float32


@pytest.mark.parametrize(("fps", "filled"), [(Fraction(30), 15), (Fraction(60), 30), (Fraction(10), 5)])
def test_the_longest_gap_filled_is_half_a_second_at_any_frame_rate(fps, filled):
    track = walk(90, fps)
    assert np.all(clean(without(track, slice(20, 20 + filled))).provenance != M)
    longer = clean(without(track, slice(20, 21 + filled)))
    assert np.all(longer.provenance[20 : 21 + filled] == M)
    assert np.all(np.isnan(longer.keypoints[20 : 21 + filled])) and not longer.scores[20 : 21 + filled].any()


def test_nothing_is_invented_before_the_first_and_after_the_last_sighting():
    cleaned = clean(without(walk(), np.r_[0:3, 57:60]))
    assert cleaned.provenance.tolist() == [M] * 3 + [D] * 54 + [M] * 3
    assert np.isnan(cleaned.keypoints[[0, 2, 57, 59]]).all()


def test_no_bridge_over_an_implausible_jump():
    track = without(walk(), slice(20, 24))
    track.keypoints[24:] += 300  # one and a half bodies in a sixth of a second
    assert np.all(clean(track).provenance[20:24] == M)


def test_doubtful_joint_follows_its_trusted_neighbours_and_stays_doubtful():
    track = walk()
    truth = track.keypoints.copy()
    track.keypoints[20:25, 9] += 150
    track.scores[20:25, 9] = 0.05
    cleaned = clean(track)
    assert np.abs(cleaned.keypoints - truth).max() < 3
    assert np.allclose(cleaned.scores[20:25, 9], 0.05)
    assert np.all(cleaned.provenance == D)


def test_joint_doubtful_for_long_keeps_the_detectors_guess():
    track = walk()
    track.scores[20:50, 9] = 0.1
    track.scores[:, 16] = 0.1
    cleaned = clean(track)
    assert np.array_equal(cleaned.keypoints, track.keypoints)


def test_gap_uses_trusted_joints_only():
    track = walk()
    truth = track.keypoints.copy()
    track.keypoints[18:20, 9] += 150
    track.scores[18:20, 9] = 0.05
    cleaned = clean(without(track, slice(20, 26)))
    assert np.abs(cleaned.keypoints - truth)[18:26, 9].max() < 8


@pytest.mark.parametrize("width", [1, 2])
def test_spike_is_removed_and_its_confidence_taken(width):
    track = walk()
    truth = track.keypoints.copy()
    track.keypoints[30 : 30 + width, 10] += (50, -40)
    cleaned = clean(track)
    assert np.abs(cleaned.keypoints - truth).max() < 3
    assert np.all(cleaned.scores[30 : 30 + width, 10] < 0.2)
    assert (cleaned.scores < 0.2).sum() == width


def test_real_movement_is_not_a_spike():
    time = np.arange(90) / 30
    for frequency, amplitude in ((3.0, 40.0), (1.0, 100.0)):  # a wave of the hand; a wide swing, 200 px body
        path = np.stack([amplitude * np.sin(2 * np.pi * frequency * time), np.zeros(90)], axis=1)[:, None]
        assert not find_spikes(path, 200.0, 30.0).any()
    step = np.repeat([[0.0, 0.0], [90.0, 0.0]], 45, axis=0)[:, None]
    assert not find_spikes(step, 200.0, 30.0).any()


def test_tracks_too_short_or_never_seen():
    for length in (1, 2, 3):
        assert np.all(clean(walk(length)).provenance == D)
    nobody = without(walk(), slice(None))
    assert np.all(clean(nobody).provenance == M)


@pytest.mark.parametrize(
    ("fps", "looks", "every"),
    [(25, 12, 2), (30, 12, 2), (60, 12, 5), (10, 12, 1), (50, 0, 1), (Fraction(24000, 1001), 12, 2)],
)
def test_how_often_a_detector_looks(fps, looks, every):
    assert frames_a_look(Fraction(fps), looks) == every


def test_between_two_looks_joints_are_interpolated_and_marked():
    whole, looks = walk(15), [0, 3, 6, 9, 12, 14]
    seen = replace(
        whole, keypoints=whole.keypoints[looks], scores=whole.scores[looks], provenance=whole.provenance[looks]
    )
    seen.scores[1, 0] = 0.5
    found = over_all_frames(replace(without(seen, [3]), fps=FPS / 3), looks, every=3)  # nobody is found in frame 9
    assert (found.fps, found.every) == (FPS, 3)
    assert found.looked is not None and np.flatnonzero(found.looked).tolist() == looks
    assert found.provenance.tolist() == [D, F, F, D, F, F, D, M, M, M, M, M, D, F, D]
    present = found.provenance != M
    assert np.array_equal(np.isnan(found.keypoints).any(axis=(1, 2)), ~present) and not found.scores[~present].any()
    assert np.array_equal(found.keypoints[found.provenance == D], whole.keypoints[found.provenance == D])
    assert np.abs(found.keypoints - whole.keypoints)[present].max() < 1.5
    assert found.scores[:7, 0] == pytest.approx([0.8, 0.5, 0.5, 0.5, 0.5, 0.5, 0.8])


def test_gaps():
    assert gaps(np.array([0, 1, 0, 0, 1, 1, 0, 1, 0], bool)) == [(1, 4), (5, 7)]
    assert gaps(np.zeros(3, bool)) == []


def test_to_h36m_keeps_gaps_and_marks():
    cleaned = clean(without(walk(), slice(5, 40))).to_h36m()
    assert cleaned.keypoints.shape == (60, 17, 2) and np.isnan(cleaned.keypoints[10]).all()
    assert not cleaned.scores[10].any() and cleaned.provenance[10] == M


def with_poses(track: Observation, missing: list[int]) -> Observation:
    """The same, of which the picture gives a pose, but for some frames: every joint is as many metres away as the
    frame's number says."""
    poses = np.tile(np.arange(len(track), dtype=np.float32)[:, None, None], (1, 17, 3))
    scores = np.full((len(track), 17), 0.5, np.float32)
    scores[::2] = 0.9
    poses[missing], scores[missing] = np.nan, 0
    return replace(track, pose_3d=poses, pose_3d_scores=scores)


def test_no_pose_is_made_up_where_the_picture_gives_none():
    track = with_poses(without(walk(), slice(20, 30)), [*range(20, 30), 40])
    cleaned = clean(track)
    assert cleaned.provenance[25] == F
    np.testing.assert_array_equal(cleaned.pose_3d, track.pose_3d)
    np.testing.assert_array_equal(cleaned.pose_3d_scores, track.pose_3d_scores)
    cut = clean(replace(track, cuts=(33,)))
    np.testing.assert_array_equal(cut.pose_3d, track.pose_3d)


def test_between_two_looks_the_pictures_poses_are_interpolated_where_both_give_one():
    looks = np.arange(0, 37, 4)
    seen = with_poses(walk(10), [5])
    seen = replace(seen, cuts=(8,))
    track = over_all_frames(seen, looks, 4)
    known = np.concatenate([np.arange(17), np.arange(24, 29), np.arange(32, 37)])  # look 5 is frame 20, the cut is 32
    assert np.flatnonzero(track.present_3d).tolist() == known.tolist()
    np.testing.assert_allclose(track.pose_3d[known, 3, 1], known / 4, atol=0.05)
    assert (track.pose_3d_scores[looks[[0, 2, 6]]] == np.float32(0.9)).all() and (
        track.pose_3d_scores[1:4] == 0.5
    ).all()
    assert not track.pose_3d_scores[~track.present_3d].any()
