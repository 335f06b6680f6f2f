"""A hand-made model of a 2D detector's error, for COCO-17 points, vectorised over windows.

Real detector error is none of white and Gaussian: each joint has a constant offset (another idea of where a shoulder
is), the rest is slow (correlated in time), heavy-tailed, now and then lost for a while and then bridged by
interpolation, and sometimes left and right trade places. All lengths are fractions of the person's size in the image
(see `estimators.lifting.normalise.person_size`), so that near and far people are alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from estimators.skeleton import COCO17

# how hard a joint is to find: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles
DIFFICULTY = (0.5, 0.5, 0.5, 0.6, 0.6, 0.8, 0.8, 1.1, 1.1, 1.5, 1.5, 1.1, 1.1, 1.1, 1.1, 1.4, 1.4)


@dataclass(frozen=True)
class DetectorNoise:
    """Sizes are standard deviations in person sizes, chances are per window of one second and joint (or side)."""

    bias: float = 0.010
    slow: float = 0.008
    white: float = 0.004
    correlation_seconds: float = 0.25
    burst_chance: float = 0.05
    burst_size: float = 0.06
    gap_chance: float = 0.06
    swap_chance: float = 0.08
    clean_share: float = 0.25

    def __call__(self, points: Tensor, size: Tensor, fps: Tensor, generator: torch.Generator) -> Tensor:
        """Noisy copy of COCO-17 image points.

        Args:
            points: (B, T, 17, 2) exact image points, any unit.
            size: (B,) the person's size in that unit.
            fps: (B,) frames per second of the window.
        """
        B, T, J, _ = points.shape
        draw = _Draw(B, points.device, generator)
        difficulty = torch.tensor(DIFFICULTY, device=points.device)[None, :]
        # one level for the window, one heavy-tailed factor for each joint
        level = torch.exp(0.5 * draw.normal(1)) * (draw.uniform(1) >= self.clean_share)
        heavy = torch.exp(0.6 * draw.normal(J)) * difficulty * level  # (B, J)
        error = self.bias * draw.normal(1, J, 2) * heavy[:, None, :, None]
        error = error + self.white * draw.normal(T, J, 2) * heavy[:, None, :, None]
        slow = ar1(draw.normal(T, J, 2), torch.exp(-1 / (fps * self.correlation_seconds)))
        error = error + self.slow * slow * heavy[:, None, :, None]
        seconds = T / fps
        noisy_level = level[:, 0] > 0
        burst = self._spans(draw, (J,), self.burst_chance * seconds, T, fps, noisy_level)  # (B, T, J)
        offset = self.burst_size * draw.normal(1, J, 2) * draw.uniform(1, J, 1).clamp_min(0.1).rsqrt()
        error = error + burst[..., None] * offset * difficulty[:, None, :, None]
        noisy = self._swap(points, draw, seconds, fps, noisy_level) + error * size[:, None, None, None]
        return _bridge(noisy, self._spans(draw, (J,), self.gap_chance * seconds, T, fps, noisy_level))

    def _swap(self, points: Tensor, draw: _Draw, seconds: Tensor, fps: Tensor, noisy: Tensor) -> Tensor:
        """Trade left and right of the arms, or of the legs, for a short while."""
        T = points.shape[1]
        swap = self._spans(draw, (2,), self.swap_chance * seconds, T, fps * 0.4, noisy)  # (B, T, arms|legs)
        arms, legs = swap[..., :1], swap[..., 1:]
        face = torch.zeros_like(arms).expand(-1, -1, 5)
        per_joint = torch.cat([face, arms.expand(-1, -1, 6), legs.expand(-1, -1, 6)], dim=-1)
        return torch.where(per_joint[..., None], points[:, :, list(COCO17.flip_order)], points)

    @staticmethod
    def _spans(draw: _Draw, shape: tuple[int, ...], chance: Tensor, T: int, fps: Tensor, where: Tensor) -> Tensor:
        """(B, T, *shape) bool: at most one span of about a third of a second, with this chance for the window."""
        extra = (1,) * len(shape)
        happens = (draw.uniform(*shape) < chance.view(-1, *extra)) & where.view(-1, *extra)
        start = draw.uniform(*shape) * T
        length = (-draw.uniform(*shape).clamp_min(1e-3).log() * 0.33 * fps.view(-1, *extra)).clamp_min(1)
        time = torch.arange(T, device=fps.device).view(1, T, *extra)
        return happens[:, None] & (time >= start[:, None]) & (time < (start + length)[:, None])


class _Draw:
    """Random numbers of shape (B, ...) on one device."""

    def __init__(self, B: int, device: torch.device, generator: torch.Generator) -> None:
        self.B, self.device, self.generator = B, device, generator

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(self.B, *shape, generator=self.generator, device=self.device)

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(self.B, *shape, generator=self.generator, device=self.device)


def ar1(white: Tensor, correlation: Tensor) -> Tensor:
    """Stationary AR(1) sequence of unit variance along axis 1 from unit white noise (B, T, ...).

    `correlation` (B,) is that of neighbouring frames. Written as one product with a (T, T) lower-triangular matrix:
    no loop over time.
    """
    T = white.shape[1]
    lag = torch.arange(T, device=white.device)
    lag = lag[:, None] - lag[None, :]
    rho = correlation.view(-1, 1, 1)
    weights = torch.where(lag >= 0, rho ** lag.clamp_min(0), 0.0) * (1 - rho**2).sqrt()
    weights[:, :, 0] = rho[:, 0] ** torch.arange(T, device=white.device)  # the first frame starts at full variance
    return torch.einsum("bts,bs...->bt...", weights, white)


def _bridge(points: Tensor, lost: Tensor) -> Tensor:
    """Replace lost joints by linear interpolation between the frames around the gap, as gap filling does at run time.

    points (B, T, J, 2), lost (B, T, J) bool. A gap at the window's end holds the last seen value.
    """
    T = points.shape[1]
    time = torch.arange(T, device=points.device).view(1, T, 1)
    before = torch.where(lost, -1, time).cummax(dim=1).values
    after = torch.where(lost, T, time).flip(1).cummin(dim=1).values.flip(1)
    has_before, has_after = before >= 0, after < T
    before, after = before.clamp_min(0), after.clamp_max(T - 1)
    before = torch.where(has_before, before, after)
    after = torch.where(has_after, after, before)
    share = (time - before) / (after - before).clamp_min(1)
    first = points.gather(1, before[..., None].expand_as(points))
    last = points.gather(1, after[..., None].expand_as(points))
    return first + (last - first) * share[..., None].clamp(0, 1)
