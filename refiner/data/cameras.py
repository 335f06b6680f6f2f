"""Virtual pinhole cameras around a person, vectorised over windows.

Studio-like views resemble Human3.6M's (1000 x 1000, f = 1145 px, 4-6 m away, looking slightly down); phone-like views
have a focal length of 0.7 to 1.5 long sides, any height and distance, portrait or landscape.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

STUDIO_FOCAL = 1145.0
STUDIO_SIZE = (1000.0, 1000.0)
PHONE_SIZES = ((1920.0, 1080.0), (1080.0, 1920.0), (640.0, 480.0))


@dataclass(frozen=True)
class Cameras:
    """B cameras: rotation (B,3,3) world to camera, position (B,3) metres, focal (B,) px, size (B,2) px (w, h).

    The principal point is the image's centre. Camera frame: x right, y down, z forward; world frame: Z up.
    """

    rotation: Tensor
    position: Tensor
    focal: Tensor
    size: Tensor

    def transform(self, points: Tensor) -> Tensor:
        """World (B, ..., 3) to camera frame, metres."""
        moved = points - self.position.view(-1, *[1] * (points.ndim - 2), 3)
        return torch.einsum("bij,b...j->b...i", self.rotation, moved)

    def project(self, points: Tensor) -> Tensor:
        """Camera frame (B, ..., 3) metres to (B, ..., 2) pixels; depth is clamped at 10 cm."""
        scale = self.focal.view(-1, *[1] * (points.ndim - 1)) / points[..., 2:].clamp_min(0.1)
        return points[..., :2] * scale + self.size.view(-1, *[1] * (points.ndim - 2), 2) / 2


def look_at(position: Tensor, target: Tensor, roll: Tensor) -> Tensor:
    """Rotations (B, 3, 3), world (Z up) to camera (x right, y down, z forward), turned by `roll` (B,) radians."""
    forward = normalize(target - position, dim=-1)
    up = torch.zeros_like(forward)
    up[:, 2] = 1
    right = normalize(torch.linalg.cross(forward, up, dim=-1), dim=-1)
    down = torch.linalg.cross(forward, right, dim=-1)
    cos, sin = roll.cos()[:, None], roll.sin()[:, None]
    return torch.stack([cos * right + sin * down, cos * down - sin * right, forward], dim=1)


def sample_cameras(root: Tensor, generator: torch.Generator, studio: float = 0.5) -> Cameras:
    """One static camera for each window, the person in view.

    Args:
        root: (B, T, 3) metres, world frame: the path of the hip.
        studio: share of studio-like cameras.
    """
    B, device = root.shape[0], root.device

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(B, *shape, generator=generator, device=device)

    is_studio = uniform(0, 1) < studio
    middle = (root.amin(dim=1) + root.amax(dim=1)) / 2
    reach = (root - middle[:, None]).norm(dim=-1).amax(dim=1)  # how far the person strays from the middle
    choice = torch.randint(len(PHONE_SIZES), (B,), generator=generator, device=device)
    studio_size, phone_sizes = (torch.tensor(sizes, device=device) for sizes in (STUDIO_SIZE, PHONE_SIZES))
    size = torch.where(is_studio[:, None], studio_size, phone_sizes[choice])
    focal = torch.where(is_studio, STUDIO_FOCAL * uniform(0.97, 1.03), size.amax(dim=-1) * uniform(0.7, 1.5))
    half_view = (size / 2).amin(dim=-1) / focal  # tangent of half the narrow field of view
    phone_distance = 2 * torch.exp(uniform(0, 1.9))  # 2 to 13 m, more often near
    distance = torch.where(is_studio, uniform(4, 6), phone_distance)
    # far enough that the standing person, on all of the path, fits into most of the narrow side
    distance = torch.maximum(distance, reach + (0.8 + 0.5 * reach) / half_view)
    height = torch.where(is_studio, uniform(1.3, 1.8), uniform(0.6, 2.4))
    azimuth = uniform(-torch.pi, torch.pi)
    flat = torch.stack([azimuth.cos(), azimuth.sin(), torch.zeros_like(azimuth)], dim=-1)
    ground = middle * torch.tensor([1.0, 1.0, 0.0], device=device)
    position = ground + distance[:, None] * flat
    position[:, 2] = height
    room = (half_view * distance - 0.9 - reach).clamp_min(0)[:, None]  # how far off-centre the person may stand
    target = middle + uniform(-0.7, 0.7, 3) * room.clamp_max(2.5)
    return Cameras(look_at(position, target, uniform(-0.05, 0.05)), position, focal, size)
