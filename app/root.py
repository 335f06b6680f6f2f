"""Where the person is: the root's trajectory in camera space, from 2D keypoints and root-relative 3D poses.

A single view cannot tell focal length from distance: a camera has to be assumed. With a pinhole of focal length f, the
joint at root + p is seen at u = f (root_x + p_x) / (root_z + p_z) + c_x, which is linear in the root:

    f root_x - (u - c_x) root_z = (u - c_x) p_z - f p_x        and the same for v and y

Each frame gives 34 such equations for 3 unknowns. A wrong focal length stretches the depth in proportion and leaves
the fit to the picture nearly unchanged.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

# A field of view of 45 degrees along the long side: between a stabilised phone video (f about 0.8 to 1 long sides) and
# cameras that stand further away and zoom in (1.5 and more); Human3.6M's cameras have 1.15.
FOCAL_PER_LONG_SIDE = 1.2

# Depth comes from apparent size and is an order of magnitude noisier than the position across the view: it is smoothed
# much more. Half of the amplitude passes at these frequencies; walking sways at 1 to 2 Hz.
_DEPTH_CUTOFF_HZ = 0.8
_LATERAL_CUTOFF_HZ = 5.0
_DEPTH_OUTLIER_M = 0.25  # less than this off the smooth course is movement or noise, not an error to be ignored


def assumed_focal(image_size: tuple[int, int]) -> float:
    """Focal length in pixels for a picture of (width, height) pixels of which nothing else is known."""
    return FOCAL_PER_LONG_SIDE * max(image_size)


def fit_root(
    keypoints: np.ndarray, scores: np.ndarray, poses: np.ndarray, image_size: tuple[int, int], focal: float
) -> np.ndarray:
    """The root position of each frame by itself that explains its keypoints best; no smoothing.

    Weighted linear least squares. A frame whose solution lies nowhere near the distance that its apparent size
    suggests (a flat or wrong pose can make the system nearly singular) is placed by the size alone.

    Args:
        keypoints: (N,17,2) pixels; NaN where missing.
        scores: (N,17) confidences, the weights.
        poses: (N,17,3) metres, camera space, root-relative; NaN where missing.
        image_size: (width, height) pixels; the principal point is its centre.
        focal: pixels.

    Returns:
        (N,3) float64 metres, camera space; NaN where missing.
    """
    root = np.full((len(poses), 3), np.nan)
    present = np.isfinite(poses).all(axis=(1, 2)) & np.isfinite(keypoints).all(axis=(1, 2))
    if not present.any():
        return root
    rays = _rays(keypoints[present], image_size, focal)  # (M,17,2)
    pose = poses[present].astype(np.float64)
    weights = np.clip(scores[present].astype(np.float64), 1e-3, None)
    by_size = _depth_by_size(rays, pose, weights)

    # Normal equations of w (x + px - ux (z + pz)) = 0 and the same in y, joint by joint.
    total = weights.sum(axis=1)
    target = rays * pose[..., 2:] - pose[..., :2]  # (M,17,2): what x - u z has to be
    sum_rays = np.einsum("nj,njk->nk", weights, rays)
    sum_target = np.einsum("nj,njk->nk", weights, target)
    matrix = np.zeros((len(pose), 3, 3))
    matrix[:, 0, 0] = matrix[:, 1, 1] = total
    matrix[:, :2, 2] = matrix[:, 2, :2] = -sum_rays
    matrix[:, 2, 2] = np.einsum("nj,njk->n", weights, rays**2) + 1e-12 * total
    right = np.concatenate([sum_target, -np.einsum("nj,njk->n", weights, rays * target)[:, None]], axis=1)
    depth = np.linalg.solve(matrix, right[..., None])[:, 2, 0]
    depth = np.where((depth > by_size / 2) & (depth < by_size * 2), depth, by_size)
    root[present] = _at_depth(rays, pose, weights, depth)
    return root


def estimate_root(
    keypoints: np.ndarray, scores: np.ndarray, poses: np.ndarray, image_size: tuple[int, int], focal: float, fps: float
) -> np.ndarray:
    """The root trajectory: `fit_root`, then the depth smoothed strongly and the position across the view lightly.

    Arguments as for `fit_root`; `fps` in frames per second.

    Returns:
        (N,3) float32 metres, camera space; NaN where missing. A root at rest or in uniform motion is recovered exactly.
    """
    root = fit_root(keypoints, scores, poses, image_size, focal)
    present = np.isfinite(root).all(axis=1)
    if not present.any():
        return root.astype(np.float32)
    depth = smooth(root[:, 2], fps, _DEPTH_CUTOFF_HZ, tolerance=_DEPTH_OUTLIER_M)[present]
    depth = np.maximum(depth, 0.3)  # nobody stands in the lens
    weights = np.clip(scores[present].astype(np.float64), 1e-3, None)
    rays = _rays(keypoints[present], image_size, focal)
    root[present] = _at_depth(rays, poses[present].astype(np.float64), weights, depth)
    for axis in range(2):
        root[present, axis] = smooth(root[:, axis], fps, _LATERAL_CUTOFF_HZ)[present]
    return root.astype(np.float32)


def smooth(values: np.ndarray, fps: float, cutoff_hz: float, tolerance: float = np.inf) -> np.ndarray:
    """Whittaker smoother: least squares with a penalty on second differences; outliers lose weight.

    Straight lines pass unchanged, at the ends as well.

    Args:
        values: (N,) with NaN where unknown; these are interpolated.
        fps: frames per second.
        cutoff_hz: frequency of which half the amplitude passes.
        tolerance: values further off than this, and further than 4.7 robust standard deviations, are outliers
            (Tukey's biweight). By default nothing is, so that a short quick movement is not taken for an error.

    Returns:
        (N,) float64.
    """
    known = np.isfinite(values)
    n = len(values)
    if known.sum() < 3:
        return np.interp(np.arange(n), np.flatnonzero(known), values[known]) if known.any() else values.astype(float)
    # The smoother's response at angular frequency w (per frame) is 1 / (1 + penalty (2 sin(w/2))^4).
    angle = min(np.pi * cutoff_hz / fps, np.pi / 2)
    penalty = (2 * np.sin(angle)) ** -4
    filled = np.where(known, values, 0.0)
    weights = known.astype(np.float64)
    smoothed = _whittaker(filled, weights, penalty)
    for _ in range(3 if np.isfinite(tolerance) else 0):
        residual = filled - smoothed
        scale = 1.4826 * np.median(np.abs(residual[known]))
        ratio = np.clip(np.abs(residual) / max(4.7 * scale, tolerance), 0, 1)
        weights = np.where(known, np.maximum((1 - ratio**2) ** 2, 1e-6), 0.0)
        smoothed = _whittaker(filled, weights, penalty)
    return smoothed


def project(points: np.ndarray, image_size: tuple[int, int], focal: float) -> np.ndarray:
    """Camera-space metres (...,3) to pixels (...,2) of the assumed camera."""
    centre = np.array(image_size) / 2
    return points[..., :2] / np.maximum(points[..., 2:], 1e-6) * focal + centre


def _rays(keypoints: np.ndarray, image_size: tuple[int, int], focal: float) -> np.ndarray:
    """(..., 2) pixels to x/z and y/z."""
    return (keypoints.astype(np.float64) - np.array(image_size) / 2) / focal


def _depth_by_size(rays: np.ndarray, pose: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(M,) metres: spread of the pose across the view over the spread of its rays, always positive."""

    def spread(points: np.ndarray) -> np.ndarray:
        mean = np.einsum("nj,njk->nk", weights, points) / weights.sum(axis=1, keepdims=True)
        return np.sqrt(np.einsum("nj,njk->n", weights, (points - mean[:, None]) ** 2))

    return np.clip(spread(pose[..., :2]) / np.maximum(spread(rays), 1e-9), 0.1, 1e3)


def _at_depth(rays: np.ndarray, pose: np.ndarray, weights: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """(M,3): the root at this depth whose joints lie nearest to their rays."""
    offset = rays * (depth[:, None, None] + pose[..., 2:]) - pose[..., :2]
    across = np.einsum("nj,njk->nk", weights, offset) / weights.sum(axis=1, keepdims=True)
    return np.concatenate([across, depth[:, None]], axis=1)


def _whittaker(values: np.ndarray, weights: np.ndarray, penalty: float) -> np.ndarray:
    """Solve (W + penalty D'D) z = W y with D the second differences: a banded, positive definite system."""
    n = len(values)
    bands = np.zeros((3, n))  # upper form: second, first and main diagonal of D'D
    bands[0, 2:] = 1.0
    bands[1, 1:] = -4.0
    bands[1, [1, -1]] = -2.0
    bands[2] = 6.0
    bands[2, [0, -1]] = 1.0
    bands[2, [1, -2]] = 5.0
    if n == 3:
        bands[1, 1:], bands[2] = -2.0, [1.0, 4.0, 1.0]
    bands *= penalty
    bands[2] += weights + 1e-12
    return solveh_banded(bands, weights * values)
