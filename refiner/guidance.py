"""Guidance: refined poses bent to evidence that the network has not weighed. Beyond the paper.

A network sees a window. Three things are known about the whole clip: a person's bones keep their lengths; where the
keypoints are known exactly, every joint lies on its ray from the camera; and bodies do not tremble. Given refined poses
x_n, whose errors have the covariance S (chiefly in depth: that is what a single view leaves open), the most likely
poses p_n with roots r_n minimise

    sum_n (p_n - x_n)' S^-1 (p_n - x_n)                       the refiner's opinion
    + sum_nj |pi(r_n + p_nj) - u_nj|^2 / s_j^2                 the picture: u seen by a pinhole camera
    + sum_nb (|bone b of p_n| - l_b)^2 / s_l^2                 bones of constant length, left and right alike

by Gauss-Newton, frame by frame, in turns with l_b, the median over the clip. Poses are in metres, camera frame,
root-relative. What p_n still tremble by from frame to frame is taken out last, see `refiner.least_jerk`.

How long the bones are is found as well: first from the picture alone, then in turns with the poses, ever more binding.
A length shows where its bone lies across the view, so these frames count most.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from estimators.lifting.normalise import person_size
from estimators.observation import Observation
from estimators.pinhole import assumed_focal, rays_of, root_on_rays
from estimators.skeleton import H36M17
from refiner.least_jerk import least_jerk

CHUNK = 256  # frames solved at a time: bounds the memory
# Exact COCO keypoints as Human3.6M joints, in person sizes: limbs are the same joints; spine, thorax, face and head are
# made of their neighbours. Measured on 512 windows of motion capture.
_DEFINITION = (0.001,) * 7 + (0.012, 0.011, 0.027, 0.027) + (0.001,) * 6
_BODY = (
    0.02  # metres a coordinate: other bodies than the training's. Without it, people of other proportions are tilted
)
_LENGTH_SIGMAS = (np.inf, 0.05, 0.03, 0.02, 0.01)  # metres, one for each Gauss-Newton step
_SMOOTH_SECONDS = 0.04  # the change is slow, as the refiner's errors are
# Bones that are as long on the left as on the right, by the joint at their end.
_ALIKE = ((1, 4), (2, 5), (3, 6), (7,), (8,), (9,), (10,), (11, 14), (12, 15), (13, 16))
_PARENTS = list(H36M17.parents)[1:]


def keypoint_sigma(scores: np.ndarray) -> np.ndarray:
    """Standard deviation (..., 17) of keypoints about their joints, in person sizes, by the detector's scores.

    A score of 1 is for keypoints that are known exactly. Below it follows what the bundled detector does on rendered
    clips: 2 % where it is sure, four times that at a score of 0.4.
    """
    doubt = 1 - np.clip(scores, 0, 1)
    return np.hypot(_DEFINITION, 0.02 * np.minimum(1, doubt / 0.1) + 0.2 * doubt**2)


def guide(observed: Observation, poses: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The most likely poses of a clip.

    Args:
        observed: of N frames, no NaN; its scores as in `keypoint_sigma`, its principal point is the middle of the
            picture. Without a focal length one is assumed; between 1.0 and 1.5 long sides the errors change by 5 %.
        poses: (N, 17, 3) metres, refined; the root is 0.
        covariance: (48, 48) m^2 of the error of `poses` without the root where keypoints are exact.

    Returns:
        (N, 17, 3) float32 metres, root 0.
    """
    focal = observed.focal or assumed_focal(observed.image_size)
    prior = torch.from_numpy(poses).double()
    rays = torch.from_numpy(rays_of(observed.keypoints, observed.image_size, focal))
    of_size = torch.from_numpy(keypoint_sigma(observed.scores))
    sigma = of_size * person_size(rays[None])
    precision = torch.linalg.inv(torch.from_numpy(covariance).double() + _BODY**2 * torch.eye(48))
    doubt = 2 * float(of_size.median())  # metres: lengths are no surer than what they come from
    pose, root = prior, torch.from_numpy(root_on_rays(rays.numpy(), prior.numpy(), 1 / sigma.numpy() ** 2))
    moves = (torch.arange(17) > 0)[:, None]  # the root stays at 0
    for length_sigma in _LENGTH_SIGMAS:
        lengths = _lengths_of_clip(pose)
        limit = max(length_sigma, doubt)
        steps = [
            _step(prior[part], pose[part], root[part], rays[part], sigma[part], precision, lengths, limit)
            for part in torch.arange(len(prior)).split(CHUNK)
        ]
        step = torch.cat(steps)
        root = root + step[:, 0]
        pose = pose + step * moves
    fps = float(observed.fps)
    change = gaussian_filter1d((pose - prior).numpy(), _SMOOTH_SECONDS * fps, axis=0)
    return least_jerk(poses + change, of_size.numpy(), fps).astype(np.float32)


def _step(
    prior: Tensor,
    pose: Tensor,
    root: Tensor,
    rays: Tensor,
    sigma: Tensor,
    precision: Tensor,
    lengths: Tensor,
    length_sigma: float,
) -> Tensor:
    """(N, 17, 3) Gauss-Newton step: the root's at joint 0, the joints' beside it."""
    seen, seen_by = _picture(pose, root, rays)
    weight = (1 / sigma).repeat_interleave(2, dim=1)
    bone, bone_by = _bones(pose, lengths)
    residual = torch.cat([seen * weight, bone / length_sigma], dim=1)
    by = torch.cat([seen_by * weight[..., None], bone_by / length_sigma], dim=1)
    hessian = by.mT @ by
    hessian[:, 3:, 3:] += precision
    gradient = (by.mT @ residual[..., None])[..., 0]
    gradient[:, 3:] += (pose - prior)[:, 1:].flatten(1) @ precision
    return -torch.linalg.solve(hessian, gradient).view(-1, 17, 3)


def _picture(pose: Tensor, root: Tensor, rays: Tensor) -> tuple[Tensor, Tensor]:
    """How far joints are from their rays (N, 34), at unit depth, and its derivatives by root and joints (N, 34, 51)."""
    joints = pose + root[:, None]
    depth = joints[..., 2:].clamp_min(0.1)
    shown = joints[..., :2] / depth
    own = torch.zeros(*shown.shape, 3, dtype=pose.dtype)  # (N, 17, 2, 3) by the joint's own x, y, z
    own[..., 0, 0] = own[..., 1, 1] = 1 / depth[..., 0]
    own[..., 2] = -shown / depth
    by = torch.zeros(len(pose), 17, 2, 17, 3, dtype=pose.dtype)
    by[:, :, :, 0] = own  # every joint moves with the root
    joint = torch.arange(1, 17)
    by[:, joint, :, joint] = own[:, 1:].transpose(0, 1)
    return (shown - rays).flatten(1), by.flatten(3).flatten(1, 2)


def _bones(pose: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """How much longer than `lengths` (16,) the bones are (N, 16), metres, and its derivatives (N, 16, 51)."""
    bone = pose[:, 1:] - pose[:, _PARENTS]
    length = bone.norm(dim=-1)
    direction = bone / length.clamp_min(1e-4)[..., None]
    by = torch.zeros(len(pose), 16, 17, 3, dtype=pose.dtype)
    end = torch.arange(16)
    by[:, end, end + 1] = direction
    by[:, end, _PARENTS] -= direction
    by[:, :, 0] = 0  # these entries are the root's place in the world, which moves no bone
    return length - lengths, by.flatten(2)


def _lengths_of_clip(pose: Tensor) -> Tensor:
    """(16,) metres: medians over the clip, left and right as one, weighted by how far a bone lies across the view."""
    bone = pose[:, 1:] - pose[:, _PARENTS]
    length = bone.norm(dim=-1)
    weight = (bone[..., :2].norm(dim=-1) / length.clamp_min(1e-4)) ** 8 + 1e-9
    lengths = pose.new_empty(16)
    for alike in _ALIKE:
        members = [joint - 1 for joint in alike]
        values, order = length[:, members].flatten().sort()
        share = weight[:, members].flatten()[order].cumsum(0)
        lengths[members] = values[torch.searchsorted(share, share[-1] / 2)]
    return lengths
