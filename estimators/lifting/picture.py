"""The pose that a detector has read from the picture itself, as a lifter: no network, nothing of what 2D joints tell.

BlazePose's world landmarks tremble, are of nobody's size, and are missing in frames in which it saw nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d

from estimators.detection.networks import READ_3D
from estimators.errors import ConfigError
from estimators.lifting.lifter import Lifter, Progress
from estimators.lifting.names import PICTURE
from estimators.neutral import at_ease, bone_lengths
from estimators.observation import Observation
from estimators.skeleton import H36M17

SMOOTH_S = 0.05  # sigma of the Gaussian over time: one and a half frames of thirty a second
_KINDS = ("knee", "foot", "elbow", "wrist")  # where the bones end whose lengths tell the size: the long and stiff ones
_LIMBS = [joint for joint, name in enumerate(H36M17.joints) if name.endswith(_KINDS)]


class PictureLifter:
    """Gives `Observation.pose_3d` as lifted poses: of an average person's size, smoothed, and without gaps."""

    name = PICTURE

    def description(self) -> dict[str, Any]:
        """Its name, for the record in a Motion; its weights are the detector's."""
        return {"name": self.name, "frames": 1, "sha256": None}

    def lift(self, observed: Observation, flip: bool = True, on_progress: Progress | None = None) -> np.ndarray:
        """The poses of a sequence.

        Frames without a pose lie on the line between those with one. The size is one for the whole sequence. Where the
        picture gives no pose at all, somebody of average size stands upright and faces the camera.

        Args:
            observed: of N >= 1 frames, Human3.6M-17, no NaN but in `pose_3d`.
            flip: means nothing here.

        Returns:
            (N, 17, 3) float32 metres, camera space (x right, y down, z forward), root-relative.

        Raises:
            DataError: no frame, or one without keypoints. ConfigError: the detector reads no poses from pictures.
        """
        observed.check_whole()
        if observed.pose_3d is None:
            raise none_read()
        known = np.flatnonzero(observed.present_3d)
        poses = _without_gaps(observed.pose_3d, known) if len(known) else _standing(len(observed))
        sigma = SMOOTH_S * float(observed.fps)
        poses = gaussian_filter1d(poses * size_factor(poses), sigma, axis=0, mode="nearest")
        if on_progress:
            on_progress(1, 1)
        return (poses - poses[:, :1]).astype(np.float32)


def check_detector(lifter: str, detector: str) -> None:
    """Whether a detector, by its name, gives a lifter, by its name, what it needs: before a video is gone through.

    Raises:
        ConfigError: it does not.
    """
    if lifter == PICTURE and detector not in READ_3D:
        raise none_read()


def none_read() -> ConfigError:
    """What is to be said where the detector reads no poses from pictures."""
    return ConfigError(
        f"The lifter {PICTURE!r} hands on poses that a detector reads from pictures, and this detector reads none; use "
        f"another lifter, or one of the detectors {', '.join(READ_3D)}."
    )


def load_lifter(name_or_path: str, device: str | torch.device = "cpu") -> Lifter | PictureLifter:
    """Any lifter: a bundled one by name, any by the path of its safetensors file, or `PictureLifter` by its name.

    Raises:
        WeightsError: not there, damaged, or not a lifter. ConfigError: there is no such device.
    """
    return PictureLifter() if name_or_path == PICTURE else Lifter.load(name_or_path, device)


def size_factor(poses: np.ndarray) -> float:
    """By what poses (N,17,3) are to be multiplied so that their limbs are as long as an average person's: the median
    over the frames, in which one bone makes up for another."""
    return float(_size_factors(torch.from_numpy(poses)[None], torch.ones(1, len(poses), dtype=torch.bool)))


def of_average_size(poses: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    """Windows (B,T,17,3) of poses whose size means nothing, in metres and of an average person's size, see
    `size_factor`, each window by the frames (B,T) bool in which there is a pose; 0 in the others."""
    return torch.where(there[..., None, None], poses * _size_factors(poses, there)[:, None, None, None], 0.0)


def _size_factors(poses: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    """(B,) `size_factor` of windows (B,T,17,3), by the frames (B,T) bool in which there is a pose."""
    parents = [H36M17.parents[joint] for joint in _LIMBS]
    limbs = (poses[:, :, _LIMBS] - poses[:, :, parents]).norm(dim=-1).sum(dim=-1)
    median = torch.where(there, limbs, torch.nan).nanquantile(0.5, dim=1).nan_to_num(1.0).clamp_min(1e-3)
    return float(bone_lengths()[_LIMBS].sum()) / median


def _without_gaps(poses: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(N,17,3) float64: frames that are not among (K,) `known`, K > 0, lie on the line between their neighbours."""
    frames, flat = np.arange(len(poses)), poses[known].reshape(len(known), -1).astype(np.float64)
    filled = np.stack([np.interp(frames, known, values) for values in flat.T], axis=1)
    return filled.reshape(poses.shape)


def _standing(count: int) -> np.ndarray:
    """(count,17,3): an average person at ease."""
    return np.repeat(at_ease()[None], count, axis=0)
