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
from refiner.data.mocap import read_mocap
from refiner.evaluation import tables
from refiner.evaluation.protocol import HELD_OUT_NOISE, Predictions, mean_pose, takes
from refiner.evaluation.tally import Row, Tally
from refiner.refiner import Refiner


@dataclass(frozen=True)
class PairAccuracy:
    """A lifter with a refiner, measured: a Tally for each condition, and the name of the method that is the refiner's."""

    lifter: Lifter
    refiner: Refiner
    conditions: dict[str, Tally]
    refined: str

    @property
    def name(self) -> str:
        """Of the pair."""
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
        """Write the numbers into the model cards: the lifter's, and the refiner's if it is the one made for this lifter.

        Args:
            folder: where the weights lie; None: where those of their names are found, see `estimators.weights`.

        Raises:
            WeightsError: there are no such cards.
        """
        for model, method in ((self.lifter, self.lifter.name), (self.refiner, self.refined)):
            if model is self.lifter or self.refiner.card["lifter"] == self.lifter.name:
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
    mocap: str,
    pairs: Sequence[tuple[Lifter, Refiner]],
    steps: int = 2,
    every: int = 1,
    split: str = "test",
    on_take: Callable[[str, int], None] | None = None,
    alone: Sequence[Lifter] = (),
    ablate: Sequence[int] = (),
) -> list[PairAccuracy]:
    """Errors of each pair for "true 2D" and "detected 2D", on people that no training has seen.

    Args:
        mocap: path of the motion-capture file.
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
    conditions: list[dict[str, Tally]] = [{} for _ in pairs]
    for condition, noise in {
        "true 2D": None,
        "detected 2D": MeasuredNoise.load(HELD_OUT_NOISE, clean_share=0.0, spread=0.0),
    }.items():
        tallies = [Tally() for _ in pairs]
        for done, take in enumerate(takes(clips, noise, every), start=1):
            seen = Predictions(take)
            for number, ((lifter, refiner), tally) in enumerate(zip(pairs, tallies, strict=True)):
                methods = {
                    "mean pose": np.broadcast_to(centre, take.poses.shape),
                    **{other.name: seen.lifted(other) for other in alone if other.name != lifter.name},
                    **seen.smoothed(lifter),
                    **seen.refined(lifter, refiner, steps, () if number else ablate),
                }
                for method, poses in methods.items():
                    tally.add(method, poses, take)
            if on_take:
                on_take(condition, done)
        for table, tally in zip(conditions, tallies, strict=True):
            table[condition] = tally
    return [PairAccuracy(*pair, table, refined_by(steps)) for pair, table in zip(pairs, conditions, strict=True)]


def refined_by(steps: int) -> str:
    """What the refiner with this K is called in tables."""
    return f"+ refiner, K={steps}"
