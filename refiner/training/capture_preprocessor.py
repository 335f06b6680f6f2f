"""The data loader yields numbers; this preprocessor turns each into a batch of windows on the model's device.

So the data lives where the model is, resuming skips steps at no cost, and every rank of a distributed run draws its own
windows: of n ranks, rank r gets the number n s + r in step s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from mmengine.dist import get_world_size
from mmengine.model import BaseDataPreprocessor

from refiner.data.capture import VirtualCapture
from refiner.data.detector_noise import DetectorNoise
from refiner.data.measured_noise import MeasuredNoise
from refiner.data.mocap import Files, read_mocap

VALIDATION_SEED = 0


def step_seed(seed: int, number: int) -> int:
    """What the draws of window batch `number` follow from, in the training with this seed.

    A generator on the CPU knows 32 bits, so that sums and shifts would meet elsewhere: a hash does not, or hardly.
    """
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


@dataclass(frozen=True)
class Stage:
    """From the start or the previous stage's end `until` this step: windows of `frames` frames, `batch` at a time.

    Short windows first: a frame costs the same in a short window as in a long one, and a hundred short windows show
    more people and views than ten long ones.
    """

    until: int
    frames: int
    batch: int


class CapturePreprocessor(BaseDataPreprocessor):
    """{"step": tensor} to {"windows": Windows}, and {"fold": k} where folds are crossed.

    Args:
        mocap: path of the motion-capture file, or of several.
        stages: (until, frames, batch) of each stage.
        strides: smallest and largest temporal downsampling, source frames.
        noise: arguments of `DetectorNoise`, or of `MeasuredNoise`.
        detector: name or path of a measured detector, see `MeasuredNoise`; None for the hand-made noise.
        held_out: of another one, for validation: errors on clips that no training window has the errors of. None: the
            same noise.
        folds: (k, n) trains on fold k of n of the people only; every n-th person is of one fold.
        crossed: n: each step's training windows are of one of n folds, by turns, for lifters that have not seen it.
        seed: of the training windows; validation windows are always the same.
    """

    def __init__(
        self,
        mocap: Files,
        stages: list[tuple[int, int, int]],
        strides: tuple[int, int],
        noise: dict | None = None,
        detector: str | None = None,
        held_out: str | None = None,
        folds: tuple[int, int] | None = None,
        crossed: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.mocap, self.strides, self.seed = mocap, strides, seed
        self.folds, self.crossed = folds, crossed
        self.stages = [Stage(*stage) for stage in stages]
        self.noise = MeasuredNoise.load(detector, **(noise or {})) if detector else DetectorNoise(**(noise or {}))
        self.validation = MeasuredNoise.load(held_out, **(noise or {})) if held_out else self.noise
        self._captures: dict[tuple[str, bool, tuple[int, int] | None], VirtualCapture] = {}

    def forward(self, data: dict, training: bool = False) -> dict:
        number = int(data["step"][0])  # the loader's "batch" is one number
        if training:
            step = number // get_world_size()
            stage = next((stage for stage in self.stages if step < stage.until), self.stages[-1])
            seed = step_seed(self.seed, number)
            if self.crossed:
                fold = step % self.crossed
                return {"windows": self.fold(fold).draw(stage.batch, stage.frames, seed), "fold": fold}
            return {"windows": self.capture("train").draw(stage.batch, stage.frames, seed)}
        last = self.stages[-1]
        return {"windows": self.capture("val").draw(last.batch, last.frames, seed=VALIDATION_SEED + number)}

    def capture(self, split: str, exact: bool = False) -> VirtualCapture:
        """The virtual capture of a split, on the model's device; with a perfect detector if `exact`."""
        return self._capture(split, exact, self.folds if split == "train" else None)

    def fold(self, fold: int) -> VirtualCapture:
        """The virtual capture of one of the crossed folds."""
        return self._capture("train", False, (fold, self.crossed))

    def _capture(self, split: str, exact: bool, folds: tuple[int, int] | None) -> VirtualCapture:
        key = (split, exact, folds)
        if key not in self._captures:
            clips = read_mocap(self.mocap, split, folds)
            noise = self.noise if split == "train" else self.validation
            self._captures[key] = VirtualCapture(clips, self.strides, None if exact else noise, device=self.device)
        return self._captures[key]
