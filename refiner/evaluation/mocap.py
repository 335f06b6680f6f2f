"""Accuracy on the test people of a motion-capture file, by the protocol of `refiner.evaluation.protocol`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from estimators import weights
from estimators.lifting import Lifter
from refiner.data.measured_noise import MeasuredNoise
from refiner.data.mocap import Files, read_mocap
from refiner.evaluation import tables
from refiner.evaluation.baselines import SMOOTHERS, linear
from refiner.evaluation.protocol import HELD_OUT_NOISE, Take, mean_pose, takes
from refiner.evaluation.tally import Row, Tally
from refiner.refiner import Refiner


@dataclass(frozen=True)
class PairAccuracy:
    """A lifter with a refiner, measured: a Tally for each condition; `refined` names the refiner's method in it."""

    lifter: Lifter
    refiner: Refiner
    conditions: dict[str, Tally]
    refined: str

    @property
    def name(self) -> str:
        """The lifter's and the refiner's name, as tables show them."""
        return f"{self.lifter.name} and {self.refiner.name}"

    def row(self, condition: str, method: str) -> Row:
        """A method's errors."""
        return next(row for row in self.conditions[condition].rows() if row.method == method)

    def numbers(self) -> dict[str, Any]:
        """Everything measured, ready for JSON."""
        return {
            "lifter": self.lifter.description(),
            "refiner": self.refiner.description(),
            "conditions": {condition: self._condition(tally) for condition, tally in self.conditions.items()},
        }

    def markdown(self) -> str:
        """A row a method, the measures of each condition beside each other."""
        return tables.markdown(self.conditions)

    def write_cards(self, folder: Path | None = None) -> None:
        """Write the numbers into the model cards: the lifter's, and the refiner's if it was made for this lifter.

        Args:
            folder: where the weights lie; None: where those of their names are found, see `estimators.weights`.

        Raises:
            WeightsError: there are no such cards.
        """
        for model, method in ((self.lifter, self.lifter.name), (self.refiner, self.refined)):
            if model is self.lifter or self.lifter.name in self.refiner.lifters:
                path = folder / f"{model.name}.safetensors" if folder else model.name
                weights.set_in_card(path, metrics=tables.card_metrics(self.conditions, method))

    def _condition(self, tally: Tally) -> dict[str, Any]:
        both = (self.lifter.name, self.refined)
        return {
            "methods": [asdict(row) for row in tally.rows()],
            "by_activity": {method: list(map(asdict, tally.by_activity(method).values())) for method in both},
            "takes_made_worse": tally.worse(self.refined, self.lifter.name),
        }


def evaluate(
    mocap: Files,
    pairs: Sequence[tuple[Lifter, Refiner]],
    steps: int = 2,
    every: int = 1,
    split: str = "test",
    on_take: Callable[[str, int], None] | None = None,
    alone: Sequence[Lifter] = (),
    ablate: Sequence[int] = (),
) -> list[PairAccuracy]:
    """Errors of each pair for "true 2D" and "detected 2D", on people that no training has made.

    Args:
        mocap: path of the motion-capture file, or of several.
        pairs: lifters, each with a refiner; what several pairs share is computed once.
        steps: K of the refiners.
        every: use one take in so many.
        on_take: called with the condition's name and the number of takes done.
        alone: lifters to measure beside, without a refiner.
        ablate: other K to measure with the first pair, without guidance; if there are any, guidance is also measured
            without refiner.

    Raises:
        DataError: the file cannot be read. ConfigError: K out of range.
    """
    centre = mean_pose(read_mocap(mocap, "train"))
    clips = read_mocap(mocap, split)
    noises = {"true 2D": None, "detected 2D": MeasuredNoise.load(HELD_OUT_NOISE, clean_share=0.0, spread=0.0)}
    conditions: list[dict[str, Tally]] = [{name: Tally() for name in noises} for _ in pairs]
    for condition, noise in noises.items():
        for done, take in enumerate(takes(clips, noise, every), start=1):
            made = Predictions(take)
            for number, (lifter, refiner) in enumerate(pairs):
                methods = {
                    "mean pose": np.broadcast_to(centre, take.poses.shape),
                    **{other.name: made.lifted(other) for other in alone if other.name != lifter.name},
                    **made.smoothed(lifter),
                    **made.refined(lifter, refiner, steps, () if number else ablate),
                }
                for method, poses in methods.items():
                    conditions[number][condition].add(method, poses, take)
            if on_take:
                on_take(condition, done)
    return [PairAccuracy(*pair, table, refined_by(steps)) for pair, table in zip(pairs, conditions, strict=True)]


class Predictions:
    """A take, and what each method makes of it: poses (N, 17, 3) metres by the method's name."""

    def __init__(self, take: Take) -> None:
        self.take = take
        self._smoothed: dict[Lifter, dict[str, np.ndarray]] = {}

    def lifted(self, lifter: Lifter) -> np.ndarray:
        """The lifter's poses."""
        return self.smoothed(lifter)[lifter.name]

    def smoothed(self, lifter: Lifter) -> dict[str, np.ndarray]:
        """The lifter's poses, as they are and smoothed."""
        if lifter not in self._smoothed:
            take = self.take
            poses = lifter.lift(take.observed)
            smooth = {name: smoother(poses, float(take.observed.fps)) for name, smoother in SMOOTHERS.items()}
            self._smoothed[lifter] = {lifter.name: poses, **smooth}
        return self._smoothed[lifter]

    def refined(self, lifter: Lifter, refiner: Refiner, steps: int, ablate: Sequence[int]) -> dict[str, np.ndarray]:
        """What the refiner and its parts make of the lifter's poses; for `steps` and `ablate` see `evaluate`."""
        observed, lifted = self.take.observed, self.lifted(lifter)
        poses = {"+ linear CND": linear(refiner, observed, lifted)}
        if ablate:
            poses["+ guidance alone"] = refiner.guide(observed, lifted)
        for count in sorted({*ablate, steps}):
            refined = refiner.refine(observed, lifted, count, guided=False).poses
            poses[f"{refined_by(count)}, no guidance"] = refined
        unguided = poses[f"{refined_by(steps)}, no guidance"]
        return {**poses, refined_by(steps): refiner.guide(observed, unguided)}


def refined_by(steps: int) -> str:
    """What the refiner with this K is called in tables."""
    return f"+ refiner, K={steps}"
