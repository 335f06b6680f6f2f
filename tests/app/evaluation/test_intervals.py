"""Bootstrap over clips."""

import numpy as np
import pytest

from app.evaluation.intervals import Interval, Resampling, interval


def test_a_mean_weighs_clips_by_what_they_hold_and_its_interval_is_that_of_clips() -> None:
    rng = np.random.default_rng(0)
    means, numbers = rng.normal(100, 10, 60), np.full(60, 50.0)
    found = interval(Resampling(60).mean(means * numbers, numbers))
    assert found.value == pytest.approx(means.mean())
    half = 1.96 * means.std() / np.sqrt(60)  # what the central limit says
    assert found.high - found.value == pytest.approx(half, rel=0.1)
    assert found.value - found.low == pytest.approx(half, rel=0.1)
    uneven = interval(Resampling(2).mean(np.array([10.0, 90.0]), np.array([10.0, 30.0])))
    assert (uneven.value, uneven.low, uneven.high) == (2.5, 1.0, 3.0)


def test_a_difference_on_the_same_draws_is_surer_than_either() -> None:
    rng = np.random.default_rng(1)
    first, draws, ones = rng.normal(100, 10, 30), Resampling(30), np.ones(30)
    second = first - 3 + rng.normal(0, 1, 30)
    less = interval(draws.mean(second, ones) - draws.mean(first, ones))
    assert less.value == pytest.approx((second - first).mean()) and less.high < -2
    assert interval(draws.mean(second, ones)).high > interval(draws.mean(first, ones)).low


def test_auroc_is_the_share_of_pairs_told_apart() -> None:
    rng = np.random.default_rng(2)
    scores = [rng.integers(0, 9, n) / 8 for n in (30, 50, 20)]
    wrong = [one + rng.normal(0, 0.5, len(one)) < 0.4 for one in scores]
    draws = Resampling(3)
    all_scores, all_wrong = np.concatenate(scores), np.concatenate(wrong)
    pairs = all_scores[~all_wrong][:, None] - all_scores[all_wrong][None]
    found = draws.auroc(scores, wrong)
    assert found[0] == pytest.approx((np.sign(pairs) + 1).mean() / 2)
    row = 1 + int(np.flatnonzero((draws.counts[1:] == [2, 0, 1]).all(axis=1))[0])  # a draw of the first twice
    some = [0, 0, 2]
    all_scores, all_wrong = (np.concatenate([one[i] for i in some]) for one in (scores, wrong))
    pairs = all_scores[~all_wrong][:, None] - all_scores[all_wrong][None]
    assert found[row] == pytest.approx((np.sign(pairs) + 1).mean() / 2)


def test_nothing_has_no_interval() -> None:
    nothing = interval(Resampling(2).mean(np.zeros(2), np.zeros(2)))
    assert np.isnan(nothing.value) and nothing.said() == "–"
    assert np.isnan(Resampling(1).auroc([np.ones(3)], [np.zeros(3, bool)])).all()
    assert Interval(1.234, 1.0, 2.0).said(2, "+") == "+1.23 (+1.00 to +2.00)"
    assert interval(Resampling(1).mean(np.array([30.0]), np.array([10.0]))).said() == "3.0"  # one clip says no more
