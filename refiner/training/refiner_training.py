"""Train the refiner on a lifter's errors: drawn from the CND and, for a share of windows, its real ones."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import BaseModel, is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from estimators.errors import ConfigError
from estimators.lifting import Lifter
from estimators.lifting.normalise import normalise
from refiner import diffusion
from refiner.data.capture import Windows
from refiner.model import RefinerModel
from refiner.noise import Moments
from refiner.refiner import list_of
from refiner.steps import STEPS
from refiner.training.capture_preprocessor import VALIDATION_SEED
from refiner.training.losses import mpjpe_loss
from refiner.training.starts import start_refiner

FIT_SEED = 1 << 20  # far from the seeds of validation


class RefinerTraining(BaseModel):
    """mmengine's view of the refiner.

    Args:
        network: arguments of `PoseDenoiser`.
        lifter: name or path of the lifter's weights; it is frozen and not part of the checkpoints. Or several lifters,
            of which each step draws one: for a refiner of all their poses.
        cross_fitted: names or paths of lifters of the same make, the k-th trained without fold k of n of the people: in
            training they stand for the lifter, each where it meets people that it has not seen, as the lifter will.
        law: time law of drawn noise, see `ConditionalNoise.sample`.
        real_share: share of windows that carry the lifter's own error instead of a drawn one. The CND knows the error's
            covariance in a frame, not how errors depend on the motion; the real ones do.
        inference_share: share of windows trained on what inference with K = 2 visits: the noisy pose itself, and what
            the network's own first step makes of it, where the forward marginal would be a cleaner pose than the
            second step ever meets.
        scores: give the network the detector's scores, see `RefinerModel`.
        pictured: tell it the pose that the picture itself gives, see `RefinerModel`.
        start: weights to start from, see `start_refiner`.
        loss: "l2" on the normalised error as in the paper, formula (7), or "mpjpe" of x0_hat, formula (9), in metres:
            what is measured in the end, its tails not squared, and every t weighted by what its error does to the pose.
        velocity_weight: of the same loss on frame-to-frame differences (not in the paper): jitter is a small part of
            the error, but what people see.
        fit_windows: windows from which the CND is fitted.
        bf16: autocast to bfloat16.
    """

    def __init__(
        self,
        network: dict,
        lifter: str | list[str],
        data_preprocessor: dict,
        law: str = "ar1",
        real_share: float = 0.5,
        inference_share: float = 0.0,
        start: str | None = None,
        scores: bool = False,
        pictured: bool = False,
        loss: str = "l2",
        velocity_weight: float = 0.0,
        fit_windows: int = 256,
        bf16: bool = False,
        cross_fitted: Sequence[str] = (),
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        self.lifters = [Lifter.load(one) for one in list_of(lifter)]
        self.cross_fitted = [Lifter.load(one) for one in cross_fitted]
        if len(cross_fitted) != self.data_preprocessor.crossed:
            raise ConfigError("A refiner needs as many cross_fitted lifters as its data has crossed folds.")
        normalisation = self.lifters[0].normalisation
        if any(one.normalisation != normalisation for one in (*self.lifters, *self.cross_fitted)):
            raise ConfigError("All lifters of a refiner must normalise keypoints alike.")
        self.model = RefinerModel(network, normalisation, scores, pictured)
        self.law, self.real_share, self.inference_share, self.bf16 = law, real_share, inference_share, bf16
        if start:
            start_refiner(self.model.network, start)
        if loss not in ("l2", "mpjpe"):
            raise ConfigError(f"A refiner's loss is 'l2' or 'mpjpe', not {loss!r}.")
        self.loss, self.velocity_weight, self.fit_windows = loss, velocity_weight, fit_windows

    @property
    def networks(self) -> list[nn.Module]:
        """The networks whose speed is measured: nearly all of a step's time is theirs."""
        return [*(lifter.network for lifter in (*self.lifters, *self.cross_fitted)), self.model.network]

    def forward(
        self, windows: Windows, mode: str = "tensor", fold: int | None = None
    ) -> dict[str, Tensor] | list[dict] | Tensor:
        if mode == "loss":
            return self._loss(windows, self._lift(windows, self._drawn() if fold is None else self.cross_fitted[fold]))
        if mode == "predict":
            return [row for lifter in self.lifters for row in self._predicted(windows, self._lift(windows, lifter))]
        return self.model.refine(windows, self._lift(windows, self.lifters[0]))

    def _drawn(self) -> Lifter:
        return self.lifters[int(torch.randint(len(self.lifters), ()))]

    def _predicted(self, windows: Windows, lifted: Tensor) -> list[dict]:
        linear, refined = self.model.refine_linear(windows, lifted), self.model.refine(windows, lifted)
        keys = ("target", "lifted", "linear", "refined")
        rows = zip(windows.poses, lifted, linear, refined, strict=True)
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def _loss(self, windows: Windows, xhat: Tensor) -> dict[str, Tensor]:
        """(7)  || e_norm - eps_theta(x_t, x2d, t) ||^2, or its sister in metres; and what is left of real errors."""
        x0 = windows.poses
        x2d = self.model.inputs(windows)
        real = torch.rand(len(x0), device=x0.device) < self.real_share
        drawn = self.model.noise.sample(x2d[..., :2], xhat, self.law, z=windows.pose_3d)
        e = torch.where(real[:, None, None, None], xhat - x0, drawn)
        with torch.autocast(x0.device.type, torch.bfloat16, enabled=self.bf16):
            pose, t = self._network_input(x0, e, x2d)
            e_hat = self.model.error(pose, x2d, t)
        x0_hat = pose - diffusion.error_share(t, pose) * e_hat
        logged = {}
        real = real & (t == STEPS)
        if real.any():
            logged = {"lifted_mm": 1000 * mpjpe_loss(xhat[real], x0[real])}
            logged["refined_mm"] = 1000 * mpjpe_loss(x0_hat[real].detach(), x0[real])
        return {"loss": self._distance(x0_hat, x0, e_hat, e), **logged}

    def _distance(self, x0_hat: Tensor, x0: Tensor, e_hat: Tensor, e: Tensor) -> Tensor:
        if self.loss == "mpjpe":
            found, target = x0_hat[:, :, 1:], x0[:, :, 1:]
            return mpjpe_loss(found, target) + self.velocity_weight * mpjpe_loss(found.diff(dim=1), target.diff(dim=1))
        found, target = (self.model.noise.normalise(error)[:, :, 1:] for error in (e_hat, e))
        difference = found - target
        return difference.square().mean() + self.velocity_weight * difference.diff(dim=1).square().mean()

    def _network_input(self, x0: Tensor, e: Tensor, x2d: Tensor) -> tuple[Tensor, Tensor]:
        """The pose (B, T, 17, 3) that the network sees and its diffusion step (B,)."""
        B, device = len(x0), x0.device
        # late steps more often: at small t the error is hardly visible in x_t
        t = (STEPS * torch.rand(B, device=device).sqrt()).ceil().long().clamp(1, STEPS)
        first, second, _ = diffusion.step_sequence(2)
        visits = torch.rand(B, device=device) < self.inference_share
        goes_on = visits & (torch.rand(B, device=device) < 0.5)
        t = torch.where(visits, first, t)
        pose = diffusion.network_input(diffusion.forward_marginal(x0, e, t), t)
        if goes_on.any():
            with torch.no_grad():
                y, seen = pose[goes_on], x2d[goes_on]
                x_t = diffusion.ddim_step(y, self.model.error(y, seen, first), first, second)
            pose[goes_on], t[goes_on] = diffusion.network_input(x_t, second), second
        return pose, t

    def _lift(self, windows: Windows, lifter: Lifter) -> Tensor:
        """Poses (B, T, 17, 3) metres of a lifter."""
        lifter.network.to(windows.poses.device)
        with torch.autocast(windows.poses.device.type, torch.bfloat16, enabled=self.bf16 and self.training):
            lifted = lifter.lift_windows(windows, flip=not self.training)
        return lifted.float().clone()  # a clone is no inference tensor, which autograd would refuse

    @torch.no_grad()
    def fit_noise(self) -> None:
        """Fit the CND to the lifters' errors on training windows, formulas (5) and (6)."""
        moments, pictured = Moments(), Moments(pictured=True)
        preprocessor = self.data_preprocessor
        frames = preprocessor.stages[-1].frames
        for number, first in enumerate(range(0, self.fit_windows, 8)):
            fold = number % preprocessor.crossed if preprocessor.crossed else None
            capture = preprocessor.capture("train") if fold is None else preprocessor.fold(fold)
            windows = capture.draw(8, frames, seed=FIT_SEED + first)
            x2d = normalise(windows.keypoints, windows.image_size, self.model.normalisation)[..., :2]
            for lifter in self.lifters if fold is None else [self.cross_fitted[fold]]:
                lifted = self._lift(windows, lifter)
                moments.add(x2d, lifted, windows.poses)
                if self.model.pictured and windows.pose_3d is not None:
                    pictured.add(x2d, lifted, windows.poses, windows.pose_3d)
        if self.model.pictured and not pictured.count:
            raise ConfigError(
                "This refiner is to know what pictures show, and its data.detector reads no poses from them."
            )
        self.model.noise.fit(moments, pictured if self.model.pictured else None)

    @torch.no_grad()
    def fit_trust(self, batches: int = 16) -> float:
        """Set and return the trust that makes refined poses best, in the least squares, on validation people."""
        self.eval()
        self.model.trust.fill_(1)
        agreement = size = 0.0
        for step in range(batches):
            windows = self.data_preprocessor({"step": torch.tensor([step])}, training=False)["windows"]
            for lifter in self.lifters:
                lifted = self._lift(windows, lifter)
                change = self.model.refine(windows, lifted) - lifted
                agreement += float((change * (windows.poses - lifted)).sum())
                size += float(change.square().sum())
        self.model.trust.fill_(min(1.0, max(0.0, agreement / max(size, 1e-12))))
        return float(self.model.trust)

    @torch.no_grad()
    def fit_ambiguity(self, batches: int = 32) -> None:
        """Set the covariance of refined poses' errors on validation people whose keypoints are exact."""
        self.eval()
        exact, stage = self.data_preprocessor.capture("val", exact=True), self.data_preprocessor.stages[-1]
        errors = []
        for step in range(batches):
            windows = exact.draw(stage.batch, stage.frames, seed=VALIDATION_SEED + step)
            for lifter in self.lifters:
                refined = self.model.refine(windows, self._lift(windows, lifter))
                errors.append((refined - windows.poses)[:, :, 1:].flatten(2).flatten(0, 1))
        self.model.ambiguity.copy_(torch.cat(errors).double().T.cov())


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
