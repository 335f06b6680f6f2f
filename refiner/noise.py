"""The conditional noisy-pose distribution, CND (paper III-B).

x0 is the true pose, xhat the lifter's, e = xhat - x0 its error, c = [x2d ; xhat] what is known at test time. Per frame,
[c ; e] is taken as jointly Gaussian:

    (4)  y = x0 + e
    (5)  mu_{e|c} = mu_e + S_ec S_cc^-1 (c - mu_c)
    (6)  S_{e|c}  = S_ee - S_ec S_cc^-1 S_ce            independent of c

A noisy pose is drawn as y = x0 + mu_{e|c} + L n with L L^T = S_{e|c}. The root is zero by definition and left out:
34 + 48 + 48 = 130 dimensions. `xhat - mu_{e|c}` alone is a linear refiner, the baseline that a network has to beat.

Where the picture itself gives a pose z (not in the paper), c = [x2d ; xhat ; z] in the same formulas; in frames without
one, c is the paper's.
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
    """Streaming first and second moments of [c ; e], and the error's lag-1 correlation, in float64.

    Args:
        pictured: c = [x2d ; xhat ; z], of the frames that have a z.
    """

    def __init__(self, pictured: bool = False) -> None:
        size = CONDITION + ERROR + pictured * ERROR
        self.count = 0
        self.sum = torch.zeros(size, dtype=torch.float64)
        self.outer = torch.zeros(size, size, dtype=torch.float64)
        self.lag_pairs = 0
        self.lag_product = torch.zeros(ERROR, dtype=torch.float64)
        self.pictured = pictured

    def add(self, x2d: Tensor, xhat: Tensor, x0: Tensor, z: Tensor | None = None) -> None:
        """Add windows: x2d (B, T, 17, 2) normalised, xhat, x0 and z (B, T, 17, 3) metres, z 0 where there is none."""
        e = _rows(xhat - x0).double().cpu()
        self.lag_pairs += e.shape[0] * (e.shape[1] - 1)
        self.lag_product += (e[:, 1:] * e[:, :-1]).sum((0, 1))
        rows = torch.cat([condition(x2d, xhat, z if self.pictured else None).double().cpu(), e], dim=-1).flatten(0, 1)
        if self.pictured:
            assert z is not None
            rows = rows[present(z).flatten().cpu()]
        self.count += len(rows)
        self.sum += rows.sum(0)
        self.outer += rows.T @ rows


class Conditional(nn.Module):
    """How e depends on a condition c of so many dimensions, fitted."""

    c_mean: Tensor
    gain: Tensor  # S_ec S_cc^-1
    cholesky: Tensor  # L

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("c_mean", torch.zeros(size))
        self.register_buffer("gain", torch.zeros(ERROR, size))
        self.register_buffer("cholesky", torch.zeros(ERROR, ERROR))

    def fit(self, moments: Moments) -> None:
        """Formulas (5) and (6), in float64 on standardised dimensions."""
        mean, std = moments.sum / moments.count, _std(moments)
        C = len(self.c_mean)
        S = (moments.outer / moments.count - mean[:, None] * mean[None, :]) / (std[:, None] * std[None, :])
        S_cc, S_ec, S_ee = S[:C, :C], S[C:, :C], S[C:, C:]
        S_cc = S_cc + SHRINKAGE * S_cc.trace() / C * torch.eye(C, dtype=S.dtype)
        gain = torch.cholesky_solve(S_ec.T, torch.linalg.cholesky(S_cc)).T
        conditional = S_ee - gain @ S_ec.T
        values, vectors = torch.linalg.eigh((conditional + conditional.T) / 2)
        conditional = (vectors * values.clamp_min(FLOOR)) @ vectors.T
        self.c_mean.copy_(mean[:C])
        self.gain.copy_(std[C:, None] * gain / std[None, :C])
        self.cholesky.copy_(std[C:, None] * torch.linalg.cholesky(conditional))

    def shift(self, c: Tensor) -> Tensor:
        """mu_{e|c} - mu_e, (..., 48)."""
        return (c - self.c_mean) @ self.gain.T


class ConditionalNoise(Conditional):
    """CND, fitted: all statistics are buffers, so they travel with the weights.

    Args:
        pictured: e is also known given what the picture shows.
    """

    e_mean: Tensor
    e_std: Tensor
    correlation: Tensor  # of e in neighbouring frames

    def __init__(self, pictured: bool = False) -> None:
        super().__init__(CONDITION)
        self.register_buffer("e_mean", torch.zeros(ERROR))
        self.register_buffer("e_std", torch.ones(ERROR))
        self.register_buffer("correlation", torch.zeros(()))
        self.picture = PictureConditional() if pictured else None

    def fit(self, moments: Moments, pictured: Moments | None = None) -> None:
        """Set all statistics.

        Args:
            pictured: moments with z, of a noise that is to know it.
        """
        super().fit(moments)
        e_mean, e_std = (moments.sum / moments.count)[CONDITION:], _std(moments)[CONDITION:]
        lag = moments.lag_product / moments.lag_pairs - e_mean**2
        self.e_mean.copy_(e_mean)
        self.e_std.copy_(e_std)
        self.correlation.copy_((lag / e_std**2).mean().clamp(0, 0.999))
        if self.picture is not None:
            assert pictured is not None
            self.picture.fit(pictured)

    def expected_error(self, x2d: Tensor, xhat: Tensor, z: Tensor | None = None) -> Tensor:
        """(5)  mu_{e|c} (B, T, 17, 3) metres, root 0; z (B, T, 17, 3) is 0 in frames without."""
        expected = self.e_mean + self.shift(condition(x2d, xhat))
        if self.picture is not None and z is not None:
            known = self.picture.e_mean + self.picture.shift(condition(x2d, xhat, z))
            expected = torch.where(present(z)[..., None], known, expected)
        return _joints(expected)

    def sample(
        self,
        x2d: Tensor,
        xhat: Tensor,
        law: str,
        generator: torch.Generator | None = None,
        z: Tensor | None = None,
    ) -> Tensor:
        """Draw e = mu_{e|c} + L n (B, T, 17, 3) metres, root 0.

        Args:
            law: how n depends on time. "white" as in the paper; "shared" one n for the window; "ar1" with the
                correlation of neighbouring frames measured in the real error.
            z: as for `expected_error`.
        """
        B, T = xhat.shape[:2]
        n = torch.randn(B, 1 if law == "shared" else T, ERROR, generator=generator, device=xhat.device)
        if law == "ar1":
            n = ar1(n, self.correlation.expand(B))
        elif law not in ("white", "shared"):
            raise ValueError(f"unknown law {law!r}")
        spread = n @ self.cholesky.T
        if self.picture is not None and z is not None:
            spread = torch.where(present(z)[..., None], n @ self.picture.cholesky.T, spread)
        return self.expected_error(x2d, xhat, z) + _joints(spread)

    def normalise(self, e: Tensor) -> Tensor:
        """The error (B, T, 17, 3) metres in its standard deviations from its mean, per coordinate; root 0."""
        return _joints((_rows(e) - self.e_mean) / self.e_std)

    def denormalise(self, e_norm: Tensor) -> Tensor:
        """The inverse of `normalise`."""
        return _joints(_rows(e_norm) * self.e_std + self.e_mean)

    def joint_std(self, pictured: bool = False) -> Tensor:
        """(17,) metres: standard deviation of each joint's error, given the condition; with z if it is `pictured`."""
        known = self.picture if pictured and self.picture is not None else self
        variance = known.cholesky.square().sum(1).view(JOINTS - 1, 3).sum(1)
        return torch.cat([variance.new_zeros(1), variance.sqrt()])


class PictureConditional(Conditional):
    """The same where there is a z: of these frames, the error's mean is another."""

    e_mean: Tensor

    def __init__(self) -> None:
        super().__init__(CONDITION + ERROR)
        self.register_buffer("e_mean", torch.zeros(ERROR))

    def fit(self, moments: Moments) -> None:
        super().fit(moments)
        self.e_mean.copy_((moments.sum / moments.count)[-ERROR:])


def condition(x2d: Tensor, xhat: Tensor, z: Tensor | None = None) -> Tensor:
    """c = [x2d ; xhat], (B, T, 82), from x2d (B, T, 17, 2) and xhat (B, T, 17, 3); [x2d ; xhat ; z], (B, T, 130), with
    z (B, T, 17, 3)."""
    parts = [x2d.flatten(-2), _rows(xhat), *([] if z is None else [_rows(z)])]
    return torch.cat(parts, dim=-1)


def present(z: Tensor) -> Tensor:
    """(B, T) bool: the frames of z (B, T, 17, 3) in which the picture gives a pose."""
    return z.flatten(-2).any(dim=-1)


def _std(moments: Moments) -> Tensor:
    mean = moments.sum / moments.count
    return (moments.outer.diagonal() / moments.count - mean**2).clamp_min(0).sqrt().clamp_min(1e-9)


def _rows(poses: Tensor) -> Tensor:
    """(..., 17, 3) to (..., 48): without the root."""
    return poses[..., 1:, :].flatten(-2)


def _joints(rows: Tensor) -> Tensor:
    """(..., 48) to (..., 17, 3): root 0."""
    poses = rows.unflatten(-1, (JOINTS - 1, 3))
    return torch.cat([torch.zeros_like(poses[..., :1, :]), poses], dim=-2)
