"""Fast footage: what the networks see of it, and what comes back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from estimators.lifting.lifter import Lifter
from estimators.lifting.pace import MOST_LOOKS, Pace
from estimators.observation import Observation

CARD = {"frames": 27, "tds_fps": 50 / 3, "normalisation": "image"}


class Counting(nn.Module):
    """Lays the picture's x and y out as a pose, and counts the frames that it is shown (not the mirrored ones)."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))
        self.seen: set[float] = set()

    def forward(self, x: Tensor) -> Tensor:
        self.seen |= {round(float(value), 5) for value in x[..., 0, 0].flatten()}
        return torch.cat([x[..., :2], 0 * x[..., :1]], dim=-1)


def swing(n: int, fps: float) -> Observation:
    """N frames: the hip goes steadily to the right, the other joints swing once a second."""
    t = np.arange(n) / fps
    points = np.zeros((n, 17, 2), np.float32)
    points[..., 0] = 300 + 100 * t[:, None]
    points[:, 1:, 1] = 240 + 40 * np.sin(2 * np.pi * t)[:, None]
    points[:, 0, 1] = 240
    return Observation.of(points, None, (640, 480), fps)


@pytest.mark.parametrize("fps", [24.0, 29.97, 59.94, 60.0])
def test_ordinary_footage_is_seen_frame_by_frame(fps):
    pace, values = Pace(100, fps), np.zeros((100, 17, 2))
    assert pace.fps == fps and pace.take(values) is values and pace.give(values) is values


@pytest.mark.parametrize("fps", [72.0, 120.0, 240.0, 1000.0])
def test_a_network_sees_no_more_than_sixty_frames_a_second(fps):
    n = int(fps)  # a second
    network = Counting()
    lifter = Lifter(network, CARD, "counting")
    poses = lifter.lift(swing(n, fps), flip=False)
    assert len(network.seen) <= MOST_LOOKS and poses.shape == (n, 17, 3) and poses.dtype == np.float32
    slow = Lifter(Counting(), CARD, "slow").lift(swing(60, 60.0), flip=False)
    assert np.ptp(poses[:, 5, 1]) == pytest.approx(np.ptp(slow[:, 5, 1]), rel=0.02)
    bends = np.diff(poses[:, 5, 1].astype(np.float64), n=2) * fps**2
    assert np.abs(bends).mean() == pytest.approx(np.abs(np.diff(slow[:, 5, 1], n=2)).mean() * 60**2, rel=0.1)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 50])
def test_short_stretches_of_fast_footage(n):
    pace = Pace(n, 240.0)
    line = np.linspace(0, 1, n)[:, None]
    np.testing.assert_allclose(pace.give(pace.take(line)), line, atol=1e-12)


def test_what_is_too_fast_is_averaged_out():
    noise = np.random.default_rng(0).normal(0, 1, (2400, 1))
    assert Pace(2400, 240.0).take(noise).std() < 0.5
