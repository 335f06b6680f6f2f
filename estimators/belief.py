"""Which joints of a person are believed, frame by frame: the picture shows them, or did so a moment ago.

A detector gives every joint a place, also one that the picture does not show. Its confidence says so: measured on the
bundled clips, cut off at knees, thighs, hips and chest, nine in ten joints outside the picture get less than 0.2, and
most less than 0.1. So does a joint that is hidden for a moment, whose place neighbours in time, the lifter and the
refiner know well enough. Hence a joint is not believed in a stretch of time if it has low confidence throughout,
for more than half a second, and

- may be outside the picture: the border is no further from the nearest joint believed than the bones between
  are long, or
- is never seen in the whole clip, or not for two seconds, be it in the picture or not.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter

from estimators.confidence import SURE, TRUSTED
from estimators.gaps import MAX_GAP
from estimators.neutral import bone_lengths, outwards
from estimators.observation import Observation, Provenance
from estimators.skeleton import H36M17
from estimators.stretches import runs

_FLICKER_S = 0.25  # a joint that is taken for seen for less than half of this is not
_HIDDEN_S = 2.0
# Bones by which a person's size in the picture is measured, the longest ones.
_LONG = ("thorax", *(f"{side}_{name}" for name in ("knee", "foot", "elbow", "wrist") for side in ("left", "right")))


def believed_joints(track: Observation) -> np.ndarray:
    """(N,17) bool of a track with Human3.6M joints; False where the person is missing."""
    fps, skeleton = float(track.fps), H36M17
    present = track.provenance != Provenance.MISSING
    believed = np.repeat(present[:, None], len(skeleton.joints), axis=1)
    if not present.any():
        return believed
    scores = _steady(track.scores, present, fps)
    doubted = [(joint, run) for joint in range(scores.shape[1]) for run in _doubted(scores[:, joint], present)]
    shown = believed.copy()
    for joint, run in doubted:
        shown[run, joint] = False
    for joint, run in doubted:
        whole = (run.stop - run.start) >= present.sum()
        if (run.stop - run.start) / fps <= MAX_GAP and not whole:
            continue
        never = not shown[:, joint].any()
        if never or (run.stop - run.start) / fps >= _HIDDEN_S or _may_be_outside(track, shown, joint, run):
            believed[run, joint] = False
    hip, spine, thorax = (skeleton.joints.index(name) for name in ("hip", "spine", "thorax"))
    believed[:, spine] &= believed[:, hip] & believed[:, thorax]  # which it is the middle of
    return believed


def widened(sigma: np.ndarray, believed: np.ndarray) -> np.ndarray:
    """Sigma (N,17) metres of joints that are not believed: as large as if each bone on the way from the nearest
    believed joint pointed anywhere, which is a third of its squared length in each coordinate.
    Others stay as they are."""
    lengths, wide = bone_lengths(), sigma.astype(np.float64)
    patterns, which = np.unique(believed, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        frames = which.ravel() == number
        spread = np.zeros(len(lengths))
        for start, end, joint in outwards(pattern, H36M17):
            spread[end] = spread[start] + lengths[joint] ** 2 / 3
        wide[frames] = np.where(pattern, wide[frames], np.hypot(wide[frames], np.sqrt(spread)))
    return wide.astype(sigma.dtype)


def _steady(scores: np.ndarray, present: np.ndarray, fps: float) -> np.ndarray:
    """(N,J): medians over a quarter of a second, in each stretch of frames in which the person is there."""
    width = 2 * round(_FLICKER_S * fps / 2) + 1
    steady = np.zeros(scores.shape)
    for run in runs(present):
        steady[run] = median_filter(scores[run], (width, 1), mode="nearest")
    return steady


def _doubted(scores: np.ndarray, present: np.ndarray) -> list[slice]:
    """Stretches of (N,) in which a joint is not sure and not trusted at least once: hysteresis."""
    return [run for run in runs(present & (scores < SURE)) if (scores[run] < TRUSTED).any()]


def _may_be_outside(track: Observation, shown: np.ndarray, joint: int, run: slice) -> bool:
    """Whether, in most frames of a stretch, a joint may be beyond the picture's border."""
    lengths, points = bone_lengths(), track.keypoints[run].astype(np.float64)
    size = np.array(track.image_size)
    margins = np.minimum(points, size - points).min(axis=-1)  # (n,J) pixels to the nearest border
    scale = _pixels_per_metre(points, shown[run])
    beyond = np.zeros(len(points), bool)
    patterns, which = np.unique(shown[run], axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        frames = which.ravel() == number
        anchor, reach = np.arange(len(lengths)), np.zeros(len(lengths))
        for start, end, bone in outwards(pattern, H36M17):
            anchor[end], reach[end] = anchor[start], reach[start] + lengths[bone]
        beyond[frames] = margins[frames, anchor[joint]] <= reach[joint] * scale
    return bool(beyond.mean() > 0.5)


def _pixels_per_metre(points: np.ndarray, shown: np.ndarray) -> float:
    """How large a person with bones of average length is in a stretch (n,J,2):
    by the bones that are foreshortened least."""
    lengths, found = bone_lengths(), []
    for name in _LONG:
        end = H36M17.joints.index(name)
        start = H36M17.joints.index("hip") if name == "thorax" else H36M17.parents[end]
        length = 2 * lengths[end] if name == "thorax" else lengths[end]
        both = shown[:, start] & shown[:, end]
        if both.any():
            found.append(float(np.median(np.linalg.norm(points[both, end] - points[both, start], axis=-1))) / length)
    return max(found, default=float(np.ptp(points, axis=1).max() / 1.7))
