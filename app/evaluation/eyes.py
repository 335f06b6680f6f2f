"""How well a detector sees: its joints against the exact ones of a rendered clip, before anything is lifted.

A clip shows one person. Lengths are shares of this person's height in the picture: the stature at the hip's distance,
which is the same whether the person stands, lies or turns a cartwheel. COCO-17 joints, as detectors give them, of the
track that a run about the most prominent person takes; every joint counts, hidden ones too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.world.placing import stature
from demo_videos.truth import Truth
from estimators.errors import NobodyFoundError
from estimators.observation import Observation
from estimators.skeleton import COCO17, H36M17
from estimators.stretches import runs
from estimators.tracking.select import real_people, select_people

RIGHT_WITHIN = 0.05  # of the height: PCK's threshold, and what a score is to tell
ASTRAY = 0.5  # of the height, mean of the joints: farther from the truth is somebody else, or nobody
_SWAP_NEARER, _SWAP_GAIN = 0.5, 0.03  # exchanged, a limb's joints err half as much, and by 3 % of the height less
_LIMBS = {"arms": ("shoulder", "elbow", "wrist"), "legs": ("hip", "knee", "ankle")}


@dataclass(frozen=True)
class Seen:
    """What a detector makes of a clip of N frames.

    Attributes:
        errors: (N, 17) of each joint, shares of the height; NaN where the person is not found.
        scores: (N, 17) 0 there.
        ghosts: (N,) how many people are reported who are not there, see `ghosts_of`.
        swapped: (N,) left and right are exchanged, of the arms or of the legs.
        jitter: (N,) heights/s^2, mean of the joints: the acceleration of what is found less that of the truth; NaN
            without a frame on either side.
        others: real people reported in the clip besides.
    """

    errors: np.ndarray
    scores: np.ndarray
    ghosts: np.ndarray
    swapped: np.ndarray
    jitter: np.ndarray
    others: int

    @property
    def found(self) -> np.ndarray:
        """(N,) bool: frames in which the run has a person."""
        return np.isfinite(self.errors).all(axis=1)

    @property
    def on_the_person(self) -> np.ndarray:
        """(N,) bool: frames in which that is truly the person."""
        return np.where(self.found, self.errors.mean(axis=1), np.inf) <= ASTRAY

    @property
    def right(self) -> np.ndarray:
        """(N, 17) bool: joints found where they are."""
        return self.errors <= RIGHT_WITHIN


def see(tracks: Sequence[Observation], truth: Truth) -> Seen:
    """Measure everybody whom a detector has found in a clip."""
    frames, height = len(truth), heights(truth)
    real = real_people(tracks)
    try:
        (chosen,) = select_people(tracks, "largest")
    except NobodyFoundError:
        nothing = np.full((frames, 17), np.nan)
        return Seen(nothing, np.zeros((frames, 17)), np.zeros(frames, int), np.zeros(frames, bool), nothing[:, 0], 0)
    return Seen(
        errors=errors_of(chosen, truth),
        scores=chosen.scores.astype(np.float64),
        ghosts=ghosts_of(real, truth),
        swapped=_swapped(chosen, truth),
        jitter=_jitter(chosen, truth, height),
        others=len(real) - 1,
    )


def heights(truth: Truth) -> np.ndarray:
    """(N,) pixels: how tall the person would be in the picture, upright where the hip is."""
    joints = truth.joints_3d.astype(np.float64)
    tall = stature(joints - joints[:, :1], H36M17)
    return (tall * truth.focal.mean() / joints[:, 0, 2]).clip(min=1)


def errors_of(track: Observation, truth: Truth) -> np.ndarray:
    """(N, 17) distances to the true joints, shares of the height; NaN where the track is missing."""
    distance = np.linalg.norm(track.keypoints.astype(np.float64) - truth.coco_2d, axis=-1) / heights(truth)[:, None]
    return np.where(track.present[:, None], distance, np.nan)


def ghosts_of(real: Sequence[Observation], truth: Truth) -> np.ndarray:
    """(N,) people reported who are not there.

    Of those whom a run about everybody would report in a frame, one may be the person: the one nearest to the truth,
    if the joints are within `ASTRAY` on average. All others are ghosts: second skeletons, and things.
    """
    ghosts = np.zeros(len(truth), int)
    if real:
        distance = np.stack([np.where(one.present, errors_of(one, truth).mean(axis=1), np.inf) for one in real])
        ghosts = np.isfinite(distance).sum(axis=0) - (distance.min(axis=0) <= ASTRAY)
    return ghosts


def _swapped(track: Observation, truth: Truth) -> np.ndarray:
    """(N,) bool: with left and right exchanged, the arms or the legs would be clearly nearer to the truth."""
    errors = errors_of(track, truth)
    turned = truth.coco_2d[:, list(COCO17.flip_order)]
    exchanged = np.linalg.norm(track.keypoints - turned, axis=-1) / heights(truth)[:, None]
    swapped = np.zeros(len(truth), bool)
    for names in _LIMBS.values():
        joints = [index for index, joint in enumerate(COCO17.joints) if joint.endswith(names)]
        plain, other = errors[:, joints].mean(axis=1), exchanged[:, joints].mean(axis=1)
        swapped |= track.present & (other < _SWAP_NEARER * plain) & (plain - other > _SWAP_GAIN)
    return swapped


def _jitter(track: Observation, truth: Truth, height: np.ndarray) -> np.ndarray:
    """(N,) see `Seen.jitter`."""
    off = (track.keypoints.astype(np.float64) - truth.coco_2d) / height[:, None, None]
    jitter = np.full(len(truth), np.nan)
    for run in runs(track.present, track.cuts):
        bend = np.linalg.norm(np.diff(off[run], n=2, axis=0), axis=-1).mean(axis=1) if run.stop - run.start > 2 else []
        jitter[run.start + 1 : run.stop - 1][: len(bend)] = bend
    return jitter * float(truth.fps) ** 2
