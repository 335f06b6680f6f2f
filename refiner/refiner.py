"""Refiner: 2D joints and lifted poses in, refined poses and their uncertainty out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from estimators import weights
from estimators.devices import placed
from estimators.errors import DataError
from estimators.lifting.lifter import Progress, over_windows
from estimators.lifting.pace import Pace
from estimators.lifting.picture import of_average_size
from estimators.lifting.windows import anti_alias, tds_stride
from estimators.observation import REACH, Observation, ObservedWindows, Provenance
from estimators.skeleton import mirror
from refiner import guidance
from refiner.model import RefinerModel, load_model
from refiner.steps import checked_steps
from refiner.uncertainty import Calibration

_KNOWN = 0.5  # of a frame, to be a frame in which the picture gives a pose


@dataclass(frozen=True)
class Refined:
    """A refined sequence of N frames.

    Attributes:
        poses: (N, 17, 3) float32 metres, camera space, root-relative.
        sigma: (N, 17) float32 metres, of each coordinate, see `refiner.uncertainty`.
        doubts: (N, 17, 2) metres, of which sigma is made: the conditional noise's standard deviation, and the
            disagreement of the refinements of input and mirror image.
    """

    poses: np.ndarray
    sigma: np.ndarray
    doubts: np.ndarray


class Refiner:
    """A trained refiner, made for one lifter, or for several.

    Where it takes every s-th frame only, like its lifter, it reads 2D and lifted poses through a low-pass, see
    `anti_alias`: the lifter, as published, does not, and what trembles between its phases is gone afterwards.

    The uncertainty is made of the conditional noise's spread and of the disagreement between the refinement of the
    input and of its mirror image, see `refiner.uncertainty`.
    """

    def __init__(self, model: RefinerModel, card: weights.Card, name: str, device: str | torch.device = "cpu") -> None:
        self.model = placed(model, device)
        self.card, self.name = card, name
        self.frames: int = card["frames"]
        self.calibration = Calibration.of(card)

    @classmethod
    def load(cls, name_or_path: str = "refiner-stcformer-81", device: str | torch.device = "cpu") -> Refiner:
        """A bundled refiner by name, or any by the path of its safetensors file.

        Raises:
            WeightsError: not there, damaged, or not a refiner. ConfigError: there is no such device.
        """
        return cls(*load_model(name_or_path), device)

    def description(self) -> dict[str, Any]:
        """Name, frames, lifter, weight hash and how many sigmas cover 95 % of errors, for the record in a Motion."""
        card = self.card
        return {
            "name": self.name,
            "frames": self.frames,
            "lifter": card["lifter"],
            "sha256": card.get("sha256"),
            "sigma_95": self.calibration.tail,
        }

    @property
    def lifters(self) -> list[str]:
        """The names of the lifters that it was trained for."""
        return list_of(self.card["lifter"])

    def joint_std(self, pictured: np.ndarray) -> np.ndarray:
        """(N, 17) metres: the conditional noise's standard deviation at each joint.

        Args:
            pictured: (N,) from 0 to 1, of how much of a frame the picture's own pose is known.
        """
        without, known = (self.model.noise.joint_std(told).cpu().numpy() for told in (False, True))
        return np.asarray(without + pictured[:, None] * (known - without))

    def refine(
        self,
        observed: Observation,
        lifted: np.ndarray,
        steps: int = 2,
        guided: bool = True,
        on_progress: Progress | None = None,
    ) -> Refined:
        """Refine a sequence.

        Args:
            observed: of N frames, Human3.6M-17, no NaN: what the lifter saw. Of more than 60 frames a second the
                refiner sees 60, see `estimators.lifting.pace`.
            lifted: (N, 17, 3) metres, camera space, root-relative: what it made of it.
            steps: K, DDIM steps, see `refiner.steps`; each runs the network once (and once mirrored).
            guided: let what the whole clip tells have its say afterwards, see `guide`.

        Raises:
            ConfigError: K out of range. DataError: no frame, one without keypoints, or poses of another shape or
                that are not finite.
        """
        checked_steps(steps)
        observed.check_whole()
        lifted = np.asarray(lifted)
        if lifted.shape != (len(observed), 17, 3) or lifted.dtype.kind not in "fiu" or not np.isfinite(lifted).all():
            raise DataError(
                f"Lifted poses must be finite numbers of shape {(len(observed), 17, 3)}, "
                f"not {lifted.dtype} of shape {lifted.shape}."
            )
        if np.abs(lifted).max() > REACH:
            raise DataError(f"Lifted poses must be in metres; these joints are over {REACH:.0f} m from the root.")

        def refine_windows(points: Tensor, poses: Tensor, sure: Tensor, *more: Tensor) -> Tensor:
            *shown, size = more
            return self.refine_windows(ObservedWindows(points, sure, size, *shown), poses, steps)

        device = next(self.model.parameters()).device
        pace = Pace(len(observed), float(observed.fps))
        keypoints, scores = pace.take(observed.keypoints), pace.take(observed.scores)
        provenance = np.full(len(keypoints), Provenance.DETECTED, np.uint8)
        seen = Observation(keypoints, scores, provenance, observed.image_size, pace.fps, observed.focal)
        stride = tds_stride(pace.fps, self.card["tds_fps"])
        inputs = [anti_alias(sequence, stride) for sequence in (keypoints, pace.take(lifted), scores)]
        pictured = np.zeros(len(keypoints), np.float32)
        if self.model.pictured:
            inputs += _shown(observed, lambda sequence: anti_alias(pace.take(sequence), stride))
            pictured[inputs[-1].any(axis=1)] = 1
        result = over_windows(refine_windows, inputs, seen.image_size, self.frames, stride, device, on_progress)
        doubts = np.stack([self.joint_std(pictured), result[..., 3]], axis=2)
        sigma = self.calibration.sigma(doubts, scores if observed.scored else None)
        poses = np.ascontiguousarray(result[..., :3])
        if guided:
            poses = self.guide(seen, poses)
        return Refined(pace.give(poses), *(np.maximum(pace.give(values), 0) for values in (sigma, doubts)))

    def guide(self, observed: Observation, poses: np.ndarray) -> np.ndarray:
        """Refined poses (N, 17, 3), bent to the picture and to bones of constant length, see `refiner.guidance`."""
        ambiguity = self.model.ambiguity.cpu().numpy()
        return guidance.guide(observed, poses, ambiguity) if ambiguity.any() else poses

    @torch.inference_mode()
    def refine_windows(self, observed: ObservedWindows, lifted: Tensor, steps: int = 2) -> Tensor:
        """The torch twin of `refine`: (B, T, 17, 4) metres, x, y, z and the disagreement with the mirror image."""
        straight = self.model.refine(observed, lifted, steps)
        back = mirror(self.model.refine(observed.mirrored(), mirror(lifted), steps))
        poses = (straight + back) / 2
        disagreement = (straight - back).norm(dim=-1, keepdim=True) / 2
        return torch.cat([poses - poses[:, :, :1], disagreement], dim=-1)


def list_of(lifter: str | list[str]) -> list[str]:
    """The names of lifters as a card has them."""
    return [lifter] if isinstance(lifter, str) else list(lifter)


def _shown(observed: Observation, slowed: Callable[[np.ndarray], np.ndarray]) -> list[np.ndarray]:
    """The pose (M, 17, 3) metres that the picture itself gives, of an average person's size, and its scores (M, 17);
    both 0 where it gives none.

    Args:
        slowed: makes sequences of M frames of those of N; one is known that is made of known ones for the most part.
    """
    there = observed.present_3d
    if observed.pose_3d is None or observed.pose_3d_scores is None or not there.any():
        nothing = slowed(np.zeros((len(observed), 17), np.float32))
        return [np.repeat(nothing[..., None], 3, axis=2), nothing]
    poses = np.where(there[:, None, None], observed.pose_3d, 0)
    poses = of_average_size(torch.from_numpy(poses)[None], torch.from_numpy(there)[None])[0].numpy()
    share = slowed(there.astype(np.float32))
    known = share > _KNOWN
    whole = np.where(known, share, 1)
    slow = slowed(poses.astype(np.float32)) / whole[:, None, None], slowed(observed.pose_3d_scores) / whole[:, None]
    return [np.where(known.reshape(-1, *[1] * (one.ndim - 1)), one, 0).astype(np.float32) for one in slow]
