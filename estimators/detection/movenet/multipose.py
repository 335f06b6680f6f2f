"""From MoveNet's six maps to people: the part of the original that follows the network, formula by formula."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

STRIDE = 4  # network pixels per map cell
MAX_PEOPLE = 6
# Constants as they stand in the original, rounded to float16 there.
PEAK_TOLERANCE = 1.0132789611816406e-06
FALLOFF = 0.300048828125  # squared distance at which a joint's score falls to 1/e, in units of min(H, W) cells
JOINT_THRESHOLD = 0.126953125  # joints below do not count towards the person's score


class HeadMaps(NamedTuple):
    """What the head puts out, each (B,C,H,W); pairs of channels are y, x in cells."""

    box_offset: Tensor  # C = 2, from the cell to the box's centre
    box_scale: Tensor  # C = 2, height and width
    center: Tensor  # C = 1, logits: how much a person's centre
    heatmap: Tensor  # C = 17, logits: how much each joint
    joint_offset: Tensor  # C = 34, from the cell to the joint in it
    joint_regression: Tensor  # C = 34, from the person's centre to the joints


class People(NamedTuple):
    """P candidates an image, at most MAX_PEOPLE, best centre first; x, y in cells with the origin at the first cell's
    index."""

    keypoints: Tensor  # (B,P,17,2) x, y
    scores: Tensor  # (B,P,17)
    boxes: Tensor  # (B,P,4) x0, y0, x1, y1
    person_scores: Tensor  # (B,P)


def largest(values: Tensor) -> Tensor:
    """(...,) where (..., N) values are largest, the first among equals."""
    if values.is_cuda:
        return values.argmax(dim=-1)
    return torch.from_numpy(values.numpy().argmax(axis=-1))  # ten times as fast as torch's


def _at(maps: Tensor, cells: Tensor) -> Tensor:
    """Values (B,P,C) of maps (B,C,H,W) at flat cell indices (B,P)."""
    flat = maps.flatten(2)  # (B, C, H*W)
    return flat.gather(2, cells[:, None].expand(-1, flat.shape[1], -1)).transpose(1, 2)


def _peaks(center: Tensor) -> tuple[Tensor, Tensor]:
    """The best MAX_PEOPLE local maxima: scores (B,P) and flat cell indices (B,P)."""
    score = center.sigmoid()
    # the largest of the 5 x 5 cells around each, as max_pool2d has it, in a fifth of the time
    highest = F.pad(score, (2, 2, 2, 2)).unfold(2, 5, 1).amax(dim=-1).unfold(3, 5, 1).amax(dim=-1)
    is_peak = (score - highest).abs() < PEAK_TOLERANCE
    peaks = torch.where(is_peak, score, torch.zeros_like(score)).flatten(1)
    # stable, because the original takes the lower index among equals: the zeros where peaks are fewer than six
    best, cells = peaks.sort(dim=1, descending=True, stable=True)
    return best[:, :MAX_PEOPLE], cells[:, :MAX_PEOPLE]


def _boxes(maps: HeadMaps, cells: Tensor, peak: Tensor) -> Tensor:
    """(B,P,4) y0, x0, y1, x1 in cells, clipped to the map."""
    height, width = maps.center.shape[2:]
    middle = peak + _at(maps.box_offset, cells)
    half = _at(maps.box_scale, cells).relu() * 0.5
    limit = middle.new_tensor([height, width])
    return torch.cat([(middle - half).minimum(limit).relu(), (middle + half).minimum(limit).relu()], dim=2)


class _Fit(NamedTuple):
    """How well places fit a person's joints, apart from the heat map: rows times columns."""

    rows: Tensor  # (B,P,17,H)
    columns: Tensor  # (B,P,17,W)

    @classmethod
    def of(cls, expected: Tensor, boxes: Tensor, height: int, width: int) -> _Fit:
        """Around where the joints are expected, (B,P,17,2) y, x, inside (B,P,4) boxes.

        Row and column apart: the same numbers as over all cells, to rounding, in a fraction of the time."""
        rows = torch.arange(height, device=boxes.device, dtype=boxes.dtype)
        columns = torch.arange(width, device=boxes.device, dtype=boxes.dtype)
        falloff = FALLOFF * min(height, width)
        near_row = (-((rows - expected[..., 0, None]) ** 2) / falloff).exp()
        near_column = (-((columns - expected[..., 1, None]) ** 2) / falloff).exp()
        y0, x0, y1, x1 = boxes[..., None].unbind(2)  # each (B, P, 1)
        near_row *= ((rows >= y0) & (rows < y1))[:, :, None]
        near_column *= ((columns >= x0) & (columns < x1))[:, :, None]
        return cls(near_row, near_column)

    def best(self, heat: Tensor, people: int) -> Tensor:
        """(B,people,17) flat cells that fit each of the first people's joints best; heat (B,17,H,W) in 0..1."""
        score = heat[:, None] * self.rows[:, :people, ..., None]
        score *= self.columns[:, :people, :, None]  # in place: to get as much memory anew takes four times as long
        return largest(score.flatten(3))

    def highest(self, heat: Tensor, cell: Tensor) -> Tensor:
        """(B,N,17): the best that any of the P people gives to cells (B,N,17)."""
        by_joint = cell.transpose(1, 2)  # (B, 17, N)
        score = heat.flatten(2).gather(2, by_joint)[:, None]
        each, width = by_joint[:, None].expand(-1, self.rows.shape[1], -1, -1), heat.shape[3]  # (B, P, 17, N)
        score = score * self.rows.gather(3, each // width) * self.columns.gather(3, each % width)
        return score.amax(dim=1).transpose(1, 2)


def decode(maps: HeadMaps, least: float = 0.0) -> People:
    """People from the head's maps; a candidate without a peak has a person score of 0.

    Args:
        least: centres with a score below may be left out. No person's score is higher than the centre's.
    """
    batch, joints, height, width = maps.heatmap.shape
    peak_score, cells = _peaks(maps.center)
    candidates = cells.shape[1]
    peak = torch.stack([cells // width, cells % width], dim=2).to(peak_score.dtype)  # (B, P, 2) y, x
    boxes = _boxes(maps, cells, peak)
    expected = peak[:, :, None] + _at(maps.joint_regression, cells).reshape(batch, candidates, joints, 2)
    fit, heat = _Fit.of(expected, boxes, height, width), maps.heatmap.sigmoid()

    people = int((peak_score >= least).sum(dim=1).amax())
    cell = fit.best(heat, people)  # (B, people, 17)
    # a joint's score is the best that any candidate gives to that cell, as in the original
    scores = fit.highest(heat, cell)
    offsets = maps.joint_offset.reshape(batch, 1, joints, 2, -1).expand(-1, people, -1, -1, -1)
    offset = offsets.gather(4, cell[..., None, None].expand(-1, -1, -1, 2, 1))[..., 0]  # (B, people, 17, 2) y, x
    keypoints = torch.stack([cell % width, cell // width], dim=3) + offset.flip(3)

    counts = scores > JOINT_THRESHOLD
    mean = (scores * counts).sum(dim=2) / counts.sum(dim=2).clamp(min=1)
    return People(keypoints, scores, boxes[:, :people, [1, 0, 3, 2]], peak_score[:, :people] * mean)
