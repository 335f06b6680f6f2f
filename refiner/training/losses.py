"""Losses of the lifters, as their authors train them. All in metres, poses (B, T, 17, 3)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

# weight of each Human3.6M-17 joint in MixSTE's loss: the limbs' ends count more
MIXSTE_JOINT_WEIGHTS = (1, 1, 2.5, 2.5, 1, 2.5, 2.5, 1, 1, 1, 1.5, 1.5, 4, 4, 1.5, 4, 4)


def mpjpe_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean per-joint position error: STCFormer's loss."""
    return (predicted - target).norm(dim=-1).mean()


def mixste_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Weighted position error, 0.5 x weighted smoothness, 2 x velocity error: MixSTE's loss."""
    weights = predicted.new_tensor(MIXSTE_JOINT_WEIGHTS)
    position = (weights * (predicted - target).norm(dim=-1)).mean()
    step = predicted.diff(dim=1)
    smoothness = (weights[:, None] * step.square()).mean()
    velocity = (step - target.diff(dim=1)).norm(dim=-1).mean()
    return position + 0.5 * smoothness + 2.0 * velocity


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"mpjpe": mpjpe_loss, "mixste": mixste_loss}
