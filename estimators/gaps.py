"""Gaps and doubts of an observation: short ones are filled, and all are marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from scipy.interpolate import PchipInterpolator

from estimators.confidence import TRUSTED
from estimators.observation import Observation, Provenance, joined
from estimators.stretches import gaps, parts

MAX_GAP = 0.5  # seconds; what is unseen for longer stays missing
UNTRUSTED_SCORE = 0.1  # given to a joint that was found, but in a place it cannot have been
GAP_CONFIDENCE = 0.5  # an interpolated frame is half as sure as the less sure of its two ends
SPIKE = 0.08  # body sizes that a joint may leave the line between its neighbours, beyond what it can accelerate
ACCELERATION = 30.0  # body sizes per second squared: half of what a fast hand reaches (100 m/s^2 on 1.7 m)


def clean(track: Observation, at: np.ndarray | None = None) -> Observation:
    """Fill what is short and doubtful, and mark it.

    - A joint that jumps away and back within one or two frames, and one of confidence below 0.2, is interpolated in
      time from trusted neighbours at most half a second apart; its confidence stays, or becomes, low. Where there are
      no such neighbours the detector's guess is kept.
    - Frames without the person are interpolated, and marked, in gaps of up to half a second, unless the person would
      have to jump; longer gaps stay missing. Nothing is added before the first or after the last sighting.
    - What the picture itself gives in 3D stays as it is: nothing is made up where it gives none.

    Args:
        track: with detected and missing frames.
        at: (N,) when each frame is shown, in steps of 1 / `track.fps`, rising; None: one after the other.

    Returns:
        The track with the same number of frames; scores are finite everywhere, keypoints wherever not missing.
    """
    at = np.arange(len(track.provenance)) if at is None else at
    if track.cuts:
        shots = parts(len(track.provenance), track.cuts)
        return joined([clean(track.part(shot), at[shot]) for shot in shots])
    keypoints, known = _placed(track)
    detected: np.ndarray = np.asarray(known.any(axis=1))
    if not detected.any():
        return replace(track, provenance=np.zeros(len(known), np.uint8))
    scores = np.where(known, np.nan_to_num(track.scores), 0.0)
    size = _body_size(keypoints, scores)
    fps, max_gap = float(track.fps), max(1, int(MAX_GAP * track.fps))

    spikes = find_spikes(keypoints, size, fps, at)
    trusted = (scores >= TRUSTED) & ~spikes & detected[:, None]
    scores[spikes] = np.minimum(scores[spikes], UNTRUSTED_SCORE)

    provenance = np.where(detected, Provenance.DETECTED, Provenance.MISSING).astype(np.uint8)
    for start, end in gaps(detected):
        # `start` and `end` are detected, everything between them is not.
        steps = at[end] - at[start]
        if steps - 1 > max_gap or _jumps(keypoints[[start, end]], size, steps / fps):
            continue
        inside = np.arange(start + 1, end)
        share = ((at[inside] - at[start]) / steps)[:, None, None]
        keypoints[inside] = (1 - share) * keypoints[start] + share * keypoints[end]
        scores[inside] = GAP_CONFIDENCE * np.minimum(scores[start], scores[end])
        provenance[inside] = Provenance.INTERPOLATED

    present = provenance != Provenance.MISSING
    for joint in range(keypoints.shape[1]):
        _interpolate(keypoints[:, joint], trusted[:, joint], present, max_gap, at)
    return replace(
        track, keypoints=keypoints.astype(np.float32), scores=scores.astype(np.float32), provenance=provenance
    )


def frames_a_look(fps: Fraction, looks: int) -> int:
    """For a detector to look about `looks` times a second, once in how many frames; 0 stands for every frame."""
    return max(1, round(fps / looks)) if looks else 1


def over_all_frames(
    track: Observation, looks: Sequence[int], every: int, times: np.ndarray | None = None
) -> Observation:
    """A track over all frames of a video of which some were looked at; between two sightings it is interpolated, the
    pose that the picture itself gives as well.

    A joint between is as sure as the less sure of the two: on rendered clips seen twelve times a second the joints
    between are as near to the truth as those that the detector gives.

    Args:
        track: over the M frames looked at.
        looks: (M,) which frames these are, rising, the first and the last of the video among them.
        every: frames from one look to the next.
        times: (N,) when each frame is shown, in frames, rising; None: one after the other.
    """
    at = np.asarray(looks)
    frames = np.arange(at[-1] + 1)
    after = np.searchsorted(at, frames)  # the look at a frame, or the next
    before = after - (at[after] > frames)
    present = track.provenance != Provenance.MISSING
    between = (before < after) & present[before] & present[after]
    shots = parts(len(frames), tuple(int(at[cut]) for cut in track.cuts))
    shot_of = np.concatenate([np.full(shot.stop - shot.start, number) for number, shot in enumerate(shots)])
    between &= shot_of[at[before]] == shot_of[at[after]]
    keypoints = track.keypoints[before]
    scores = np.minimum(track.scores[before], track.scores[after])
    provenance = np.where(before < after, Provenance.MISSING, track.provenance[before]).astype(np.uint8)
    provenance[between] = Provenance.INTERPOLATED
    missing = provenance == Provenance.MISSING
    keypoints[missing], scores[missing] = np.nan, 0.0
    moments = frames if times is None else times
    for shot in shots:
        known = (~missing & ~between)[shot]
        for joint in range(keypoints.shape[1]):
            _interpolate(keypoints[shot, joint], known, ~missing[shot], np.inf, moments[shot])
    cuts = tuple(shot.start for shot in shots[1:])
    found = replace(track, keypoints=keypoints, scores=scores, provenance=provenance, cuts=cuts)
    found = _poses_over_all_frames(found, track, before, after, between, moments)
    return replace(found, fps=track.fps * every, every=every, looked=np.isin(frames, at))


def _poses_over_all_frames(
    found: Observation,
    track: Observation,
    before: np.ndarray,
    after: np.ndarray,
    between: np.ndarray,
    moments: np.ndarray,
) -> Observation:
    """Give `found`, the track over all frames, what the picture itself gives in 3D at the looks of `track`.

    Args:
        before, after: (N,) the looks round each frame.
        between: (N,) bool, the frames that are interpolated between them.
        moments: (N,) when each frame is shown.
    """
    if track.pose_3d is None or track.pose_3d_scores is None:
        return found
    known = track.present_3d
    given = np.where(between, known[before] & known[after], known[before] & (before == after))
    poses, scores = track.pose_3d[before], np.minimum(track.pose_3d_scores[before], track.pose_3d_scores[after])
    poses[~given], scores[~given] = np.nan, 0.0
    for shot in parts(len(poses), found.cuts):
        for joint in range(poses.shape[1]):
            _interpolate(poses[shot, joint], (given & ~between)[shot], given[shot], np.inf, moments[shot])
    return replace(found, pose_3d=poses, pose_3d_scores=scores)


def _placed(track: Observation) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (N, J, 2) float64, NaN where nobody is detected, and which of them (N, J) the detector has placed.

    A joint that it has no place for is in the middle of the others, until neighbours in time know better.
    """
    detected = track.provenance == Provenance.DETECTED
    keypoints = np.where(detected[:, None, None], track.keypoints, np.nan).astype(np.float64)
    known: np.ndarray = np.asarray(np.isfinite(keypoints).all(axis=-1))
    for frame in np.flatnonzero(detected & known.any(axis=1) & ~known.all(axis=1)):
        keypoints[frame, ~known[frame]] = np.median(keypoints[frame, known[frame]], axis=0)
    keypoints[~known.any(axis=1)] = np.nan
    return keypoints, known


def find_spikes(keypoints: np.ndarray, size: float, fps: float, at: np.ndarray | None = None) -> np.ndarray:
    """Joints that leave their path for one or two frames and come back.

    Args:
        keypoints: (N, J, 2) pixels, NaN where unknown.
        size: of the body, pixels.
        fps: frames per second; the slower the video, the more a true movement looks like a spike.
        at: (N,) when each frame is shown, in steps of 1 / `fps`, rising; None: one after the other.

    Returns:
        (N, J) bool.
    """
    spikes = np.zeros(keypoints.shape[:2], bool)
    at = np.arange(len(keypoints)) if at is None else at
    for width in (1, 2):
        if len(keypoints) < width + 2:
            continue
        before, after = keypoints[: -width - 1], keypoints[width + 1 :]
        steps = (at[width + 1 :] - at[: -width - 1])[:, None]
        away = []
        for step in range(1, width + 1):
            share = ((at[step : len(at) - width - 1 + step] - at[: -width - 1])[:, None] / steps)[..., None]
            line = (1 - share) * before + share * after
            away.append(np.linalg.norm(keypoints[step : len(keypoints) - width - 1 + step] - line, axis=-1))
        allowed = (SPIKE + ACCELERATION * (steps / 2 / fps) ** 2) * size
        # Comparisons with NaN are False: next to a gap nothing is called a spike.
        came_back = np.linalg.norm(after - before, axis=-1) < 0.5 * np.min(away, axis=0)
        found = came_back & (np.min(away, axis=0) > allowed)
        for step in range(1, width + 1):
            spikes[step : len(keypoints) - width - 1 + step] |= found
    return spikes


def _body_size(keypoints: np.ndarray, scores: np.ndarray) -> float:
    """Median over the frames of the long side of the box round the trusted joints, pixels."""
    points = np.where((scores >= TRUSTED)[..., None], keypoints, np.nan)
    points = points[np.isfinite(points[..., 0]).any(axis=1)]
    if len(points) == 0:
        points = keypoints[np.isfinite(keypoints[:, 0, 0])]
    return float(max(np.median((np.nanmax(points, axis=1) - np.nanmin(points, axis=1)).max(axis=1)), 1.0))


def _jumps(ends: np.ndarray, size: float, seconds: float) -> bool:
    """Whether a person would have to move implausibly fast between two (2, J, 2) poses `seconds` apart."""
    # Three body lengths a second is a run of 5 m/s; the rest is room for a change of pose.
    return bool(np.median(np.linalg.norm(ends[1] - ends[0], axis=1)) > (0.3 + 3.0 * seconds) * size)


def _interpolate(points: np.ndarray, trusted: np.ndarray, present: np.ndarray, max_gap: float, at: np.ndarray) -> None:
    """Fill, in place, (N, D) `points` of one joint, shown `at` (N,), where present but not trusted, in gaps of up to
    `max_gap` frames."""
    frames = np.flatnonzero(trusted)
    if len(frames) < 2:
        return
    # Shape-preserving cubic: on motion capture 15-18 % nearer than straight lines in gaps of 5 to 12 frames at 25
    # frames per second, and unlike splines it never overshoots.
    curve = PchipInterpolator(at[frames], points[frames], axis=0)
    for start, end in gaps(trusted):
        inside = np.arange(start + 1, end)
        if at[end] - at[start] - 1 <= max_gap and present[inside].all():
            points[inside] = curve(at[inside])
