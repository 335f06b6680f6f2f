"""How sure a mean over clips is: 95 % intervals by the bootstrap, whose unit is the clip.

Frames of a clip err together, so clips are drawn, with replacement, and every measure is made anew of those drawn. Two
detectors are compared on the same draws: their difference is much surer than each of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RESAMPLES, SEED = 10_000, 19
_LOW, _HIGH = 2.5, 97.5


@dataclass(frozen=True)
class Interval:
    """A value, and within which bounds 95 % of the resampled ones lie."""

    value: float
    low: float
    high: float

    def said(self, digits: int = 1, sign: str = "") -> str:
        """For tables: "84.4 (70.1 to 99.0)", or "100.0" if no draw differs, as where there is one clip only.

        Args:
            sign: "+" shows that of positive numbers too.
        """
        if not np.isfinite(self.value):
            return "–"
        value, low, high = (f"{one:{sign}.{digits}f}" for one in (self.value, self.low, self.high))
        return value if value == low == high else f"{value} ({low} to {high})"


class Resampling:
    """Draws of K clips; the same for the same K, so that intervals can be made again."""

    def __init__(self, clips: int) -> None:
        self.clips = clips
        rng = np.random.default_rng(SEED)
        drawn = rng.multinomial(clips, np.full(clips, 1 / clips), RESAMPLES) if clips else np.zeros((RESAMPLES, 0))
        # (1 + RESAMPLES, K) how often each clip counts; the first row is all clips once
        self.counts = np.concatenate([np.ones((1, clips)), drawn]).astype(np.float64)

    def mean(self, sums: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """(1 + RESAMPLES,) means over everything in the clips, of (K,) sums over clips and (K,) how many were summed;
        the first is that of all clips; NaN where there is nothing."""
        total, number = self.counts @ sums, self.counts @ numbers
        return np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)

    def auroc(self, scores: list[np.ndarray], wrong: list[np.ndarray]) -> np.ndarray:
        """(1 + RESAMPLES,) how well low scores tell what is wrong, over everything in the clips: the chance that
        of a wrong and a right one the wrong one has the lower score, ties count half.

        Args:
            scores, wrong: (n,) of each clip.
        """
        above = np.zeros((self.clips, self.clips))  # pairs won, by the right ones' clip and the wrong ones'
        right = [np.sort(some[~bad]) for some, bad in zip(scores, wrong, strict=True)]
        poor = [some[bad] for some, bad in zip(scores, wrong, strict=True)]
        for row, good in enumerate(right):
            for column, bad in enumerate(poor):
                lower, upper = (np.searchsorted(good, bad, side).sum() for side in ("left", "right"))
                above[row, column] = len(good) * len(bad) - (lower + upper) / 2
        pairs = (self.counts @ [len(one) for one in right]) * (self.counts @ [len(one) for one in poor])
        won = ((self.counts @ above) * self.counts).sum(axis=1)
        return np.divide(won, pairs, out=np.full(len(won), np.nan), where=pairs > 0)


def interval(values: np.ndarray) -> Interval:
    """Of a value, the first, and its resampled ones."""
    known = values[1:][np.isfinite(values[1:])]
    low, high = np.percentile(known, [_LOW, _HIGH]) if len(known) else (np.nan, np.nan)
    return Interval(float(values[0]), float(low), float(high))
