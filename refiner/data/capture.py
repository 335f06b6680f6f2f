"""Virtual capture: windows of motion seen by virtual cameras through a noisy detector, whole batches at a time.

All of it is a pure function of a step number, vectorised in torch: it runs on the device of the data, a resumed
training continues with the very windows it would have seen, and no worker processes are needed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from estimators.lifting.normalise import person_size
from estimators.lifting.picture import of_average_size
from estimators.observation import ObservedWindows
from refiner.data.bodies import mirror_some, vary_bodies
from refiner.data.cameras import Cameras, sample_cameras
from refiner.data.coco_points import coco_points, face_offsets, to_h36m
from refiner.data.detector_noise import DetectorNoise
from refiner.data.measured_noise import MeasuredNoise
from refiner.data.mocap import Clip


@dataclass(frozen=True)
class Windows(ObservedWindows):
    """A batch of windows as a detector reports them at run time, with the truth.

    Attributes:
        scores: (B, T, 17) how sure the detector is of the keypoints; 1 where that is not known.
        poses: (B, T, 17, 3) metres, camera frame, root-relative: the truth.
    """

    scores: Tensor
    poses: Tensor = field(kw_only=True)


def observe(
    joints: Tensor,
    cameras: Cameras,
    offsets: Tensor,
    noise: DetectorNoise | MeasuredNoise | None,
    fps: Tensor,
    generator: torch.Generator,
) -> Windows:
    """What a detector reports of joints (B, T, 17, 3) (metres, world frame), and the truth beside it.

    Args:
        offsets: (B, 5, 3) face offsets, see `coco_points`.
        noise: None for a perfect detector, whose COCO-17 points become Human3.6M-17 as at run time; a hand-made one
            errs in the former, a measured one has been measured in the latter.
        fps: (B,) frames per second.
    """
    seen = cameras.transform(joints)
    points = cameras.project(coco_points(seen, offsets))  # (B, T, 17, 2) pixels
    if isinstance(noise, DetectorNoise):
        points = noise(points, person_size(points), fps, generator)
    keypoints, poses = to_h36m(points), seen - seen[:, :, :1]
    scores = keypoints.new_ones(keypoints.shape[:-1])
    pose_3d = pose_3d_scores = None
    if isinstance(noise, MeasuredNoise):
        found = noise(cameras.project(seen), poses, fps, generator)
        keypoints = torch.where(found.clean[:, None, None, None], keypoints, found.keypoints)
        scores = torch.where(found.clean[:, None, None], scores, found.scores)
        if found.pose_3d is not None and found.pose_3d_scores is not None:
            pose_3d_scores = found.pose_3d_scores
            pose_3d = of_average_size(found.pose_3d, pose_3d_scores.any(dim=-1))
    return Windows(keypoints, scores, cameras.size, pose_3d, pose_3d_scores, poses=poses)


class VirtualCapture:
    """Draws training windows from motion-capture clips.

    Args:
        clips: all of one frame rate.
        strides: smallest and largest temporal downsampling (TDS) of a window, in source frames.
        noise: the detector's error.
        studio: share of studio-like cameras.
    """

    def __init__(
        self,
        clips: list[Clip],
        strides: tuple[int, int] = (1, 1),
        noise: DetectorNoise | MeasuredNoise | None = None,
        studio: float = 0.5,
        device: torch.device | str = "cpu",
    ) -> None:
        self.joints = torch.from_numpy(np.concatenate([clip.joints for clip in clips])).to(device)
        self.lengths = torch.tensor([len(clip.joints) for clip in clips], device=device)
        self.starts = self.lengths.cumsum(0) - self.lengths
        self.chances = _by_activity(clips).to(device)
        self.fps = clips[0].fps
        self.strides, self.noise, self.studio = strides, noise, studio

    def draw(self, count: int, frames: int, seed: int) -> Windows:
        """`count` windows of `frames` frames; the same `seed` gives the same windows."""
        device = self.joints.device
        generator = torch.Generator(device=device).manual_seed(seed)
        stride = torch.randint(self.strides[0], self.strides[1] + 1, (count,), generator=generator, device=device)
        joints = self._motion(count, frames, stride, generator)
        joints = mirror_some(joints, torch.rand(count, generator=generator, device=device) < 0.5)
        joints = vary_bodies(joints, generator)
        cameras = sample_cameras(joints[:, :, 0], generator, self.studio)
        offsets = face_offsets(count, 1.0, generator, device)
        return observe(joints, cameras, offsets, self.noise, self.fps / stride, generator)

    def _motion(self, count: int, frames: int, stride: Tensor, generator: torch.Generator) -> Tensor:
        """(count, frames, 17, 3) metres: clips by activity, a random start, edges replicated in clips too short."""
        device = self.joints.device
        clip = torch.multinomial(self.chances, count, replacement=True, generator=generator)
        length = self.lengths[clip]
        slack = (length - (frames - 1) * stride).clamp_min(1)
        start = (torch.rand(count, generator=generator, device=device) * slack).long()
        index = start[:, None] + stride[:, None] * torch.arange(frames, device=device)
        index = torch.minimum(index, length[:, None] - 1) + self.starts[clip][:, None]
        return self.joints[index]


def _by_activity(clips: list[Clip]) -> Tensor:
    """Chance of each clip: an activity counts by the square root of its duration, or idling would drown dance."""
    total: Counter[str] = Counter()
    for clip in clips:
        total[clip.text] += len(clip.joints)
    chances = torch.tensor([len(clip.joints) * total[clip.text] ** -0.5 for clip in clips])
    return chances / chances.sum()
