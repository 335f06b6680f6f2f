"""An average body at ease: how long its bones are, and where joints are that nobody has seen.

Upright, legs and arms hanging straight down, as long on the left as on the right.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import distance_transform_edt

from estimators.skeleton import H36M17, Skeleton

# Bone that ends at a joint (left and right alike): metres, medians over 26 people of the motion capture; and where it
# points: to the body's side, up, forward.
_BONES = {
    "hip": (0.090, (1, 0, 0)), "knee": (0.406, (0, -1, 0)), "foot": (0.437, (0, -1, 0)), "spine": (0.250, (0, 1, 0)),
    "thorax": (0.251, (0, 1, 0)), "neck": (0.142, (0, 0.85, 0.53)), "head": (0.149, (0, 1, 0)),
    "shoulder": (0.188, (1, 0, 0)), "elbow": (0.301, (0, -1, 0)), "wrist": (0.284, (0, -1, 0)),
}  # fmt: skip
UP = (0.0, 1.0, 0.0)  # of spaces with y up
CAMERA_UP = (0.0, -1.0, 0.0)  # of a camera that is held level, in its own space: y points down
_FADE_S = 0.3  # a joint that is lost sight of goes to its neutral place over this time


def _kind(skeleton: Skeleton, joint: int) -> str:
    return skeleton.joints[joint].removeprefix("left_").removeprefix("right_")


def bone_lengths(skeleton: Skeleton = H36M17) -> np.ndarray:
    """(J,) metres: the bone that ends at each joint; 0 at the root, which ends none."""
    lengths = np.zeros(len(skeleton.joints))
    for _, child in skeleton.bones:
        lengths[child] = _BONES[_kind(skeleton, child)][0]
    return lengths


def outwards(known: np.ndarray, skeleton: Skeleton) -> Iterator[tuple[int, int, int]]:
    """From known joints (J,) to all others along the bones, nearest first: (joint that has its place, joint that gets
    one, joint at which the bone between them ends). If none is known the root is taken to be.
    """
    placed = known.copy()
    if not placed.any():
        placed[skeleton.parents.index(-1)] = True
    while not placed.all():
        before = placed.copy()
        for parent, child in skeleton.bones:
            start, end = (parent, child) if before[parent] else (child, parent)
            if before[start] and not placed[end]:
                placed[end] = True
                yield start, end, child


def at_ease(skeleton: Skeleton = H36M17) -> np.ndarray:
    """(J,3) metres from the root, in camera space: the average body, upright before a level camera, facing it."""
    pose, lengths = np.zeros((len(skeleton.joints), 3)), bone_lengths(skeleton)
    for start, end, joint in outwards(np.zeros(len(pose), bool), skeleton):
        pose[end] = pose[start] + lengths[joint] * _way(joint, skeleton) * [1, -1, -1]  # left is right in the picture
    return pose


def _way(joint: int, skeleton: Skeleton) -> np.ndarray:
    """(3,) to the body's left, up, forward: where the bone that ends at a joint points."""
    return np.array(_BONES[_kind(skeleton, joint)][1], np.float64) * [-1 if joint in skeleton.right else 1, 1, 1]


def complete(
    poses: np.ndarray,
    believed: np.ndarray,
    fps: float,
    up: tuple[float, float, float],
    skeleton: Skeleton = H36M17,
) -> np.ndarray:
    """Poses in which joints that are not believed have neutral places, seen from those that are.

    Bones have the person's own length where there are frames in which both ends are believed, left and right together,
    and the average body's in the person's proportion elsewhere. For 0.3 s after and before a joint is believed it moves
    between where it was guessed to be and its neutral place.

    Args:
        poses: (N,J,3) metres, NaN where missing.
        believed: (N,J) bool.
        fps: frames per second.
        up: (3,), of length 1, in the space of `poses`.

    Returns:
        (N,J,3); the very array if all joints are believed that are there.
    """
    present = np.isfinite(poses).all(axis=(1, 2))
    if believed[present].all():
        return poses
    lengths = _own_lengths(poses, believed, skeleton)
    neutral = poses.astype(np.float64)
    patterns, which = np.unique(believed[present], axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        frames = np.flatnonzero(present)[which.ravel() == number]
        axes = _body_axes(poses[frames], pattern, np.array(up), skeleton)  # (n,3,3) rows left, up, forward
        for start, end, joint in outwards(pattern, skeleton):
            step = lengths[joint] * _way(joint, skeleton) @ axes
            neutral[frames, end] = neutral[frames, start] + (step if joint == end else -step)
    guessed = 1 - _ease(_frames_to_known(believed) / (_FADE_S * fps))[..., None]
    return np.where(believed[..., None], poses, guessed * poses + (1 - guessed) * neutral).astype(poses.dtype)


def _own_lengths(poses: np.ndarray, believed: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(J,) metres, see `complete`."""
    average = bone_lengths(skeleton)
    lengths, known = average.copy(), np.zeros(len(average), bool)
    for _, child in skeleton.bones:
        twin = skeleton.flip_order[child]
        seen = [
            np.linalg.norm(poses[both, end] - poses[both, skeleton.parents[end]], axis=-1)
            for end in {child, twin}
            if (both := believed[:, end] & believed[:, skeleton.parents[end]]).any()
        ]
        if seen:
            lengths[child], known[child] = np.nanmedian(np.concatenate(seen)), True
    if known.any():
        lengths[~known] *= lengths[known].sum() / average[known].sum()
    return lengths


def _body_axes(poses: np.ndarray, known: np.ndarray, up: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(n,3,3) for (n,J,3): rows left, up, forward of level bodies, as shoulders or else hips are turned."""
    pairs = [[skeleton.joints.index(f"{side}_{name}") for side in ("left", "right")] for name in ("shoulder", "hip")]
    left, right = next((pair for pair in pairs if known[pair].all()), pairs[0])
    across = poses[:, left].astype(np.float64) - poses[:, right]
    across -= (across @ up)[:, None] * up
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    upwards = np.broadcast_to(up, across.shape)
    return np.stack([across, upwards, np.cross(across, upwards)], axis=1)


def _frames_to_known(known: np.ndarray) -> np.ndarray:
    """(N,J): how many frames away each joint is believed; infinite if it never is."""
    away = np.full(known.shape, np.inf)
    for joint in np.flatnonzero(known.any(axis=0)):
        away[:, joint] = distance_transform_edt(~known[:, joint])
    return away


def _ease(share: np.ndarray) -> np.ndarray:
    """0 at 0, 1 from 1 on, without a corner at either end."""
    return (1 - np.cos(np.pi * np.clip(share, 0, 1))) / 2
