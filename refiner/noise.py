"""The conditional noisy-pose distribution, CND (paper III-B).

x0 is the true pose, xhat the lifter's, e = xhat - x0 its error, c = [x2d ; xhat] what is known at test time. Per frame,
z = [c ; e] is taken as jointly Gaussian:

    (4)  y = x0 + e
    (5)  mu_{e|c} = mu_e + S_ec S_cc^-1 (c - mu_c)
    (6)  S_{e|c}  = S_ee - S_ec S_cc^-1 S_ce            independent of c

A noisy pose is drawn as y = x0 + mu_{e|c} + L z with L L^T = S_{e|c}. The root is zero by definition and left out:
34 + 48 + 48 = 130 dimensions. `xhat - mu_{e|c}` alone is a linear refiner, the baseline that a network has to beat.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from refiner.data.detector_noise import ar1

JOINTS = 17
CONDITION, ERROR = 2 * JOINTS + 3 * (JOINTS - 1), 3 * (JOINTS - 1)  # 82, 48
SHRINKAGE = 1e-4  # of S_cc towards its mean variance: COCO-made joints are linear in each other, so S_cc is singular
FLOOR = 1e-8  # of the eigenvalues of S_{e|c}


class Moments:
    """Streaming first and second moments of z = [c ; e], and the error's lag-1 correlation, in float64."""

    def __init__(self) -> None:
        size = CONDITION + ERROR
        self.count = 0
        self.sum = torch.zeros(size, dtype=torch.float64)
        self.outer = torch.zeros(size, size, dtype=torch.float64)
        self.lag_pairs = 0
        self.lag_product = torch.zeros(ERROR, dtype=torch.float64)

    def add(self, x2d: Tensor, xhat: Tensor, x0: Tensor) -> None:
        """Add windows: x2d (B, T, 17, 2) normalised, xhat and x0 (B, T, 17, 3) metres."""
        e = _rows(xhat - x0).double().cpu()
        z = torch.cat([condition(x2d, xhat).double().cpu(), e], dim=-1)
        self.lag_pairs += e.shape[0] * (e.shape[1] - 1)
        self.lag_product += (e[:, 1:] * e[:, :-1]).sum((0, 1))
        z = z.flatten(0, 1)
        self.count += len(z)
        self.sum += z.sum(0)
        self.outer += z.T @ z


class ConditionalNoise(nn.Module):
    """CND, fitted: all statistics are buffers, so they travel with the weights."""

    c_mean: Tensor
    gain: Tensor  # S_ec S_cc^-1
    e_mean: Tensor
    e_std: Tensor
    cholesky: Tensor  # L
    correlation: Tensor  # of e in neighbouring frames

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("c_mean", torch.zeros(CONDITION))
        self.register_buffer("gain", torch.zeros(ERROR, CONDITION))
        self.register_buffer("e_mean", torch.zeros(ERROR))
        self.register_buffer("e_std", torch.ones(ERROR))
        self.register_buffer("cholesky", torch.zeros(ERROR, ERROR))
        self.register_buffer("correlation", torch.zeros(()))

    def fit(self, moments: Moments) -> None:
        """Set all statistics from moments, formulas (5) and (6), in float64 on standardised dimensions."""
        mean = moments.sum / moments.count
        covariance = moments.outer / moments.count - mean[:, None] * mean[None, :]
        std = covariance.diagonal().clamp_min(0).sqrt().clamp_min(1e-9)
        S = covariance / (std[:, None] * std[None, :])
        S_cc, S_ec, S_ee = S[:CONDITION, :CONDITION], S[CONDITION:, :CONDITION], S[CONDITION:, CONDITION:]
        S_cc = S_cc + SHRINKAGE * S_cc.trace() / CONDITION * torch.eye(CONDITION, dtype=S.dtype)
        gain = torch.cholesky_solve(S_ec.T, torch.linalg.cholesky(S_cc)).T
        conditional = S_ee - gain @ S_ec.T
        values, vectors = torch.linalg.eigh((conditional + conditional.T) / 2)
        conditional = (vectors * values.clamp_min(FLOOR)) @ vectors.T
        c_std, e_std = std[:CONDITION], std[CONDITION:]
        e_mean = mean[CONDITION:]
        lag = moments.lag_product / moments.lag_pairs - e_mean**2
        for name, value in {
            "c_mean": mean[:CONDITION],
            "gain": e_std[:, None] * gain / c_std[None, :],
            "e_mean": e_mean,
            "e_std": e_std,
            "cholesky": e_std[:, None] * torch.linalg.cholesky(conditional),
            "correlation": (lag / e_std**2).mean().clamp(0, 0.999),
        }.items():
            getattr(self, name).copy_(value)

    def expected_error(self, x2d: Tensor, xhat: Tensor) -> Tensor:
        """(5)  mu_{e|c} (B, T, 17, 3) metres, root 0."""
        return _joints(self.e_mean + (condition(x2d, xhat) - self.c_mean) @ self.gain.T)

    def sample(self, x2d: Tensor, xhat: Tensor, law: str, generator: torch.Generator | None = None) -> Tensor:
        """Draw e = mu_{e|c} + L z (B, T, 17, 3) metres, root 0.

        Args:
            law: how z depends on time. "white" as in the paper; "shared" one z for the window; "ar1" with the
                correlation of neighbouring frames measured in the real error.
        """
        B, T = xhat.shape[:2]
        z = torch.randn(B, 1 if law == "shared" else T, ERROR, generator=generator, device=xhat.device)
        if law == "ar1":
            z = ar1(z, self.correlation.expand(B))
        elif law not in ("white", "shared"):
            raise ValueError(f"unknown law {law!r}")
        return self.expected_error(x2d, xhat) + _joints(z @ self.cholesky.T)

    def normalise(self, e: Tensor) -> Tensor:
        """The error (B, T, 17, 3) metres in its standard deviations from its mean, per coordinate; root 0."""
        return _joints((_rows(e) - self.e_mean) / self.e_std)

    def denormalise(self, e_norm: Tensor) -> Tensor:
        """The inverse of `normalise`."""
        return _joints(_rows(e_norm) * self.e_std + self.e_mean)

    def joint_std(self) -> Tensor:
        """(17,) metres: standard deviation of each joint's error, given the condition."""
        variance = self.cholesky.square().sum(1).view(JOINTS - 1, 3).sum(1)
        return torch.cat([variance.new_zeros(1), variance.sqrt()])


def condition(x2d: Tensor, xhat: Tensor) -> Tensor:
    """c = [x2d ; xhat], (B, T, 82), from x2d (B, T, 17, 2) and xhat (B, T, 17, 3)."""
    return torch.cat([x2d.flatten(-2), _rows(xhat)], dim=-1)


def _rows(poses: Tensor) -> Tensor:
    """(..., 17, 3) to (..., 48): without the root."""
    return poses[..., 1:, :].flatten(-2)


def _joints(rows: Tensor) -> Tensor:
    """(..., 48) to (..., 17, 3): root 0."""
    poses = rows.unflatten(-1, (JOINTS - 1, 3))
    return torch.cat([torch.zeros_like(poses[..., :1, :]), poses], dim=-2)
