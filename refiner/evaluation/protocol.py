"""The motion-capture protocol: people that no training has seen, through virtual cameras, at run time's own code path.

Every take of at most ten seconds of every test clip is seen by a static virtual camera, once with a perfect detector
("true 2D": noise-free COCO-17 points, converted as at run time) and once with the errors that the bundled detector made on
rendered clips of validation people ("detected 2D", see `refiner.data.measured_noise`). Everything is drawn from fixed seeds. Sequences are lifted and refined whole, overlapped and blended, with
every frame counted once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from estimators.lifting import Lifter
from estimators.observation import Observation
from refiner.data.cameras import sample_cameras
from refiner.data.capture import VirtualCapture, observe
from refiner.data.coco_points import face_offsets
from refiner.data.measured_noise import MeasuredNoise
from refiner.data.mocap import Clip
from refiner.evaluation.baselines import SMOOTHERS, linear
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
