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

from estimators.errors import DataError
from estimators.pinhole import along_rays, rays_of
from estimators.skeleton import H36M17, Skeleton, coco_to_h36m, mirror
from estimators.stretches import runs

if TYPE_CHECKING:
    from torch import Tensor


_FARTHEST = 10**6  # pixels from the picture's corner: what is farther is none, and its square no number
REACH = 10.0  # metres that a joint may be from the root: beyond it, the unit is not metres
_SUREST = 10.0  # heads that classify places may give somewhat more than 1; percent they never give


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
        pose_3d: (N, 17, 3) float32 metres, Human3.6M-17, relative to the hip: a pose that the picture itself gives, in
            camera axes, or, while `focal` is None, in those of a camera that looks straight at the hip; NaN in frames
            without. None if nobody gives any.
        pose_3d_scores: (N, 17) float32, how sure that pose is, 0 to 1; 0 in frames without. None with `pose_3d`.
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

        Raises:
            DataError: a shape or a value that cannot be.
        """
        keypoints = _numbers("Keypoints", keypoints, (17, 2))
        there = np.isfinite(keypoints).all(axis=(1, 2))
        sure = np.ones(keypoints.shape[:2], np.float32) if scores is None else _numbers("Scores", scores, (17,))
        if len(sure) != len(keypoints):
            raise DataError(f"There are keypoints of {len(keypoints)} frames, but scores of {len(sure)}.")
        if not ((sure[there] >= 0) & (sure[there] <= _SUREST)).all():
            raise DataError("Scores are confidences from 0 to 1; these are others.")
        if np.abs(keypoints[there]).max(initial=0) > _FARTHEST:
            raise DataError(f"Keypoints are pixels; these lie more than {_FARTHEST} pixels from the picture.")
        _check_camera(image_size, fps, focal)
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

    def check_whole(self) -> None:
        """Networks take a stretch of frames without a gap, see `runs`.

        Raises:
            DataError: there is no frame, or one in which keypoints or scores are missing.
        """
        whole = np.isfinite(self.keypoints).all(axis=(1, 2)) & np.isfinite(self.scores).all(axis=1)
        if not len(self):
            raise DataError("There is no frame to lift or refine.")
        if not whole.all():
            missing = int(np.flatnonzero(~whole)[0])
            raise DataError(f"Frame {missing} has no keypoints; take one of `runs()` at a time.")

    @property
    def present_3d(self) -> np.ndarray:
        """(N,) bool: the frames in which the picture itself gives a pose."""
        if self.pose_3d is None:
            return np.zeros(len(self), bool)
        found: np.ndarray = np.isfinite(self.pose_3d).all(axis=(1, 2))
        return found

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

    def seen_by(self, focal: float) -> Observation:
        """The same with the focal length of its camera, pixels, which was not known: `pose_3d` in the camera's axes."""
        seen = replace(self, focal=focal)
        if self.pose_3d is None:
            return seen
        hips = self.to_h36m().keypoints[:, 0]
        poses = along_rays(self.pose_3d, rays_of(hips, self.image_size, focal)).astype(np.float32)
        return replace(seen, pose_3d=poses)

    def to_h36m(self) -> Observation:
        """The same with Human3.6M-17 joints."""
        if self.skeleton == H36M17:
            return self
        keypoints, scores = coco_to_h36m(self.keypoints, self.scores)
        return replace(self, keypoints=keypoints, scores=scores, skeleton=H36M17)


def _numbers(what: str, values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """An array (N, *shape) of floating-point numbers.

    Raises:
        DataError: it is none.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of several lengths
        raise DataError(f"{what} must be numbers of shape (N, {', '.join(map(str, shape))}).") from error
    if array.dtype.kind not in "fiu" or array.ndim != 1 + len(shape) or array.shape[1:] != shape:
        wanted = ", ".join(map(str, ("N", *shape)))
        raise DataError(f"{what} must be numbers of shape ({wanted}), not {array.dtype} of shape {array.shape}.")
    return array if array.dtype.kind == "f" else array.astype(np.float32)


def _check_camera(image_size: Any, fps: Any, focal: Any) -> None:
    try:
        sides = [float(side + 0) for side in image_size]  # no text
        positive = [*sides, float(fps + 0), *([] if focal is None else [float(focal + 0)])]
    except (TypeError, ValueError) as error:
        raise DataError("Image size, frame rate and focal length must be numbers.") from error
    if len(sides) != 2 or not all(0 < value < float("inf") for value in positive):
        raise DataError(
            "Image size (width, height), frame rate and focal length must be positive, "
            f"not {image_size}, {fps} and {focal}."
        )


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
        pose_3d: (B, T, 17, 3) metres, camera axes, relative to the hip: a pose that the picture itself gives, see
            `estimators.lifting.picture.of_average_size`; 0 in frames without. None: nobody gives any.
        pose_3d_scores: (B, T, 17) how sure that pose is, 0 in frames without. None with `pose_3d`.
    """

    keypoints: Tensor
    scores: Tensor | None
    image_size: Tensor
    pose_3d: Tensor | None = None
    pose_3d_scores: Tensor | None = None

    def mirrored(self) -> ObservedWindows:
        """The mirror image: x to width - x, left and right swapped."""
        order = list(H36M17.flip_order)
        return ObservedWindows(
            mirror(self.keypoints, width=self.image_size[:, 0, None, None]),
            None if self.scores is None else self.scores[:, :, order],
            self.image_size,
            None if self.pose_3d is None else mirror(self.pose_3d),
            None if self.pose_3d_scores is None else self.pose_3d_scores[:, :, order],
        )
