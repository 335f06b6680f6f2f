"""Lifter: a track's 2D joints to root-relative 3D joints, for sequences of any length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from estimators import weights
from estimators.devices import placed
from estimators.errors import WeightsError
from estimators.lifting.build import LifterCard, build_with, check_card
from estimators.lifting.mixste import MixSTE
from estimators.lifting.normalise import Normalisation, normalise
from estimators.lifting.pace import Pace
from estimators.lifting.stcformer import STCFormer
from estimators.lifting.windows import Blend, Window, plan_windows, tds_stride
from estimators.observation import Observation, ObservedWindows
from estimators.skeleton import mirror

NETWORKS: dict[str, type[nn.Module]] = {"MixSTE": MixSTE, "STCFormer": STCFormer}
BATCH = 8  # windows in one forward pass: bounds the memory, whatever the sequence's length

Progress = Callable[[int, int], None]  # windows done, windows in all


def build_network(architecture: dict[str, Any]) -> nn.Module:
    """A lifter network from `{"type": "MixSTE" | "STCFormer", **arguments}`.

    Raises:
        WeightsError: unknown type or arguments.
    """
    arguments = dict(architecture)
    kind = arguments.pop("type", None)
    if kind not in NETWORKS:
        raise WeightsError(f"Unknown lifter {kind!r}; known are {', '.join(NETWORKS)}.")
    try:
        return NETWORKS[kind](**arguments)
    except TypeError as error:
        raise WeightsError(f"These are no arguments of {kind}: {error}.") from error


class Lifter:
    """A trained lifter.

    Args:
        network: (B, T, 17, C) to (B, T, 17, 3).
        card: its model card; `frames` is T, `tds_fps` the frame rate of the frames inside a window.
        device: where it is to run, see `estimators.devices`.
    """

    def __init__(self, network: nn.Module, card: weights.Card, name: str, device: str | torch.device = "cpu") -> None:
        self.network = placed(network, device)
        self.card, self.name = card, name
        self.frames: int = card["frames"]
        self.normalisation = Normalisation(card["normalisation"])

    @classmethod
    def load(cls, name_or_path: str = "stcformer-81", device: str | torch.device = "cpu") -> Lifter:
        """A bundled lifter by name, or any by the path of its safetensors file.

        Raises:
            WeightsError: not there, damaged, or not a lifter. ConfigError: there is no such device.
        """
        state, card = weights.load(name_or_path)
        name = weights.find(name_or_path).stem
        check_card(LifterCard, card, state, name)
        network = build_with(lambda: build_network(card["architecture"]), state, name)
        return cls(network, card, name, device)

    def description(self) -> dict[str, Any]:
        """Name, frames and weight hash, for the record in a Motion."""
        return {"name": self.name, "frames": self.frames, "sha256": self.card.get("sha256")}

    def stride(self, fps: float) -> int:
        """Temporal downsampling for footage of this frame rate: as near as possible to that of the training."""
        return tds_stride(fps, self.card["tds_fps"])

    def lift(self, observed: Observation, flip: bool = True, on_progress: Progress | None = None) -> np.ndarray:
        """Lift a sequence.

        Args:
            observed: of N >= 1 frames, Human3.6M-17, no NaN; of more than 60 frames a second the network sees 60, see
                `estimators.lifting.pace`.
            flip: average with the mirrored input's output (twice the time).

        Returns:
            (N, 17, 3) float32 metres, camera space (x right, y down, z forward), root-relative.

        Raises:
            DataError: no frame, or one without keypoints.
        """
        observed.check_whole()

        def lift_windows(points: Tensor, size: Tensor) -> Tensor:
            return self.lift_windows(ObservedWindows(points, None, size), flip)

        pace = Pace(len(observed), float(observed.fps))
        inputs, stride = [pace.take(observed.keypoints)], self.stride(pace.fps)
        poses = over_windows(lift_windows, inputs, observed.image_size, self.frames, stride, self.device, on_progress)
        return pace.give(poses)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    @torch.inference_mode()
    def lift_windows(self, observed: ObservedWindows, flip: bool = True) -> Tensor:
        """The torch twin of `lift`: (B, T, 17, 3) metres, root at 0."""
        poses = self._network(observed)
        if flip:
            poses = (poses + mirror(self._network(observed.mirrored()))) / 2
        return poses - poses[:, :, :1]

    def _network(self, observed: ObservedWindows) -> Tensor:
        return self.network(normalise(observed.keypoints, observed.image_size, self.normalisation))


def over_windows(
    function: Callable[..., Tensor],
    sequences: list[np.ndarray],
    image_size: tuple[int, int],
    frames: int,
    stride: int,
    device: torch.device,
    on_progress: Progress | None = None,
) -> np.ndarray:
    """Apply a window function over sequences of N frames, overlapped and blended, in bounded memory.

    Args:
        function: takes one (B, T, ...) tensor for each sequence and (B, 2) image sizes, gives (B, T, 17, D).
        sequences: arrays (N, ...) that are windowed alike.

    Returns:
        (N, 17, D) float32.
    """
    length = len(sequences[0])
    plan = list(plan_windows(length, frames, stride))
    blend: Blend | None = None
    for first in range(0, len(plan), BATCH):
        batch: list[Window] = plan[first : first + BATCH]
        inputs = [
            torch.from_numpy(np.stack([sequence[window.source] for window in batch])).float().to(device)
            for sequence in sequences
        ]
        size = torch.tensor([image_size] * len(batch), dtype=torch.float32, device=device)
        outputs = function(*inputs, size).float().cpu().numpy()
        blend = blend or Blend(length, outputs.shape[2:])
        for window, output in zip(batch, outputs, strict=True):
            blend.add(window, output)
        if on_progress:
            on_progress(first + len(batch), len(plan))
    assert blend is not None
    return blend.result()
