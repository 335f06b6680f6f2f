"""What may follow a lifter instead of a refiner: classical smoothers, and the conditional noise's linear estimate.

The smoothers' settings are those that give STCFormer's poses of the validation people, seen by the detector, the
smallest MPJPE; the One-Euro filter, whose MPJPE is the smaller the less it does, those that also halve Accel.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from scipy.signal import savgol_filter

from estimators.observation import Observation, ObservedWindows
from refiner.refiner import Refiner

Smoother = Callable[[np.ndarray, float], np.ndarray]
"""Takes poses (N, 17, 3) metres and their frame rate, gives poses."""


def savitzky_golay(poses: np.ndarray, fps: float, seconds: float = 0.3, order: int = 2) -> np.ndarray:
    """A polynomial fitted around every frame."""
    window = min(round(seconds * fps) // 2 * 2 + 1, (len(poses) - 1) // 2 * 2 + 1)
    return savgol_filter(poses, window, order, axis=0) if window > order else poses


def gaussian(poses: np.ndarray, fps: float, seconds: float = 0.06) -> np.ndarray:
    """A mean over neighbouring frames, weighted by a Gaussian of this standard deviation."""
    return gaussian_filter1d(poses, sigma=seconds * fps, axis=0)


def one_euro(poses: np.ndarray, fps: float, min_cutoff: float = 8.0, beta: float = 4.0) -> np.ndarray:
    """A low-pass whose cut-off follows the speed; it looks back only (Casiez, Roussel, Vogel: 1 € Filter, CHI 2012).

    Args:
        min_cutoff: Hz, at rest.
        beta: what a speed of 1 m/s adds, Hz.
    """
    smooth = poses.astype(np.float64).copy()
    speed = np.zeros_like(smooth[0])
    for i in range(1, len(smooth)):
        speed += _share(1.0, fps) * ((poses[i] - poses[i - 1]) * fps - speed)
        smooth[i] = smooth[i - 1] + _share(min_cutoff + beta * np.abs(speed), fps) * (poses[i] - smooth[i - 1])
    return smooth.astype(poses.dtype)


def _share(cutoff: float | np.ndarray, fps: float) -> float | np.ndarray:
    """Of the new value in the output of a first-order low-pass."""
    return 1 / (1 + fps / (2 * np.pi * cutoff))


SMOOTHERS: dict[str, Smoother] = {
    "+ Savitzky-Golay": savitzky_golay,
    "+ One-Euro": one_euro,
    "+ Gaussian": gaussian,
}


def linear(refiner: Refiner, observed: Observation, lifted: np.ndarray) -> np.ndarray:
    """Lifted poses (N, 17, 3) metres less the error to be expected of them, formula (5) of the paper: no network."""
    size = torch.tensor([observed.image_size], dtype=torch.float32)
    windows = ObservedWindows(torch.from_numpy(observed.keypoints)[None], None, size)
    with torch.inference_mode():
        return refiner.model.refine_linear(windows, torch.from_numpy(lifted)[None])[0].numpy()
