"""Train a lifter: 2D windows in, the loss of its authors on the 3D poses out."""

from __future__ import annotations

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from estimators.lifting.lifter import build_network
from estimators.lifting.normalise import Normalisation, normalise
from refiner.data.capture import Windows
from refiner.training.losses import LOSSES
from refiner.training.starts import start_lifter


class LifterTraining(BaseModel):
    """mmengine's view of a lifter.

    Args:
        network: `type` (MixSTE, STCFormer) and its arguments.
        normalisation: "image" or "person".
        loss: a name in `LOSSES`.
        start: weights to start from, see `start_lifter`.
        bf16: autocast to bfloat16.
    """

    def __init__(
        self,
        network: dict,
        normalisation: str,
        loss: str,
        data_preprocessor: dict,
        start: str | None = None,
        bf16: bool = False,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        self.normalisation = Normalisation(normalisation)
        self.network = build_network(network)
        if start:
            start_lifter(self.network, start)
        self.loss, self.bf16 = LOSSES[loss], bf16

    @property
    def networks(self) -> list[nn.Module]:
        """The networks whose speed is measured: nearly all of a step's time is theirs."""
        return [self.network]

    def forward(self, windows: Windows, mode: str = "tensor") -> dict[str, Tensor] | list[dict] | Tensor:
        x = normalise(windows.keypoints, windows.image_size, self.normalisation)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.bf16):
            predicted = self.network(x)
        predicted = predicted.float()
        if mode == "loss":
            return {"loss": self.loss(predicted, windows.poses)}
        if mode == "predict":
            return [{"predicted": p, "target": t} for p, t in zip(predicted, windows.poses, strict=True)]
        return predicted
