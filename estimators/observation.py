"""What is seen of one person in a video: the one object that detectors give, lifters and refiners take.

`Observation` is made of NumPy arrays over the N frames of a sequence; `ObservedWindows` is its torch twin, a batch of B
windows of T frames each, as networks see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from estimators.skeleton import H36M17, Skeleton, coco_to_h36m, mirror
from estimators.stretches import runs

if TYPE_CHECKING:
    from torch import Tensor


class Provenance(IntEnum):
    """Where a frame's pose comes from."""

    MISSING = 0  # the person is not seen; coordinates are NaN
    INTERPOLATED = 1  # between two detections: a short gap, or not looked at
    DETECTED = 2


@dataclass(frozen=True)
class Observation:
    """One person over N frames, as the picture shows them.

    Attributes:
        keypoints: (N, 17, 2) float32 pixels (x right, y down, origin at the top-left corner); NaN where missing.
        scores: (N, 17) float32 confidences from 0 to 1; 0 where missing.
        provenance: (N,) uint8 values of `Provenance`.
        image_size: (width, height) pixels.
        fps: frames per second.
        focal: focal length of the camera, pixels; None if it is not known.
        skeleton: the order of the joints.
        scored: False where nobody has said how sure the keypoints are; their scores are 1 then.
        believed: (N, 17) bool, the joints that the picture shows, see `estimators.belief`; None: all.
        pose_3d: (N, 17, 3) metres, camera axes, relative to the hip: a pose that the picture itself gives; None
            without.
        pose_3d_scores: (N, 17) how sure that pose is, 0 to 1; None without.
        id: stable over a clip, from 0 in order of first appearance.
        every: frames from one look of the detector to the next; those between are interpolated.
        looked: (N,) bool, the frames that the detector has looked at; None: all.
        cuts: frames that begin a new shot, rising; nothing is interpolated across them.
    """

    keypoints: np.ndarray
    scores: np.ndarray
    provenance: np.ndarray
    image_size: tuple[int, int]
    fps: Fraction | float
    focal: float | None = None
    skeleton: Skeleton = H36M17
    scored: bool = True
    believed: np.ndarray | None = None
    pose_3d: np.ndarray | None = None
    pose_3d_scores: np.ndarray | None = None
    id: int = 0
    every: int = 1
    looked: np.ndarray | None = None
    cuts: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        keypoints: np.ndarray,
        scores: np.ndarray | None,
        image_size: tuple[int, int],
        fps: Fraction | float,
        focal: float | None = None,
    ) -> Observation:
        """Keypoints from anywhere; a frame whose keypoints are not all finite is missing.

        Args:
            keypoints: (N, 17, 2) pixels, Human3.6M-17, see `estimators.skeleton.coco_to_h36m` for COCO-17.
            scores: (N, 17) confidences from 0 to 1, or None if nobody has said them.
            image_size: (width, height) pixels.
            fps: frames per second.
            focal: focal length of the camera, pixels, if it is known.
        """
        there = np.isfinite(keypoints).all(axis=(1, 2))
        sure = np.ones(keypoints.shape[:2], np.float32) if scores is None else scores
        provenance = np.where(there, Provenance.DETECTED, Provenance.MISSING).astype(np.uint8)
        return cls(keypoints, sure, provenance, image_size, fps, focal, scored=scores is not None)

    def __len__(self) -> int:
        """N, the number of frames."""
        return len(self.provenance)

    @property
    def present(self) -> np.ndarray:
        """(N,) bool: the frames in which there is a pose."""
        return self.provenance != Provenance.MISSING

    @property
    def weights(self) -> np.ndarray:
        """(N, 17) how much each keypoint counts: its score, 0 where it is not believed."""
        return self.scores if self.believed is None else np.where(self.believed, self.scores, np.float32(0))

    def runs(self) -> list[slice]:
        """The stretches of frames without a gap or a cut in which there is a pose."""
        return runs(self.present, self.cuts)

    def part(self, frames: slice) -> Observation:
        """Some of the frames, as if there were no others."""
        cuts = tuple(cut - frames.start for cut in self.cuts if frames.start < cut < frames.stop)
        return replace(self, **{name: array[frames] for name, array in self.arrays().items()}, cuts=cuts)

    def arrays(self) -> dict[str, Any]:
        """What has a row a frame, by the name of the field."""
        values: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}

    def to_h36m(self) -> Observation:
        """The same with Human3.6M-17 joints."""
        if self.skeleton is H36M17:
            return self
        keypoints, scores = coco_to_h36m(self.keypoints, self.scores)
        return replace(self, keypoints=keypoints, scores=scores, skeleton=H36M17)


def joined(shots: Sequence[Observation]) -> Observation:
    """One observation of several of the same person, one after the other, each of which begins a new shot."""
    whole = {name: np.concatenate([shot.arrays()[name] for shot in shots]) for name in shots[0].arrays()}
    starts = np.cumsum([len(shot) for shot in shots])[:-1]
    return replace(shots[0], **whole, cuts=tuple(int(start) for start in starts))


@dataclass(frozen=True)
class ObservedWindows:
    """The torch twin of `Observation`: B windows of T frames.

    Attributes:
        keypoints: (B, T, 17, 2) pixels, Human3.6M-17, no NaN.
        scores: (B, T, 17) confidences from 0 to 1; None where keypoints are known exactly.
        image_size: (B, 2) width and height, pixels.
    """

    keypoints: Tensor
    scores: Tensor | None
    image_size: Tensor

    def mirrored(self) -> ObservedWindows:
        """The mirror image: x to width - x, left and right swapped."""
        keypoints = mirror(self.keypoints, width=self.image_size[:, 0, None, None])
        scores = None if self.scores is None else self.scores[:, :, list(H36M17.flip_order)]
        return ObservedWindows(keypoints, scores, self.image_size)
