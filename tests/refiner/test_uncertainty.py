"""Sigma: calibrated where it was off, larger where the detector was unsure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from estimators import weights
from refiner.evaluation.calibration import Samples, coverage_curve, covered, fit, together
from refiner.uncertainty import Calibration

TRUE = Calibration(scale=0.4, disagreement=3.0, detected=1.3, unsure=1.7, lost=0.8)


def doubts(joint_std: np.ndarray, disagreement: np.ndarray) -> np.ndarray:
    return np.stack(np.broadcast_arrays(joint_std, disagreement), axis=-1)


def made_up(n: int, scores: bool, seed: int = 0) -> Samples:
    """Gaussian errors of just the spread that `TRUE` says."""
    rng = np.random.default_rng(seed)
    joint_std = np.r_[0.0, rng.uniform(0.03, 0.15, 16)]
    disagreement = rng.gamma(1.0, 0.02, (n, 17)) * (np.arange(17) > 0)
    confidence = rng.uniform(0.1, 1, (n, 17)) if scores else None
    sigma = TRUE.sigma(doubts(joint_std, disagreement), confidence)
    errors = rng.normal(size=(n, 17, 3)) * sigma[..., None]
    return Samples(errors, doubts(joint_std, disagreement), np.zeros(n), confidence)


def test_the_fit_finds_the_spread_and_covers_new_samples() -> None:
    found = fit(made_up(3000, scores=False))
    assert found.scale == pytest.approx(TRUE.scale, rel=0.05)
    assert found.disagreement == pytest.approx(TRUE.disagreement, rel=0.1)
    shares = covered(made_up(3000, scores=False, seed=1), found)
    assert shares["68 %"] == pytest.approx(0.683, abs=0.02) and shares["95 %"] == pytest.approx(0.95, abs=0.02)


def test_the_curve_of_a_right_calibration_is_the_diagonal() -> None:
    shares = np.array([0.1, 0.5, 0.683, 0.95])
    samples = made_up(3000, scores=True)
    assert coverage_curve(samples, TRUE, shares) == pytest.approx(shares, abs=0.01)
    narrow = replace(TRUE, scale=TRUE.scale / 2)
    assert (coverage_curve(samples, narrow, shares) < shares - 0.04).all()


@pytest.mark.slow
def test_a_long_tail_is_found_and_both_bands_hold() -> None:
    rng = np.random.default_rng(2)
    samples = made_up(4000, scores=True)
    sigma = TRUE.sigma(samples.doubts, samples.scores)[..., None]
    errors = rng.standard_t(4, samples.errors.shape) * sigma
    found = fit(replace(samples, errors=errors), Calibration(TRUE.scale, TRUE.disagreement))
    assert found.tail == pytest.approx(2.43, rel=0.05)  # of Student's t with 4 degrees of freedom: 2.776 / 1.142
    shares = np.array([0.1, 0.5, 0.683, 0.8, 0.95, 0.99])
    new = replace(samples, errors=rng.standard_t(4, samples.errors.shape) * sigma)
    assert covered(new, found) == pytest.approx({"68 %": 0.683, "95 %": 0.95}, abs=0.01)
    assert coverage_curve(new, found, shares) == pytest.approx(shares, abs=0.01)


def test_every_person_counts_alike_however_long_they_were_filmed() -> None:
    easy, hard = made_up(4000, scores=False), made_up(400, scores=False, seed=1)
    hard = replace(hard, errors=2 * hard.errors, people=np.ones(400))
    found = fit(together([easy, hard]))
    shares = [covered(person, found)["68 %"] for person in (easy, hard)]
    assert np.mean(shares) == pytest.approx(0.683, abs=0.01) and shares[0] > 0.75


def test_scores_widen_what_is_known_already() -> None:
    halves = [made_up(1500, scores=True), made_up(1500, scores=True)]
    found = fit(together(halves), Calibration(TRUE.scale, TRUE.disagreement))
    assert (found.scale, found.disagreement) == (TRUE.scale, TRUE.disagreement)
    assert found.detected == pytest.approx(TRUE.detected, rel=0.1)
    assert found.unsure == pytest.approx(TRUE.unsure, rel=0.15)


def test_an_unsure_detector_makes_sigma_larger() -> None:
    disagreement = np.full((1, 17), 0.01)
    some = doubts(np.full(17, 0.05), disagreement)
    sure, unsure = (TRUE.sigma(some, np.full((1, 17), score)) for score in (0.9, 0.1))
    assert (unsure > 1.5 * sure).all() and sure.dtype == np.float32
    assert (TRUE.sigma(some) < sure).all()  # no detector: no doubt of its
    assert TRUE.sigma(doubts(np.zeros(17), 0 * disagreement)).max() == 0


def test_a_person_who_is_hard_to_see_widens_sigma_of_every_joint() -> None:
    some = doubts(np.full(17, 0.05), np.full((1, 17), 0.01))
    clear, hard = np.full((1, 17), 0.9), np.full((1, 17), 0.2)
    hard[:, 3] = 0.9  # one joint is as clear as before
    assert TRUE.sigma(some, hard)[0, 3] > 1.2 * TRUE.sigma(some, clear)[0, 3]


def test_a_card_without_numbers_is_not_calibrated() -> None:
    assert Calibration.of({}) == Calibration() == Calibration.of({"uncertainty": None})
    assert Calibration.of({"uncertainty": {"scale": 0.3}}) == Calibration(scale=0.3)


@pytest.mark.parametrize("name", ["refiner-stcformer-81"])
def test_the_bundled_refiners_are_calibrated(name: str) -> None:
    found = Calibration.of(weights.available()[name])
    assert 0.1 < found.scale < 1 and found.disagreement > 1 and found.detected + found.unsure >= 1
