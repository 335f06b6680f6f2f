"""From Thunder's four maps to the joints of one person: the part of the original that follows the network."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from estimators.detection.movenet.multipose import largest

CELLS = 64  # of a side of the maps
DISTANCE_FLOOR = (
    1.7998046875  # cells, added to the distance from where a joint is expected; rounded to float16 in the original
)


class ThunderMaps(NamedTuple):
    """What the head puts out, each (B,C,64,64); pairs of channels are y, x in cells."""

    heatmap: Tensor  # C = 17, logits: how much each joint
    joint_regression: Tensor  # C = 34, from the person's centre to the joints
    center: Tensor  # C = 1, logits: how much a person's centre
    joint_offset: Tensor  # C = 34, from the cell to the joint in it


def decode(maps: ThunderMaps, nearness: Tensor) -> tuple[Tensor, Tensor]:
    """The joints of the person nearest to the middle.

    Args:
        nearness: (1,64,64), by which a centre's score is multiplied: one over its distance to the middle, about.

    Returns:
        (B,17,2) x, y in cells with the origin at the first cell's index, and (B,17) scores in 0..1.
    """
    batch, joints, height, width = maps.heatmap.shape
    cell = (maps.center.sigmoid()[:, 0] * nearness).flatten(1).argmax(dim=1)  # (B,)
    center = torch.stack([cell // width, cell % width], dim=1)  # (B, 2) y, x
    there = maps.joint_regression.flatten(2).gather(2, cell[:, None, None].expand(-1, 2 * joints, 1))
    expected = center[:, None] + there.reshape(batch, joints, 2)  # (B, 17, 2) y, x

    rows = torch.arange(height, device=cell.device)
    columns = torch.arange(width, device=cell.device)
    down = (rows - expected[..., 0, None]) ** 2  # (B, 17, H)
    across = (columns - expected[..., 1, None]) ** 2  # (B, 17, W)
    distance = (down[..., None] + across[..., None, :]).sqrt_()
    score = maps.heatmap.sigmoid()
    best = largest(torch.div(score, distance.add_(DISTANCE_FLOOR), out=distance).flatten(2))  # (B, 17)

    offsets = maps.joint_offset.reshape(batch, joints, 2, height * width)
    offset = offsets.gather(3, best[..., None, None].expand(-1, -1, 2, 1))[..., 0]  # (B, 17, 2) y, x
    keypoints = torch.stack([best % width, best // width], dim=2) + offset.flip(2)
    return keypoints, score.flatten(2).gather(2, best[..., None])[..., 0]
