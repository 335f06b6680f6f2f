"""The motion-capture protocol: people that no training has seen, through virtual cameras, at run time's own code path.

Every take of at most ten seconds of every test clip is seen by a static virtual camera, once with a perfect detector
("true 2D": noise-free COCO-17 points, converted as at run time) and once with the errors that the bundled detector made on
rendered clips of validation people ("detected 2D", see `refiner.data.measured_noise`). Everything is drawn from fixed seeds. Sequences are lifted and refined whole, overlapped and blended, with
every frame counted once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from scipy.signal import savgol_filter

from estimators.lifting import Lifter
from refiner.data.cameras import sample_cameras
from refiner.data.capture import VirtualCapture, observe
from refiner.data.coco_points import face_offsets
from refiner.data.measured_noise import MeasuredNoise
from refiner.data.mocap import Clip, read_mocap
from refiner.evaluation.metrics import acceleration_error, mpjpe, p_mpjpe
from refiner.refine import Refiner

TAKE_SECONDS = 10.0
SEED = 20_240_108
HELD_OUT_NOISE = "noise-movenet-val"
MEAN_POSE_WINDOWS = 2048


@dataclass(frozen=True)
class Take:
    """A test sequence: `keypoints` (N, 17, 2) px, `scores` (N, 17), `poses` (N, 17, 3) metres (camera frame, root-relative)."""

    name: str
    activity: str
    keypoints: np.ndarray
    scores: np.ndarray
    poses: np.ndarray
    image_size: tuple[int, int]
    fps: float


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
                clip.text,
                seen.keypoints[0].numpy(),
                seen.scores[0].numpy(),
                seen.poses[0].numpy(),
                (width, height),
                clip.fps,
            )


def mean_pose(clips: list[Clip]) -> np.ndarray:
    """(17, 3) metres: the mean training pose, as virtual cameras see it."""
    drawn = VirtualCapture(clips).draw(MEAN_POSE_WINDOWS, 1, seed=SEED)
    return drawn.poses.mean(dim=(0, 1)).numpy()


Method = Callable[[Take, np.ndarray], np.ndarray]


def baselines(refiner: Refiner) -> dict[str, Method]:
    """What may follow a lifter instead of a refiner: takes a `Take` and the lifted poses (N, 17, 3), gives poses."""

    def linear(take: Take, lifted: np.ndarray) -> np.ndarray:
        points = torch.from_numpy(take.keypoints)[None]
        size = torch.tensor([take.image_size], dtype=torch.float32)
        with torch.inference_mode():
            return refiner.model.refine_linear(points, size, torch.from_numpy(lifted)[None])[0].numpy()

    def savgol(take: Take, lifted: np.ndarray) -> np.ndarray:
        window = min(15, (len(lifted) - 1) // 2 * 2 + 1)
        return savgol_filter(lifted, window, 2, axis=0) if window > 2 else lifted

    def gaussian(take: Take, lifted: np.ndarray) -> np.ndarray:
        return gaussian_filter1d(lifted, sigma=3, axis=0)

    return {
        "+ Savitzky-Golay": savgol,
        "+ Gaussian": gaussian,
        "+ linear CND": linear,
    }


class Tally:
    """Frame-weighted means of the errors, per method."""

    def __init__(self) -> None:
        self._sums: dict[str, np.ndarray] = {}
        self._frames: dict[str, int] = {}

    def add(self, method: str, predicted: np.ndarray, target: np.ndarray) -> None:
        """Count a take's poses (N, 17, 3) metres; takes of fewer than three frames have no acceleration."""
        if len(target) < 3:
            return
        errors = [f(predicted, target) for f in (mpjpe, p_mpjpe, acceleration_error)]
        self._sums[method] = self._sums.get(method, np.zeros(3)) + 1000 * len(target) * np.array(errors)
        self._frames[method] = self._frames.get(method, 0) + len(target)

    def rows(self) -> list[Row]:
        """One row a method, in the order of first mention."""
        return [Row(name, *(total / self._frames[name])) for name, total in self._sums.items()]


def evaluate(
    mocap: str,
    lifter: Lifter,
    refiner: Refiner,
    steps: int = 2,
    every: int = 1,
    split: str = "test",
    on_take: Callable[[str, int], None] | None = None,
) -> dict[str, list[Row]]:
    """Rows for "true 2D" and "detected 2D", on people that no training has seen.

    Args:
        mocap: path of the motion-capture file.
        steps: K of the refiner.
        every: use one take in so many.
        on_take: called with the condition's name and the number of takes done.
    """
    centre = mean_pose(read_mocap(mocap, "train"))
    clips = read_mocap(mocap, split)
    tables = {}
    for condition, noise in {
        "true 2D": None,
        "detected 2D": MeasuredNoise.load(HELD_OUT_NOISE, clean_share=0.0, spread=0.0),
    }.items():
        tally = Tally()
        for done, take in enumerate(takes(clips, noise, every), start=1):
            lifted = lifter.lift(take.keypoints, take.image_size, take.fps)
            tally.add("mean pose", np.broadcast_to(centre, take.poses.shape), take.poses)
            tally.add(lifter.name, lifted, take.poses)
            for name, method in baselines(refiner).items():
                tally.add(name, method(take, lifted), take.poses)
            refined = refiner.refine(
                take.keypoints, lifted, take.image_size, take.fps, steps, take.scores, guided=False
            ).poses
            tally.add(f"+ refiner, K={steps}, no guidance", refined, take.poses)
            guided = refiner.guide(refined, take.keypoints, take.image_size, take.fps, take.scores)
            tally.add(f"+ refiner, K={steps}", guided, take.poses)
            if on_take:
                on_take(condition, done)
        tables[condition] = tally.rows()
    return tables
