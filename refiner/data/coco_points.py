"""The points a COCO detector looks for, on a Human3.6M-17 skeleton.

Limb joints are the same; nose, eyes and ears are placed in the frame of the head, which joints 8 (neck base), 9 (face)
and 10 (head) span. Offsets were measured on a clothed body mesh in six shapes and moved to this skeleton's joint 8.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from estimators.skeleton import COCO17, COCO_TO_H36M, H36M17

# (up, forward, left) metres from joint 8, for nose, left eye, right eye, left ear, right ear
FACE = (
    (0.165, 0.139, 0.0),
    (0.199, 0.092, 0.0295),
    (0.199, 0.092, -0.0295),
    (0.172, 0.019, 0.0744),
    (0.172, 0.019, -0.0744),
)
FACE_STD = (0.012, 0.008, 0.003)  # between people, metres
_RENAMED = {"left_ankle": "left_foot", "right_ankle": "right_foot"}
_LIMBS = [H36M17.joints.index(_RENAMED.get(name, name)) for name in COCO17.joints[5:]]


def coco_points(joints: Tensor, offsets: Tensor) -> Tensor:
    """COCO-17 points (B, T, 17, 3) of Human3.6M-17 joints (B, T, 17, 3), both metres in the same frame.

    Args:
        offsets: (B, 5, 3) (up, forward, left) metres of the five face points, see `face_offsets`.
    """
    base, face, head = joints[..., 8, :], joints[..., 9, :], joints[..., 10, :]
    up = normalize(head - base, dim=-1)
    towards = face - base
    forward = normalize(towards - (towards * up).sum(-1, keepdim=True) * up, dim=-1)
    left = torch.linalg.cross(up, forward, dim=-1)
    axes = torch.stack([up, forward, left], dim=-2)  # (B, T, 3 axes, 3)
    points = base[..., None, :] + torch.einsum("bpa,btax->btpx", offsets, axes)
    return torch.cat([points, joints[..., _LIMBS, :]], dim=-2)


def face_offsets(people: int, spread: float, generator: torch.Generator, device: torch.device) -> Tensor:
    """(people, 5, 3) face offsets in metres; `spread` scales the variation between people (0: the mean face)."""
    mean = torch.tensor(FACE, device=device)
    shift = torch.randn(people, 1, 3, generator=generator, device=device) * torch.tensor(FACE_STD, device=device)
    size = 1 + 0.06 * torch.randn(people, 1, 1, generator=generator, device=device)
    return mean * (1 + spread * (size - 1)) + spread * shift * torch.tensor([1.0, 1.0, 0.0], device=device)


def to_h36m(points: Tensor) -> Tensor:
    """COCO-17 points (B, T, 17, D) as the Human3.6M-17 joints that are made of them at run time."""
    matrix = torch.as_tensor(COCO_TO_H36M, dtype=points.dtype, device=points.device)
    return torch.einsum("ij,btjk->btik", matrix, points)
