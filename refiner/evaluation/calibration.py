"""Fits `refiner.uncertainty.Calibration` to errors, and says how much of them its bands cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.stats import t

from estimators import weights
from estimators.lifting import Lifter
from refiner.data.measured_noise import MeasuredNoise
from refiner.data.mocap import Files, read_mocap
from refiner.evaluation.protocol import HELD_OUT_NOISE, takes
from refiner.refiner import Refiner
from refiner.uncertainty import FIELD, Calibration


@dataclass(frozen=True)
class Samples:
    """Errors of refined poses, and what is known of them at run time.

    Attributes:
        errors: (N,17,3) metres.
        doubts: (N,17,2) metres, see `refiner.refiner.Refined`.
        people: (N,) who it is.
        scores: (N,17), or None without a detector.
    """

    errors: np.ndarray
    doubts: np.ndarray
    people: np.ndarray
    scores: np.ndarray | None = None


@dataclass(frozen=True)
class Calibrated:
    """A refiner, the calibration that was fitted for it, and samples (by whose they are) that it is judged by."""

    refiner: Refiner
    calibration: Calibration
    samples: dict[str, Samples]

    @property
    def card_entry(self) -> dict[str, float]:
        """The calibration, rounded, as a card has it."""
        return {name: round(value, 4) for name, value in asdict(self.calibration).items()}

    @property
    def coverage(self) -> dict[str, dict[str, float]]:
        """By samples and band: the share of coordinates within it."""
        return {people: covered(some, self.calibration) for people, some in self.samples.items()}

    def markdown(self) -> str:
        """The numbers, and for each of the samples a line of how much of them the bands cover."""
        lines = [f"{self.refiner.name}: {self.card_entry}"]
        for people, bands in self.coverage.items():
            shares = ", ".join(f"{100 * share:.1f} % within {band}" for band, share in bands.items())
            lines.append(f"  {people}: {shares}")
        return "\n".join(lines)

    def numbers(self) -> dict[str, Any]:
        """Numbers and coverage, ready for JSON."""
        return {FIELD: self.card_entry, "coverage": self.coverage}

    def write_card(self, weights_of: str | None = None) -> None:
        """Write the calibration into the refiner's card.

        Args:
            weights_of: name or path of the refiner's weights; None: the bundled ones of its name.

        Raises:
            WeightsError: there is no such card.
        """
        weights.set_in_card(weights_of or self.refiner.name, **{FIELD: self.card_entry})


def calibrate_simulated(
    mocap: Files, lifter: Lifter, refiner: Refiner, split: str = "test", steps: int = 2, every: int = 1
) -> Calibrated:
    """Fit sigma on the validation people of a motion-capture file; nothing is written.

    Args:
        split: people whose coverage is to be told as well, "val" or "test".
        steps, every: as for `refiner.evaluation.mocap.evaluate`.

    Raises:
        DataError: the file cannot be read.
    """
    splits = dict.fromkeys(("val", split))
    samples = {people: simulated(mocap, lifter, refiner, people, steps, every) for people in splits}
    return Calibrated(refiner, fit(samples["val"]), samples)


def simulated(mocap: Files, lifter: Lifter, refiner: Refiner, split: str, steps: int = 2, every: int = 1) -> Samples:
    """Samples of people seen through the measured detector; arguments as for `protocol.evaluate`."""
    errors, doubts, people = [], [], []
    noise = MeasuredNoise.load(HELD_OUT_NOISE, clean_share=0.0, spread=0.0)
    for take in takes(read_mocap(mocap, split), noise, every):
        lifted = lifter.lift(take.observed)
        refined = refiner.refine(take.observed, lifted, steps)
        errors.append(refined.poses - take.poses)
        doubts.append(refined.doubts)
        people += [take.person] * len(take.poses)
    return Samples(np.concatenate(errors), np.concatenate(doubts), np.array(people))


def together(parts: Sequence[Samples]) -> Samples:
    """Samples of one refiner, of several clips."""
    scores = [part.scores for part in parts if part.scores is not None]
    return Samples(
        np.concatenate([part.errors for part in parts]),
        np.concatenate([part.doubts for part in parts]),
        np.concatenate([part.people for part in parts]),
        np.concatenate(scores) if scores else None,
    )


def fit(samples: Samples, start: Calibration | None = None) -> Calibration:
    """The calibration whose bands cover the samples' coordinates.

    Without scores, `scale` and `disagreement`; with scores, on top of those of `start`, `detected`, `unsure` and
    `lost`; and the tail. By quantile regression (the pinball loss at both bands), which outliers do not pull; then
    scaled to cover the samples exactly, every person counting alike, however long they were filmed: the next one is as
    likely one who boxes or climbs as one who walks.
    """
    begin = start or Calibration()
    names = ("scale", "disagreement") if samples.scores is None else ("detected", "unsure", "lost")
    errors = np.abs(samples.errors[:, 1:])

    def calibration(values: np.ndarray) -> Calibration:
        return replace(begin, **{name: float(abs(value)) for name, value in zip((*names, "tail"), values, strict=True)})

    def loss(values: np.ndarray) -> float:
        tried = calibration(values)
        sigma = _sigma(samples, tried)
        total = 0.0
        for width, share in tried.bands.values():
            left = errors - width * sigma
            pinball = float(np.where(left > 0, share * left, (share - 1) * left).mean())
            total += pinball / (share * (1 - share))  # or the few errors outside the wide band would hardly count
        return total

    first = [1.0] * len(names) + [begin.tail]
    found = minimize(loss, first, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-7}).x
    narrow, wide = (share for _, share in begin.bands.values())
    ratio = errors / np.maximum(_sigma(samples, calibration(found)), 1e-9)
    _, person, frames = np.unique(samples.people, return_inverse=True, return_counts=True)
    weights = np.broadcast_to((1 / frames)[person][:, None, None], ratio.shape).ravel()
    factor, found[-1] = np.quantile(ratio.ravel(), [narrow, wide], weights=weights, method="inverted_cdf")
    found[-1] /= factor
    found[0 : 1 if samples.scores is None else 3] *= factor  # the numbers that multiply every sigma
    return calibration(found)


def _sigma(samples: Samples, calibration: Calibration) -> np.ndarray:
    """(N,16,1) of the joints but the hip."""
    return calibration.sigma(samples.doubts, samples.scores)[:, 1:, None]


def covered(samples: Samples, calibration: Calibration) -> dict[str, float]:
    """Share of coordinates within each band."""
    sigma, errors = _sigma(samples, calibration), np.abs(samples.errors[:, 1:])
    return {name: float((errors <= width * sigma).mean()) for name, (width, _) in calibration.bands.items()}


def coverage_curve(samples: Samples, calibration: Calibration, shares: np.ndarray) -> np.ndarray:
    """(K,) share of coordinates within the bands that should cover (K,) `shares`, each between 0 and 1.

    The bands are those of the Student t distribution that has the calibration's.
    """
    ratio = np.sort((np.abs(samples.errors[:, 1:]) / np.maximum(_sigma(samples, calibration), 1e-9)).ravel())
    return np.searchsorted(ratio, _widths(calibration, shares), side="right") / len(ratio)


def _widths(calibration: Calibration, shares: np.ndarray) -> np.ndarray:
    """Of bands that cover `shares`, in sigmas."""
    (_, narrow), (tail, wide) = calibration.bands.values()

    def ratio(freedom: float) -> float:
        return float(t.ppf((1 + wide) / 2, freedom) / t.ppf((1 + narrow) / 2, freedom))

    few, many = 1.0, 200.0
    freedom = (
        many if tail <= ratio(many) else few if tail >= ratio(few) else brentq(lambda v: ratio(v) - tail, few, many)
    )
    return t.ppf((1 + shares) / 2, freedom) / t.ppf((1 + narrow) / 2, freedom)
