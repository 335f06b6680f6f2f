"""What a refiner's weights hold: the denoiser, the statistics of the noise, and how both are built of a file."""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from estimators import weights
from estimators.checked import Finite
from estimators.lifting.build import NetworkCard, build_with, check_card
from estimators.lifting.normalise import Normalisation, normalise
from estimators.observation import ObservedWindows
from refiner import diffusion
from refiner.noise import ConditionalNoise
from refiner.pose_denoiser import PoseDenoiser

PICTURE_CHANNELS = 4  # a joint's place and how sure that is


class RefinerCard(NetworkCard):
    """What a refiner's card must say for its weights to be used."""

    kind = "refiner"
    lifter: str | list[str] = Field(description="the name of the lifter that it was trained for, or several")
    scores: bool = Field(False, description="True or False: whether the network is told the detector's scores")
    pictured: bool = Field(
        False, description="True or False: whether it is told the pose that the picture itself gives"
    )
    uncertainty: dict[str, Finite] | None = Field(None, description="numbers by name, see refiner.uncertainty")


class RefinerModel(nn.Module):
    """What a refiner's weights hold: the denoiser and the statistics of the noise it was trained with.

    Args:
        network: arguments of `PoseDenoiser`.
        normalisation: of the 2D input; the lifter's.
        scores: whether the network is also told how sure the detector is of each keypoint, which no lifter is.
        pictured: whether noise and network also know the pose that the picture itself gives, where it gives any.

    The buffer `trust` is the share of the estimated error that is taken out of a lifted pose: the network and the
    lifter are two opinions that err differently, and between them lies a better one. 1 as in the paper; fitted on
    validation people when weights are exported. So is the buffer `ambiguity`: the covariance (48, 48) in m^2 of the
    refined poses' error (root left out) where keypoints are exact, which `refiner.guidance` weighs them by; zeros for
    no guidance. `channels` is the number that `inputs` has.
    """

    trust: Tensor
    ambiguity: Tensor

    def __init__(
        self, network: dict[str, Any], normalisation: str, scores: bool = False, pictured: bool = False
    ) -> None:
        super().__init__()
        self.register_buffer("trust", torch.ones(()))
        self.register_buffer("ambiguity", torch.zeros(48, 48))
        self.normalisation, self.scored, self.pictured = Normalisation(normalisation), scores, pictured
        self.channels = self.normalisation.channels + scores + PICTURE_CHANNELS * pictured
        self.network = PoseDenoiser(in_channels=self.channels, **network)
        self.noise = ConditionalNoise(pictured)

    def inputs(self, observed: ObservedWindows) -> Tensor:
        """What the network sees beside the pose (B, T, 17, C): normalised keypoints, the detector's doubt, what the
        picture shows, in metres, and how sure that is: all 0 where there is none."""
        x2d = normalise(observed.keypoints, observed.image_size, self.normalisation)
        told = [x2d]
        if self.scored:
            sure = observed.scores
            told.append((torch.zeros_like(x2d[..., 0]) if sure is None else 1 - sure.clamp(0, 1))[..., None])
        if self.pictured:
            z, sure = observed.pose_3d, observed.pose_3d_scores
            told.append(torch.zeros_like(x2d[..., :3]) if z is None else z)
            told.append(torch.zeros_like(x2d[..., :1]) if z is None or sure is None else sure.clamp(0, 1)[..., None])
        return torch.cat(told, dim=-1)

    def error(self, pose: Tensor, x2d: Tensor, t: Tensor | int) -> Tensor:
        """e_hat (B, T, 17, 3) metres, root 0, of the network input `pose` = x0 + w_t e at step t (B,) or int.

        A network that gives an error gives it normalised. One that gives a pose gives x0 (of all parametrisations of a
        diffusion the one with the plainest task), and e_hat = (pose - x0) / w_t.
        """
        steps = torch.as_tensor(t, device=pose.device).expand(len(pose))
        out = self.network(pose, x2d, steps).float()
        if self.network.output == "error":
            return self.noise.denormalise(out)
        w = diffusion.error_share(steps, pose).clamp_min(1e-3)  # nobody asks for the error of a clean pose
        return (pose - (out - out[:, :, :1])) / w

    def refine(self, observed: ObservedWindows, lifted: Tensor, steps: int = 2) -> Tensor:
        """Lifted poses (B, T, 17, 3) metres to refined ones, in K = `steps` DDIM steps."""
        x2d = self.inputs(observed)
        refined = diffusion.refine(lifted, lambda pose, t: self.error(pose, x2d, t), steps)
        return lifted + self.trust * (refined - lifted)

    def refine_linear(self, observed: ObservedWindows, lifted: Tensor) -> Tensor:
        """The linear baseline xhat - mu_{e|c}: no network, no diffusion."""
        x2d = normalise(observed.keypoints, observed.image_size, self.normalisation)[..., :2]
        return lifted - self.noise.expected_error(x2d, lifted, observed.pose_3d)


def load_model(name_or_path: str) -> tuple[RefinerModel, weights.Card, str]:
    """The model of a bundled refiner by name, or of any by the path of its safetensors file.

    Returns:
        The model, float32 on the CPU; its card; its name.

    Raises:
        WeightsError: not there, damaged, or not a refiner.
    """
    state, card = weights.load(name_or_path)
    name = weights.find(name_or_path).stem
    told = check_card(RefinerCard, card, state, name)
    architecture = {key: value for key, value in told.architecture.items() if key != "type"}

    def build() -> RefinerModel:
        return RefinerModel(architecture, told.normalisation, told.scores, told.pictured)

    return build_with(build, state, name), card, name
