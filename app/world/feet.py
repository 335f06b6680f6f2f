"""Standing feet that do not slide: an optional clean-up of placed people. Without it nothing is touched.

Each stance (see `app.world.contacts`) gets one place, the mean of where the foot was in it, sole on the floor or above
it. Then, frame by frame:

1. the whole body moves by what its standing feet are off, smoothly, at most 10 cm;
2. what is left is taken by the leg alone: its bones keep their lengths, the knee stays in the plane in which it bends,
   and the ankle gets to its place if the leg is long enough.

The corrections fade in and out over 0.12 s before and after a stance, so that a swinging foot comes from where it
was going. Hip, spine, arms and head keep their pose.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.world.contacts import FEET
from app.world.smoothing import smooth
from estimators.skeleton import Skeleton
from estimators.stretches import runs

_FADE_S = 0.12
_BODY_CUTOFF_HZ = 1.5
_BODY_AT_MOST_M = 0.1
_STRETCHED = 0.999  # of the leg's length: a leg that is quite straight has no plane in which to bend
_LEVEL_M = 0.03  # above where ankles stand: a foot nearer than this stands on the floor, a higher one on something


def hold_feet(
    positions: np.ndarray,
    contacts: np.ndarray,
    skeleton: Skeleton,
    fps: float,
    level: float,
    cuts: Sequence[int] = (),
) -> np.ndarray:
    """Positions in which each standing foot keeps its place.

    Args:
        positions: (N,17,3) metres, y up; NaN where missing.
        contacts: (N,2) bool, see `app.world.contacts`.
        skeleton: names of the joints.
        fps: frames per second.
        level: y of ankles that stand on the floor.
        cuts: first frames of shots, each of which is cleaned by itself.

    Returns:
        (N,17,3), the same where no foot stands nearby.
    """
    cleaned = positions.copy()
    for run in runs(np.isfinite(positions).all(axis=(1, 2)), cuts):
        body, stands = positions[run], contacts[run]
        if not stands.any():
            continue
        ankles = body[:, [skeleton.joints.index(name) for name in FEET]]
        off = _places(ankles, stands, level) - ankles  # (n,2,3), NaN where a foot does not stand
        shift = _shift_of_body(off, fps)
        body = body + shift[:, None]
        for foot, side in enumerate(("left", "right")):
            rest = _faded(off[:, foot] - shift, fps)
            _move_ankle(body, rest, [skeleton.joints.index(f"{side}_{name}") for name in ("hip", "knee", "foot")])
        cleaned[run] = body
    return cleaned


def _places(ankles: np.ndarray, stands: np.ndarray, level: float) -> np.ndarray:
    """(n,2,3): where each standing ankle (n,2,3) belongs; NaN while it does not stand."""
    places = np.full(ankles.shape, np.nan)
    for foot in range(2):
        for stretch in runs(stands[:, foot]):
            place = ankles[stretch, foot].mean(axis=0)
            if place[1] < level + _LEVEL_M:
                place[1] = level
            places[stretch, foot] = place
    return places


def _shift_of_body(off: np.ndarray, fps: float) -> np.ndarray:
    """(n,3): the smooth course of the mean (n,3) of what the standing feet are off."""
    count = np.isfinite(off[..., 0]).sum(axis=1)
    mean = np.where(count[:, None] > 0, np.nansum(off, axis=1) / np.maximum(count, 1)[:, None], np.nan)
    shift = np.stack([smooth(mean[:, axis], fps, _BODY_CUTOFF_HZ) for axis in range(3)], axis=1)
    # Far from any stance the smoother goes on in a straight line: there the body keeps its place.
    shift *= _nearness(count > 0, fps, 4 * _FADE_S)[:, None]
    length = np.linalg.norm(shift, axis=1, keepdims=True)
    return shift * np.minimum(1, _BODY_AT_MOST_M / np.maximum(length, 1e-9))


def _faded(off: np.ndarray, fps: float) -> np.ndarray:
    """(n,3) with NaN replaced by the nearest corrections before and after, fading."""
    known = np.isfinite(off[:, 0])
    frames = np.arange(len(off))
    if not known.any():
        return np.zeros_like(off)
    before = np.maximum.accumulate(np.where(known, frames, -1))
    after = np.minimum.accumulate(np.where(known, frames, len(off))[::-1])[::-1]
    faded = np.zeros_like(off)
    for nearest in (before, after):
        there = (nearest >= 0) & (nearest < len(off)) & ~known
        share = _ease(np.abs(frames - nearest)[there] / (_FADE_S * fps))
        faded[there] += share[:, None] * off[nearest[there]]
    faded[known] = off[known]
    return faded


def _nearness(known: np.ndarray, fps: float, seconds: float) -> np.ndarray:
    """(n,): 1 where `known`, down to 0 `seconds` away from there."""
    frames, at = np.arange(len(known)), np.flatnonzero(known)
    next_one = np.searchsorted(at, frames).clip(max=len(at) - 1)
    distance = np.minimum(np.abs(at[next_one] - frames), np.abs(at[(next_one - 1).clip(min=0)] - frames))
    return _ease(distance / (seconds * fps))


def _ease(share: np.ndarray) -> np.ndarray:
    """1 at 0, 0 from 1 on, without a corner at either end."""
    return (1 + np.cos(np.pi * np.clip(share, 0, 1))) / 2


def _move_ankle(body: np.ndarray, move: np.ndarray, leg: list[int]) -> None:
    """Move the ankles of a leg (joints hip, knee, foot) by (n,3), in place; the knees follow."""
    changed = np.linalg.norm(move, axis=1) > 1e-9
    hip, knee, ankle = (body[changed, joint] for joint in leg)
    thigh = np.linalg.norm(knee - hip, axis=1, keepdims=True)
    shin = np.linalg.norm(ankle - knee, axis=1, keepdims=True)
    reach = ankle + move[changed] - hip
    distance = np.linalg.norm(reach, axis=1, keepdims=True)
    way = reach / np.maximum(distance, 1e-9)
    distance = np.clip(distance, np.abs(thigh - shin) + 1e-6, _STRETCHED * (thigh + shin))
    old = (ankle - hip) / np.maximum(np.linalg.norm(ankle - hip, axis=1, keepdims=True), 1e-9)
    bend = (knee - hip) - ((knee - hip) * old).sum(axis=1, keepdims=True) * old  # where the knee points
    bend -= (bend * way).sum(axis=1, keepdims=True) * way
    length = np.linalg.norm(bend, axis=1, keepdims=True)
    spare = np.cross(way, np.eye(3)[np.abs(way).argmin(axis=1)])  # a straight leg: any direction will do
    bend = np.where(length > 1e-6, bend / np.maximum(length, 1e-9), spare / np.linalg.norm(spare, axis=1)[:, None])
    along = (thigh**2 - shin**2 + distance**2) / (2 * distance)
    across = np.sqrt(np.maximum(thigh**2 - along**2, 0))
    body[changed, leg[1]] = hip + along * way + across * bend
    body[changed, leg[2]] = hip + distance * way
