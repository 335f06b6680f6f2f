"""Fits `refiner.uncertainty.Calibration` to errors, and says how much of them its bands cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.stats import norm

from estimators.lifting import Lifter
from refiner.data.measured_noise import MeasuredNoise
from refiner.data.mocap import read_mocap
from refiner.evaluation.protocol import HELD_OUT_NOISE, takes
from refiner.refine import Refiner
from refiner.uncertainty import Calibration

BANDS = {"68 %": (1.0, 0.683), "95 %": (1.96, 0.95)}  # name -> (standard deviations, share of a Gaussian)


@dataclass(frozen=True)
class Samples:
    """Errors of refined poses, and what is known of them at run time.

    Attributes:
        errors: (N,17,3) metres.
        disagreement: (N,17) metres.
        joint_std: (17,) metres.
        scores: (N,17), or None without a detector.
    """

    errors: np.ndarray
    disagreement: np.ndarray
    joint_std: np.ndarray
    scores: np.ndarray | None = None


def simulated(mocap: str, lifter: Lifter, refiner: Refiner, split: str, steps: int = 2, every: int = 1) -> Samples:
    """Samples of people seen through the measured detector; arguments as for `protocol.evaluate`."""
    errors, disagreement = [], []
    noise = MeasuredNoise.load(HELD_OUT_NOISE, clean_share=0.0, spread=0.0)
    for take in takes(read_mocap(mocap, split), noise, every):
        lifted = lifter.lift(take.keypoints, take.image_size, take.fps)
        refined = refiner.refine(take.keypoints, lifted, take.image_size, take.fps, steps, take.scores)
        errors.append(refined.poses - take.poses)
        disagreement.append(refined.disagreement)
    return Samples(np.concatenate(errors), np.concatenate(disagreement), refiner.joint_std)


def together(parts: Sequence[Samples]) -> Samples:
    """Samples of one refiner, of several clips."""
    scores = [part.scores for part in parts if part.scores is not None]
    return Samples(
        np.concatenate([part.errors for part in parts]),
        np.concatenate([part.disagreement for part in parts]),
        parts[0].joint_std,
        np.concatenate(scores) if scores else None,
    )


def fit(samples: Samples, start: Calibration | None = None) -> Calibration:
    """The calibration whose bands cover the samples' coordinates.

    Without scores, `scale` and `disagreement`; with scores, on top of those of `start`, `detected` and `unsure`. By
    quantile regression (the pinball loss at both bands), which outliers do not pull; then all sigmas are scaled so that both
    bands miss their shares by as little as they can: errors have longer tails than a Gaussian, so neither is met exactly.
    """
    begin = start or Calibration()
    names = ("scale", "disagreement") if samples.scores is None else ("detected", "unsure")
    errors = np.abs(samples.errors[:, 1:])

    def calibration(values: np.ndarray) -> Calibration:
        return replace(begin, **{name: float(abs(value)) for name, value in zip(names, values, strict=True)})

    def loss(values: np.ndarray) -> float:
        sigma = calibration(values).sigma(samples.joint_std, samples.disagreement, samples.scores)[:, 1:, None]
        total = 0.0
        for width, share in BANDS.values():
            left = errors - width * sigma
            pinball = float(np.where(left > 0, share * left, (share - 1) * left).mean())
            total += pinball / (share * (1 - share))  # or the few errors outside the wide band would hardly count
        return total

    found = minimize(loss, [1.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-7})
    every = [1, 0] if samples.scores is None else [1, 1]  # which numbers multiply every sigma

    def scaled(factor: float) -> Calibration:
        return calibration(found.x * np.power(factor, every))

    def missed(factor: float) -> float:
        shares = covered(samples, scaled(factor))
        return max(abs(shares[name] - share) for name, (_, share) in BANDS.items())

    return scaled(float(minimize_scalar(missed, bounds=(0.5, 2.0), method="bounded").x))


def covered(samples: Samples, calibration: Calibration) -> dict[str, float]:
    """Share of coordinates within each band."""
    sigma = calibration.sigma(samples.joint_std, samples.disagreement, samples.scores)[:, 1:, None]
    errors = np.abs(samples.errors[:, 1:])
    return {name: float((errors <= width * sigma).mean()) for name, (width, _) in BANDS.items()}


def coverage_curve(samples: Samples, calibration: Calibration, shares: np.ndarray) -> np.ndarray:
    """(K,) share of coordinates within the bands that a Gaussian would fill to (K,) `shares`, each between 0 and 1."""
    sigma = calibration.sigma(samples.joint_std, samples.disagreement, samples.scores)[:, 1:, None]
    ratio = np.sort((np.abs(samples.errors[:, 1:]) / np.maximum(sigma, 1e-9)).ravel())
    return np.searchsorted(ratio, norm.ppf((1 + shares) / 2), side="right") / len(ratio)
