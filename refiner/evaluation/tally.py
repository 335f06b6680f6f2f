"""The errors of every method on every take, and their means: over all frames, by activity, as a histogram."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

import numpy as np

from refiner.evaluation.metrics import MEASURES
from refiner.evaluation.protocol import Take

HISTOGRAM = np.arange(0, 305, 5)  # mm; the last bin holds what is larger, too


@dataclass(frozen=True)
class Row:
    """One line of a table: a method, and its errors in mm (Accel: mm/frame^2 at the takes' frame rate)."""

    method: str
    mpjpe: float
    p_mpjpe: float
    accel: float


@dataclass(frozen=True)
class TakeErrors:
    """One method on one take: mean errors in mm (Accel in mm/frame^2), and how many frames err by how much."""

    take: str
    activity: str
    frames: int
    mpjpe: float
    p_mpjpe: float
    accel: float
    histogram: np.ndarray  # of the frames' MPJPE, by HISTOGRAM


class Tally:
    """The errors of every method on every take."""

    def __init__(self) -> None:
        self.errors: dict[str, list[TakeErrors]] = {}

    def add(self, method: str, predicted: np.ndarray, take: Take) -> None:
        """Count a take's poses (N, 17, 3) metres; takes of fewer than three frames have no acceleration."""
        target = take.poses
        if len(target) < 3:
            return
        by_frame = 1000 * np.linalg.norm(predicted - target, axis=-1).mean(axis=-1)
        histogram, _ = np.histogram(np.minimum(by_frame, HISTOGRAM[-1]), HISTOGRAM)
        errors = {measure.field: measure.in_mm(predicted, target) for measure in MEASURES}
        one = TakeErrors(take.name, activity_of(take.activity), len(target), **errors, histogram=histogram)
        self.errors.setdefault(method, []).append(one)

    def rows(self) -> list[Row]:
        """One row a method, in the order of first mention: means over the frames."""
        return [_row(method, takes) for method, takes in self.errors.items()]

    def by_activity(self, method: str) -> dict[str, Row]:
        """One row an activity, the most frequent one first."""
        groups: dict[str, list[TakeErrors]] = {}
        for one in self.errors[method]:
            groups.setdefault(one.activity, []).append(one)
        frequent = sorted(groups.items(), key=lambda group: -sum(one.frames for one in group[1]))
        return {activity: _row(activity, takes) for activity, takes in frequent}

    def histogram(self, method: str) -> np.ndarray:
        """(K,) share of the frames in each bin of `HISTOGRAM`."""
        counts = np.sum([one.histogram for one in self.errors[method]], axis=0)
        return counts / counts.sum()

    def worse(self, method: str, before: str) -> float:
        """Share of the takes whose MPJPE is larger with `method` than with `before`."""
        pairs = zip(self.errors[method], self.errors[before], strict=True)
        return float(np.mean([after.mpjpe > first.mpjpe for after, first in pairs]))


def activity_of(text: str) -> str:
    """The first words of a clip's description: "dance - pirouette, jete" is a dance."""
    return re.split(r" - |,|/", text)[0].strip()


def _row(name: str, takes: list[TakeErrors]) -> Row:
    frames = [one.frames for one in takes]
    mean = partial(np.average, weights=frames)
    return Row(name, *(float(mean([getattr(one, measure.field) for one in takes])) for measure in MEASURES))
