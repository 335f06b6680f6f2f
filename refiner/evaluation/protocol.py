"""The motion-capture protocol: people that no training has seen, through virtual cameras, at run time's own code path.

Every take of at most ten seconds of every test clip is seen by a static virtual camera, once with a perfect detector
("true 2D": noise-free COCO-17 points, converted as at run time) and once with the errors that the bundled detector made
on rendered clips of validation people ("detected 2D", see `refiner.data.measured_noise`). Everything is drawn from
fixed seeds. Sequences are lifted and refined whole, overlapped and blended, with every frame counted once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from estimators.observation import Observation
from refiner.data.cameras import sample_cameras
from refiner.data.capture import VirtualCapture, observe
from refiner.data.coco_points import face_offsets
from refiner.data.measured_noise import MeasuredNoise
from refiner.data.mocap import Clip

TAKE_SECONDS = 10.0
SEED = 20_240_108
HELD_OUT_NOISE = "noise-movenet-val"
MEAN_POSE_WINDOWS = 2048


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
