"""From pixels of a window to the numbers a lifter sees.

IMAGE is the protocol of Human3.6M: x' = 2x/w - 1, y' = 2y/w - h/w, 2 channels.

PERSON puts the person at the centre of every frame, at unit size over the window, and says beside it where in the
image and how large that was: 5 channels. What is small for the network in IMAGE (a person far away, at the edge of a
wide frame) looks the same as a near one, so a lifter needs far fewer windows to serve footage of every framing; the
viewing direction, which the perspective needs, is not lost.
"""

from __future__ import annotations

from enum import StrEnum

import torch
from torch import Tensor

from estimators.skeleton import H36M17

SPINE = H36M17.joints.index("spine")


class Normalisation(StrEnum):
    """How pixels become network input."""

    IMAGE = "image"
    PERSON = "person"

    @property
    def channels(self) -> int:
        """Input channels a joint is described by."""
        return 2 if self is Normalisation.IMAGE else 5


def to_image_units(keypoints: Tensor, image_size: Tensor) -> Tensor:
    """Pixels (B, T, J, 2) to [-1, 1] by the image's width; image_size (B, 2) is (width, height) pixels."""
    width, height = image_size[:, 0], image_size[:, 1]
    shift = torch.stack([torch.ones_like(width), height / width], dim=-1)
    return 2 * keypoints / width[:, None, None, None] - shift[:, None, None]


def normalise(keypoints: Tensor, image_size: Tensor, how: Normalisation) -> Tensor:
    """Pixels (B, T, 17, 2) of windows to network input (B, T, 17, `how.channels`).

    Args:
        keypoints: Human3.6M-17 image points, pixels, no NaN.
        image_size: (B, 2) width and height, pixels.
    """
    image = to_image_units(keypoints, image_size)
    if how is Normalisation.IMAGE:
        return image
    centre = image[:, :, SPINE : SPINE + 1]  # made of hips and shoulders, which a detector is surest of
    size = person_size(image).clamp_min(1e-3)[:, None, None, None]
    where = torch.cat([centre.expand_as(image), size.log().expand(*image.shape[:-1], 1)], dim=-1)
    return torch.cat([(image - centre) / size, where], dim=-1)


def person_size(points: Tensor) -> Tensor:
    """Size (B,) of the person in windows of image points (B, T, J, 2), in their unit.

    4 times the root mean square distance of the joints from their frame's mean, over the whole window: about the height
    of a standing person, and smooth in every joint.
    """
    spread = (points - points.mean(dim=2, keepdim=True)).square().sum(dim=-1).mean(dim=(1, 2)).sqrt()
    return 4 * spread
