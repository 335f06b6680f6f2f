"""The motion-capture protocol: people that no training has seen, through virtual cameras, at run time's own code path.

Every take of at most ten seconds of every test clip is seen by a static virtual camera, once with a perfect detector
("true 2D": noise-free COCO-17 points, converted as at run time) and once with the errors that the bundled detector made on
rendered clips of validation people ("detected 2D", see `refiner.data.measured_noise`). Everything is drawn from fixed seeds. Sequences are lifted and refined whole, overlapped and blended, with
every frame counted once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from estimators.lifting import Lifter
from estimators.observation import Observation
from refiner.data.cameras import sample_cameras
from refiner.data.capture import VirtualCapture, observe
from refiner.data.coco_points import face_offsets
from refiner.data.measured_noise import MeasuredNoise
from refiner.data.mocap import Clip, read_mocap
from refiner.evaluation.baselines import SMOOTHERS, linear
from refiner.evaluation.metrics import acceleration_error, mpjpe, p_mpjpe
from refiner.refiner import Refiner

TAKE_SECONDS = 10.0
SEED = 20_240_108
HELD_OUT_NOISE = "noise-movenet-val"
MEAN_POSE_WINDOWS = 2048
HISTOGRAM = np.arange(0, 305, 5)  # mm; the last bin holds what is larger, too


@dataclass(frozen=True)
class Take:
    """A test sequence: what is observed, and the true `poses` (N, 17, 3) metres (camera frame, root-relative)."""

    name: str
    person: str
    activity: str
    observed: Observation
    poses: np.ndarray


@dataclass(frozen=True)
class Row:
    """One line of a table: a method, and its errors in mm (Accel: mm/frame^2 at the takes' frame rate)."""

    method: str
    mpjpe: float
    p_mpjpe: float
    accel: float


def takes(clips: list[Clip], noise: MeasuredNoise | None, every: int = 1) -> Iterator[Take]:
    """Cut clips into takes and observe them; `every` keeps one take in so many."""
    count = 0
    for clip in clips:
        length = round(TAKE_SECONDS * clip.fps)
        for start in range(0, len(clip.joints), length):
            count += 1
            if (count - 1) % every:
                continue
            joints = torch.from_numpy(clip.joints[start : start + length])[None]
            generator = torch.Generator().manual_seed(SEED + count)
            cameras = sample_cameras(joints[:, :, 0], generator)
            offsets = face_offsets(1, 1.0, generator, joints.device)
            fps = torch.tensor([clip.fps])
            seen = observe(joints, cameras, offsets, noise, fps, generator)
            width, height = (int(x) for x in cameras.size[0])
            yield Take(
                f"{clip.name}@{start}",
                clip.subject,
                clip.text,
                Observation.of(seen.keypoints[0].numpy(), seen.scores[0].numpy(), (width, height), clip.fps),
                seen.poses[0].numpy(),
            )


def mean_pose(clips: list[Clip]) -> np.ndarray:
    """(17, 3) metres: the mean training pose, as virtual cameras see it."""
    drawn = VirtualCapture(clips).draw(MEAN_POSE_WINDOWS, 1, seed=SEED)
    return drawn.poses.mean(dim=(0, 1)).numpy()


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
        position, shape, accel = (1000 * f(predicted, target) for f in (mpjpe, p_mpjpe, acceleration_error))
        by_frame = 1000 * np.linalg.norm(predicted - target, axis=-1).mean(axis=-1)
        histogram, _ = np.histogram(np.minimum(by_frame, HISTOGRAM[-1]), HISTOGRAM)
        errors = TakeErrors(take.name, activity_of(take.activity), len(target), position, shape, accel, histogram)
        self.errors.setdefault(method, []).append(errors)

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
    return Row(
        name, *(float(mean([getattr(one, measure) for one in takes])) for measure in ("mpjpe", "p_mpjpe", "accel"))
    )


def evaluate(
    mocap: str,
    pairs: Sequence[tuple[Lifter, Refiner]],
    steps: int = 2,
    every: int = 1,
    split: str = "test",
    on_take: Callable[[str, int], None] | None = None,
    alone: Sequence[Lifter] = (),
    ablate: Sequence[int] = (),
) -> list[dict[str, Tally]]:
    """Errors of each pair for "true 2D" and "detected 2D", on people that no training has seen.

    Args:
        mocap: path of the motion-capture file.
        pairs: lifters, each with a refiner; what several pairs share is computed once.
        steps: K of the refiners.
        every: use one take in so many.
        on_take: called with the condition's name and the number of takes done.
        alone: lifters to measure beside, without a refiner.
        ablate: other K to measure with the first pair, without guidance; if there are any, guidance is also measured without refiner.
    """
    centre = mean_pose(read_mocap(mocap, "train"))
    clips = read_mocap(mocap, split)
    tables: list[dict[str, Tally]] = [{} for _ in pairs]
    for condition, noise in {
        "true 2D": None,
        "detected 2D": MeasuredNoise.load(HELD_OUT_NOISE, clean_share=0.0, spread=0.0),
    }.items():
        tallies = [Tally() for _ in pairs]
        for done, take in enumerate(takes(clips, noise, every), start=1):
            made = Predictions(take)
            for number, ((lifter, refiner), tally) in enumerate(zip(pairs, tallies, strict=True)):
                methods = {
                    "mean pose": np.broadcast_to(centre, take.poses.shape),
                    **{other.name: made.lifted(other) for other in alone if other.name != lifter.name},
                    **made.smoothed(lifter),
                    **made.refined(lifter, refiner, steps, () if number else ablate),
                }
                for method, poses in methods.items():
                    tally.add(method, poses, take)
            if on_take:
                on_take(condition, done)
        for table, tally in zip(tables, tallies, strict=True):
            table[condition] = tally
    return tables


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
            poses[f"+ refiner, K={count}, no guidance"] = refined
        unguided = poses[f"+ refiner, K={steps}, no guidance"]
        return {**poses, f"+ refiner, K={steps}": refiner.guide(observed, unguided)}
