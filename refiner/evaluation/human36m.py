"""The protocol of Human3.6M: S9 and S11, errors averaged over the frames of an action, then over fifteen actions.

Every number is given twice. "each frame once" lifts and refines sequences whole, as the app does: windows overlap and
blend. "official" is what MixSTE's published evaluation counts: windows side by side from frame 0, the last one made of
the last T frames, whose overlap counts twice; nothing blends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from estimators.lifting import Lifter
from estimators.lifting.lifter import BATCH
from estimators.observation import ObservedWindows
from refiner.data.human36m import Recording
from refiner.evaluation.metrics import POSITION
from refiner.evaluation.mocap import refined_by
from refiner.evaluation.tables import table as markdown_table
from refiner.refiner import Refiner

WAYS = ("each frame once", "official")


@dataclass(frozen=True)
class ActionTable:
    """Errors in mm by method, way of counting, measure and action; `average` is the plain mean over actions."""

    errors: dict[str, dict[str, dict[str, dict[str, float]]]]

    def average(self, method: str, way: str, measure: str) -> float:
        """Mean over the actions, each counting alike."""
        return float(np.mean(list(self.errors[method][way][measure].values())))

    def markdown(self) -> str:
        """The tables of every way of counting and every measure, each with a title."""
        return "\n\n".join(
            f"{measure.name} {measure.unit}, {way}\n\n{self.table(way, measure.name)}"
            for way in WAYS
            for measure in POSITION
        )

    def table(self, way: str, measure: str) -> str:
        """A row a method, a column an action, the average at the end."""
        methods = list(self.errors)
        actions = list(self.errors[methods[0]][way][measure])
        rows = []
        for method in methods:
            values = [*self.errors[method][way][measure].values(), self.average(method, way, measure)]
            rows.append([method, *(f"{value:.1f}" for value in values)])
        return markdown_table(["method", *actions, "average"], rows)


def evaluate_human36m(
    sequences: Iterable[Recording],
    lifter: Lifter,
    refiner: Refiner | None,
    steps: int = 2,
    on_sequence: Callable[[int], None] | None = None,
) -> ActionTable:
    """Lift and refine sequences, both ways.

    Args:
        refiner: None leaves its rows out.
        on_sequence: called with the number of sequences done.
    """
    tally = _Tally()
    for done, sequence in enumerate(sequences, start=1):
        target = sequence.poses - sequence.poses[:, :1]
        lifted = lifter.lift(sequence.observed)
        tally.add(lifter.name, WAYS[0], sequence.action, lifted, target)
        if refiner:
            refined = refiner.refine(sequence.observed, lifted, steps, guided=sequence.exact).poses
            tally.add(refined_by(steps), WAYS[0], sequence.action, refined, target)
        for frames, found in _officially(sequence, lifter, refiner, steps):
            for method, poses in found.items():
                tally.add(method, WAYS[1], sequence.action, poses, target[frames])
        if on_sequence:
            on_sequence(done)
    return tally.table()


def official_windows(length: int, frames: int, stride: int = 1) -> Iterator[np.ndarray]:
    """Frame indices (T,) of each window; within a phase of every `stride`-th frame they lie side by side.

    A phase shorter than T is one window, edges replicated (and counted as often as they are repeated).
    """
    for phase in range(min(stride, length)):
        indices = np.arange(phase, length, stride)
        if len(indices) <= frames:
            yield indices[np.clip(np.arange(frames) - (frames - len(indices)) // 2, 0, len(indices) - 1)]
            continue
        for start, end in pairwise([*range(0, len(indices), frames), len(indices)]):
            yield indices[start:end] if end - start == frames else indices[-frames:]


def _officially(
    sequence: Recording, lifter: Lifter, refiner: Refiner | None, steps: int
) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """(frames, poses by method) of batches of windows, nothing blended."""
    windows = list(official_windows(len(sequence.poses), lifter.frames, lifter.stride(float(sequence.observed.fps))))
    for first in range(0, len(windows), BATCH):
        frames = np.stack(windows[first : first + BATCH])
        points = torch.from_numpy(sequence.observed.keypoints[frames]).float().to(lifter.device)
        size = torch.tensor([sequence.observed.image_size] * len(frames), dtype=torch.float32, device=lifter.device)
        observed = ObservedWindows(points, None, size)
        lifted = lifter.lift_windows(observed)
        found = {lifter.name: lifted.cpu().numpy()}
        if refiner and refiner.frames == lifter.frames:
            refined = refiner.refine_windows(observed, lifted, steps)[..., :3]
            found[refined_by(steps)] = refined.cpu().numpy()
        yield frames, found


class _Tally:
    """Sums of errors times frames, by method, way, action."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str, str], np.ndarray] = {}

    def add(self, method: str, way: str, action: str, predicted: np.ndarray, target: np.ndarray) -> None:
        frames = predicted[..., 0, 0].size
        measured = np.array([*(measure.error(predicted, target) for measure in POSITION), 1.0]) * frames
        key = (method, way, action)
        self._sums[key] = self._sums.get(key, np.zeros(len(measured))) + measured

    def table(self) -> ActionTable:
        errors: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
        for (method, way, action), sums in sorted(self._sums.items(), key=lambda item: item[0][2]):
            by_measure = errors.setdefault(method, {}).setdefault(way, {})
            for measure, total in zip(POSITION, sums, strict=False):
                by_measure.setdefault(measure.name, {})[action] = 1000 * float(total / sums[-1])
        return ActionTable(errors)
