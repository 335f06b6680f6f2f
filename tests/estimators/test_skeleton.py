"""Mirror images, of NumPy and torch points alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from estimators.skeleton import COCO17, H36M17, Skeleton, mirror


@pytest.mark.parametrize("skeleton", [H36M17, COCO17])
@pytest.mark.parametrize("width", [None, 640.0])
def test_left_and_right_trade_places_and_x_is_turned_round(skeleton: Skeleton, width: float | None) -> None:
    points = np.random.default_rng(0).normal(size=(4, 17, 3)).astype(np.float32)
    given = points.copy()
    mirrored = mirror(points, skeleton, width)
    for left, right in zip(skeleton.left, skeleton.right, strict=True):
        np.testing.assert_array_equal(mirrored[:, left, 0], (width or 0) - points[:, right, 0])
        np.testing.assert_array_equal(mirrored[:, right, 1:], points[:, left, 1:])
    np.testing.assert_array_equal(points, given)
    np.testing.assert_array_equal(mirror(torch.from_numpy(points), skeleton, width).numpy(), mirrored)


def test_each_window_has_a_width_of_its_own() -> None:
    points = torch.rand(2, 9, 17, 2)
    mirrored = mirror(points, width=torch.tensor([640.0, 480.0])[:, None, None])
    torch.testing.assert_close(mirrored[1], mirror(points[1], width=480.0))
    torch.testing.assert_close(mirror(mirror(points)), points)
