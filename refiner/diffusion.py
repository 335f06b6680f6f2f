"""The diffusion of D3PRefiner (paper III-A, III-C) as pure functions.

Symbols of the paper:
    x0        true pose                          e        error of the noisy pose, y = x0 + e
    y         noisy pose: the lifter's, or drawn  e_hat    the network's estimate of e
    A, B      sqrt(abar_t), sqrt(1 - abar_t)      x_t      the pose at step t, from x_0 (clean) to x_T = y

The forward marginal, formula (8), defines the process: formulas (1)-(3) do not follow from each other when the noise
has a mean. All functions take poses of any shape (B, ...) and integer steps t (B,) or int.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from refiner.steps import STEPS


def alpha_bar(steps: int = STEPS) -> Tensor:
    """abar_0..abar_T (T + 1,) float64 of the cosine schedule with beta capped at 0.999.

    abar_T is set to 0 exactly: otherwise starting at x_T := xhat would shrink every pose by a tenth of a percent.
    """

    def f(u: float) -> float:
        return math.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2

    alphas = [1 - min(1 - f(t / steps) / f((t - 1) / steps), 0.999) for t in range(1, steps + 1)]
    bar = torch.cat([torch.ones(1, dtype=torch.float64), torch.tensor(alphas, dtype=torch.float64).cumprod(0)])
    bar[-1] = 0
    return bar


_ALPHA_BAR = alpha_bar()


def coefficients(t: Tensor | int, like: Tensor) -> tuple[Tensor, Tensor]:
    """A = sqrt(abar_t) and B = sqrt(1 - abar_t), shaped to multiply `like` (B, ...)."""
    bar = _ALPHA_BAR.to(like.device)[torch.as_tensor(t, device=like.device)]
    bar = bar.reshape(-1, *[1] * (like.ndim - 1)) if bar.ndim else bar
    return bar.sqrt().to(like.dtype), (1 - bar).sqrt().to(like.dtype)


def forward_marginal(x0: Tensor, e: Tensor, t: Tensor | int) -> Tensor:
    """(8)  x_t = A x0 + B y = (A + B) x0 + B e."""
    A, B = coefficients(t, x0)
    return (A + B) * x0 + B * e


def error_share(t: Tensor | int, like: Tensor) -> Tensor:
    """w_t = B / (A + B), the share of the error that `network_input` carries: 0 at t = 0, 1/2 at 25, 1 at T_max."""
    A, B = coefficients(t, like)
    return B / (A + B)


def network_input(x_t: Tensor, t: Tensor | int) -> Tensor:
    """x_t / (A + B) = x0 + w_t e: a pose of the right size at every t, as the network sees it."""
    A, B = coefficients(t, x_t)
    return x_t / (A + B)


def predict_clean(x_t: Tensor, e_hat: Tensor, t: Tensor | int) -> Tensor:
    """(9a)  x0_hat = (x_t - B e_hat) / (A + B); A + B lies in [1, sqrt 2]."""
    A, B = coefficients(t, x_t)
    return (x_t - B * e_hat) / (A + B)


def ddim_step(x_t: Tensor, e_hat: Tensor, t: Tensor | int, s: Tensor | int) -> Tensor:
    """(9b)  from step t to an earlier step s: x_s = A_s x0_hat + B_s (x0_hat + e_hat)."""
    return forward_marginal(predict_clean(x_t, e_hat, t), e_hat, s)


def step_sequence(count: int, steps: int = STEPS) -> list[int]:
    """The K + 1 steps that inference visits, evenly spaced from T_max down to 0: K = 2 gives [50, 25, 0]."""
    return [round(steps * (count - k) / count) for k in range(count + 1)]


def refine(estimate: Tensor, error_of: Callable[[Tensor, int], Tensor], count: int = 2) -> Tensor:
    """DDIM inference: start at x_T := xhat and take `count` (K) steps.

    Args:
        estimate: xhat (B, T, 17, 3), the lifter's poses.
        error_of: (network input, t) -> e_hat, in the poses' unit.

    Returns:
        x0_hat, the refined poses. With K = 1 that is xhat - e_1, with K = 2 about the mean of two passes,
        xhat - (0.497 e_1 + 0.503 e_2).
    """
    x_t = estimate
    times = step_sequence(count)
    for t, s in pairwise(times):
        x_t = ddim_step(x_t, error_of(network_input(x_t, t), t), t, s)
    return x_t
