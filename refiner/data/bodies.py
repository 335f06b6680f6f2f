"""Vary the bodies that motion was recorded on: lengths of bones, height, and the mirror image."""

from __future__ import annotations

import torch
from torch import Tensor

from estimators.skeleton import H36M17, mirror

# Bones that share a length factor, left and right alike, by the joint at their end.
_GROUPS = ((1, 4), (2, 5), (3, 6), (7,), (8,), (9, 10), (11, 14), (12, 15), (13, 16))


def vary_bodies(joints: Tensor, generator: torch.Generator, bone_std: float = 0.05, height_std: float = 0.04) -> Tensor:
    """Another body making the same motion: directions are kept, lengths drawn anew.

    Args:
        joints: (B, T, 17, 3) metres, world frame with Z up and the floor at 0.
        bone_std: relative standard deviation of each bone's length. height_std: of the whole body.
    """
    B, device = joints.shape[0], joints.device

    def factor(count: int, std: float) -> Tensor:
        return 1 + std * torch.randn(B, count, generator=generator, device=device).clamp(-2.5, 2.5)

    height = factor(1, height_std)
    groups = factor(len(_GROUPS), bone_std)
    scale = height.repeat(1, 17)
    for group, members in enumerate(_GROUPS):
        scale[:, list(members)] = scale[:, list(members)] * groups[:, group, None]
    legs = scale[:, 2:4].mean(dim=1)
    varied = [joints[:, :, 0] * legs[:, None, None]]  # longer legs: higher hips and longer steps
    for joint in range(1, 17):
        parent = H36M17.parents[joint]
        bone = joints[:, :, joint] - joints[:, :, parent]
        varied.append(varied[parent] + bone * scale[:, joint, None, None])
    return torch.stack(varied, dim=2)


def mirror_some(joints: Tensor, which: Tensor) -> Tensor:
    """Windows (B, T, 17, 3) metres, those where `which` (B,) is true as in a mirror: world x negated, left and right
    traded."""
    return torch.where(which[:, None, None, None], mirror(joints), joints)
