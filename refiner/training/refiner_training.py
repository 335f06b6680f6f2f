"""Train the refiner on the errors of a trained lifter, drawn from the CND and, for a share of windows, its real ones."""

from __future__ import annotations

import torch
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import BaseModel, is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor

from estimators.errors import ConfigError
from estimators.lifting import Lifter
from estimators.lifting.normalise import normalise
from estimators.lifting.stcformer import STCFormer
from refiner import diffusion
from refiner.data.capture import Windows
from refiner.noise import Moments
from refiner.refine import RefinerModel

FIT_SEED = 1 << 41  # far from the seeds of training and validation


class RefinerTraining(BaseModel):
    """mmengine's view of the refiner.

    Args:
        network: arguments of `PoseDenoiser`.
        lifter: name or path of the lifter's weights; it is frozen and not part of the checkpoints.
        expectation: "mean" or "linear", see `RefinerModel`.
        law: time law of drawn noise, see `ConditionalNoise.sample`.
        real_share: share of windows that carry the lifter's own error instead of a drawn one. The CND knows the error's
            covariance in a frame, not how errors depend on the motion; the real ones do.
        inference_share: share of windows at the diffusion steps that inference with K = 2 visits.
        start: an STCFormer lifter's weights to start the denoiser from, see `PoseDenoiser.start_from`.
        loss: "l2" as in the paper, formula (7), or "l1": the error's tails are heavy.
        velocity_weight: of the same loss on frame-to-frame differences (not in the paper): jitter is a small part of the
            error, but what people see.
        fit_windows: windows from which the CND is fitted.
        bf16: autocast to bfloat16.
    """

    def __init__(
        self,
        network: dict,
        lifter: str,
        data_preprocessor: dict,
        expectation: str = "mean",
        law: str = "ar1",
        real_share: float = 0.5,
        inference_share: float = 0.0,
        start: str | None = None,
        loss: str = "l2",
        velocity_weight: float = 0.0,
        fit_windows: int = 256,
        bf16: bool = False,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        self.lifter = Lifter.load(lifter)
        self.model = RefinerModel(network, self.lifter.normalisation, expectation)
        self.law, self.real_share, self.inference_share, self.bf16 = law, real_share, inference_share, bf16
        if start:
            network_of_start = Lifter.load(start).network
            if not isinstance(network_of_start, STCFormer):
                raise ConfigError(f"A refiner can start from an STCFormer only; {start} is none.")
            self.model.network.start_from(network_of_start)
        self.distance = {"l2": torch.nn.functional.mse_loss, "l1": torch.nn.functional.l1_loss}[loss]
        self.velocity_weight, self.fit_windows = velocity_weight, fit_windows

    def forward(self, windows: Windows, mode: str = "tensor") -> dict[str, Tensor] | list[dict] | Tensor:
        if mode == "loss":
            return {"loss": self._loss(windows)}
        lifted = self._lift(windows)
        refined = self.model.refine(windows.keypoints, windows.image_size, lifted)
        if mode == "predict":
            linear = self.model.refine_linear(windows.keypoints, windows.image_size, lifted)
            keys = ("target", "lifted", "linear", "refined")
            rows = zip(windows.poses, lifted, linear, refined, strict=True)
            return [dict(zip(keys, row, strict=True)) for row in rows]
        return refined

    def _loss(self, windows: Windows) -> Tensor:
        """(7)  || e_norm - eps_theta(x_t, x2d, t) ||^2 (or its L1 sister), root left out."""
        x0, xhat = windows.poses, self._lift(windows)
        x2d = normalise(windows.keypoints, windows.image_size, self.lifter.normalisation)
        noise = self.model.noise
        B = len(x0)
        drawn = noise.sample(x2d[..., :2], xhat, self.law)
        real = torch.rand(B, 1, 1, 1, device=x0.device) < self.real_share
        e = torch.where(real, xhat - x0, drawn)
        t = self._draw_steps(B, x0.device)
        pose = diffusion.network_input(diffusion.forward_marginal(x0, e, t), t)
        with torch.autocast(x0.device.type, torch.bfloat16, enabled=self.bf16):
            e_hat = self.model.network(pose, x2d, t)
        found, target = e_hat[:, :, 1:].float(), noise.normalise(e, self.model.expected_error(x2d, xhat))[:, :, 1:]
        return self.distance(found, target) + self.velocity_weight * self.distance(
            found.diff(dim=1), target.diff(dim=1)
        )

    def _draw_steps(self, count: int, device: torch.device) -> Tensor:
        """Diffusion steps (count,): late ones more often, since at small t the error is hardly visible in x_t."""
        t = (diffusion.STEPS * torch.rand(count, device=device).sqrt()).ceil().long().clamp(1, diffusion.STEPS)
        visited = torch.tensor(diffusion.step_sequence(2)[:-1], device=device)
        visited = visited[torch.randint(len(visited), (count,), device=device)]
        return torch.where(torch.rand(count, device=device) < self.inference_share, visited, t)

    def _lift(self, windows: Windows) -> Tensor:
        self.lifter.network.to(windows.poses.device)
        with torch.autocast(windows.poses.device.type, torch.bfloat16, enabled=self.bf16 and self.training):
            lifted = self.lifter.lift_windows(windows.keypoints, windows.image_size, flip=not self.training)
        return lifted.float().clone()  # a clone is no inference tensor, which autograd would refuse

    @torch.no_grad()
    def fit_noise(self) -> None:
        """Fit the CND to the lifter's errors on training windows, formulas (5) and (6)."""
        moments = Moments()
        preprocessor = self.data_preprocessor
        frames = preprocessor.stages[-1].frames
        for first in range(0, self.fit_windows, 8):
            windows = preprocessor.capture("train").draw(8, frames, seed=FIT_SEED + first)
            x2d = normalise(windows.keypoints, windows.image_size, self.lifter.normalisation)[..., :2]
            moments.add(x2d, self._lift(windows), windows.poses)
        self.model.noise.fit(moments)


class FitNoiseHook(Hook):
    """Fit the noise before the first step of a training (a resumed one finds it in its checkpoint)."""

    def before_train(self, runner: Runner) -> None:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if isinstance(model, RefinerTraining) and runner.iter == 0:
            model.fit_noise()
            noise = model.model.noise
            print_log(
                f"CND fitted: std of e {noise.e_std.mean():.4f} m, lag-1 correlation {noise.correlation:.3f}", "current"
            )
