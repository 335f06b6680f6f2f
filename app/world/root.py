"""Where the person is: the root's trajectory in camera space, from 2D keypoints and root-relative 3D poses.

A single view cannot tell focal length from distance: a camera has to be assumed. A wrong focal length stretches the
depth in proportion and leaves the fit to the picture (`estimators.pinhole.root_on_rays`) nearly unchanged.

Apparent size tells the depth within a few percent only. Feet that stand say how the root moves from frame to frame,
far more exactly: `estimate_roots` uses both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.world.contacts import FEET
from app.world.ground import find_ground
from app.world.smoothing import Moves, smooth
from estimators.observation import Observation
from estimators.pinhole import assumed_focal, rays_of, root_at_depth, root_on_rays
from estimators.stretches import parts

# Depth comes from apparent size and is an order of magnitude noisier than the position across the view: it is smoothed
# much more. Half of the amplitude passes at these frequencies; walking sways at 1 to 2 Hz.
_DEPTH_CUTOFF_HZ = 0.8
_LATERAL_CUTOFF_HZ = 5.0
# Over these times standing feet are trusted more than the picture. Depth from apparent size errs for as long as a pose
# is held; a foot's own place in the pose wanders too, so that it must not be trusted for much longer.
_DEPTH_GRIP_S = 1.0
_LATERAL_GRIP_S = 0.15
_DEPTH_OUTLIER_M = 0.25  # less than this off the smooth course is movement or noise, not an error to be ignored


@dataclass(frozen=True)
class Standing:
    """Feet that stand hold the root: it moves against them as the pose does.

    Attributes:
        feet: (N,2,3) metres, relative to the root.
        contacts: (N,2) bool, see `app.world.contacts`.
    """

    feet: np.ndarray
    contacts: np.ndarray

    def part(self, frames: slice) -> Standing:
        """The same feet, in some of the frames only."""
        return Standing(self.feet[frames], self.contacts[frames])


def fit_root(observed: Observation, poses: np.ndarray) -> np.ndarray:
    """The root position of each frame by itself that explains its keypoints best; no smoothing.

    See `estimators.pinhole.root_on_rays`.

    Args:
        observed: keypoints, which count by `Observation.weights`; the principal point is the picture's centre.
        poses: (N,17,3) metres, camera space, root-relative; NaN where missing.

    Returns:
        (N,3) float64 metres, camera space; NaN where missing.
    """
    root = np.full((len(poses), 3), np.nan)
    present = np.isfinite(poses).all(axis=(1, 2)) & np.isfinite(observed.keypoints).all(axis=(1, 2))
    if present.any():
        rays, weights = _rays_and_weights(observed, present)
        root[present] = root_on_rays(rays, poses[present].astype(np.float64), weights)
    return root


def _rays_and_weights(observed: Observation, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(M,17,2) where the keypoints of some frames lie at unit depth, and (M,17) how much each counts."""
    focal = observed.focal or assumed_focal(observed.image_size)
    rays = rays_of(observed.keypoints[frames], observed.image_size, focal)
    return rays, np.clip(observed.weights[frames].astype(np.float64), 1e-3, None)


def estimate_root(observed: Observation, poses: np.ndarray, standing: Standing | None = None) -> np.ndarray:
    """The root trajectory: `fit_root`, then the depth smoothed strongly and the position across the view lightly.

    Args:
        observed, poses: as for `fit_root`; each shot is smoothed by itself.
        standing: which feet stand, and so hold the root.

    Returns:
        (N,3) float32 metres, camera space; NaN where missing. A root at rest or in uniform motion is recovered exactly.
    """
    if observed.cuts:
        shots = parts(len(poses), observed.cuts)
        paths = [estimate_root(observed.part(shot), poses[shot], standing and standing.part(shot)) for shot in shots]
        return np.concatenate(paths)
    root, fps = fit_root(observed, poses), float(observed.fps)
    present = np.isfinite(root).all(axis=1)
    if not present.any():
        return root.astype(np.float32)
    depth = smooth(root[:, 2], fps, _DEPTH_CUTOFF_HZ, _DEPTH_OUTLIER_M, _moves(standing, 2, _DEPTH_GRIP_S))
    depth = np.maximum(depth[present], 0.3)  # nobody stands in the lens
    rays, weights = _rays_and_weights(observed, present)
    root[present] = root_at_depth(depth, rays, poses[present].astype(np.float64), weights)
    for axis in range(2):
        moves = _moves(standing, axis, _LATERAL_GRIP_S)
        root[present, axis] = smooth(root[:, axis], fps, _LATERAL_CUTOFF_HZ, moves=moves)[present]
    return root.astype(np.float32)


def estimate_roots(people: Sequence[Observation], poses: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The root trajectories of everybody in a clip, whose standing feet stay where they are.

    First without knowing which feet stand; the paths tell, and with that knowledge they are estimated again, twice.

    Args:
        people: what is seen of each, Human3.6M-17.
        poses: of each, (N,17,3) metres, camera space, root-relative; NaN where missing.

    Returns:
        For each as `estimate_root`.
    """
    roots = [estimate_root(one, pose) for one, pose in zip(people, poses, strict=True)]
    if not any(np.isfinite(root).any() for root in roots):
        return roots
    first = people[0]
    feet = [pose[:, [first.skeleton.joints.index(name) for name in FEET]] for pose in poses]
    for _ in range(2):
        bodies = [pose.astype(np.float64) + root[:, None] for pose, root in zip(poses, roots, strict=True)]
        believed = [one.believed for one in people]
        _, contacts = find_ground(bodies, first.skeleton, float(first.fps), believed, first.cuts)
        roots = [
            estimate_root(one, pose, Standing(pair, stands))
            for one, pose, pair, stands in zip(people, poses, feet, contacts, strict=True)
        ]
    return roots


def _moves(standing: Standing | None, axis: int, seconds: float) -> Moves | None:
    """How the root moves along an axis from frame to frame, if the standing feet stay where they are."""
    if standing is None:
        return None
    both = standing.contacts[1:] & standing.contacts[:-1]  # (N-1,2)
    feet = standing.feet[..., axis].astype(np.float64)
    against = np.where(both, feet[:-1] - feet[1:], 0.0)
    count = both.sum(axis=1)
    return Moves(against.sum(axis=1) / np.maximum(count, 1), count, seconds)
