"""A pinhole camera: what is assumed of one that nothing is known of, and where a body stands before it."""

from __future__ import annotations

import numpy as np

# A field of view of 45 degrees along the long side: between a stabilised phone video (f about 0.8 to 1 long sides) and
# cameras that stand further away and zoom in (1.5 and more); Human3.6M's cameras have 1.15.
FOCAL_PER_LONG_SIDE = 1.2


def assumed_focal(image_size: tuple[int, int]) -> float:
    """Focal length in pixels for a picture of (width, height) pixels of which nothing else is known."""
    return FOCAL_PER_LONG_SIDE * max(image_size)


def rays_of(keypoints: np.ndarray, image_size: tuple[int, int], focal: float) -> np.ndarray:
    """Pixels (..., 2) to x/z and y/z, float64; the principal point is the middle of the picture."""
    return (keypoints.astype(np.float64) - np.array(image_size) / 2) / focal


def project(points: np.ndarray, image_size: tuple[int, int], focal: float) -> np.ndarray:
    """Camera-space metres (..., 3) to pixels (..., 2); the principal point is the middle of the picture."""
    return onto_picture(points, focal, np.array(image_size) / 2)


def onto_picture(points: np.ndarray, focal: float | np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Camera-space metres (..., 3) to pixels (..., 2).

    Args:
        points: x right, y down, z forward; what lies behind the camera comes out far outside the picture.
        focal: focal length in pixels, or (2,) along x and y.
        centre: (2,) the principal point, pixels.
    """
    return points[..., :2] / np.maximum(points[..., 2:], 1e-6) * focal + centre


def along_rays(poses: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """Poses as a camera sees them that looks straight at them, in the axes of one that does not.

    A network that is shown a cut-out of a picture takes its middle for the middle of the view. The shortest turn takes
    the viewing axis to the ray through that middle.

    Args:
        poses: (N,17,3) metres, relative to a joint on the ray; x right, y down, z along the ray.
        rays: (N,2), see `rays_of`.

    Returns:
        (N,17,3) float64 metres, camera space: z along the camera's axis.
    """
    ray = np.concatenate([rays, np.ones((len(rays), 1))], axis=1)
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    axis = np.stack([-ray[:, 1], ray[:, 0], np.zeros(len(ray))], axis=1)[:, None]  # z x ray: sine times the turn's axis
    cosine = ray[:, 2, None, None]
    across = np.cross(axis, poses)
    return poses * cosine + across + axis * (axis * poses).sum(axis=2, keepdims=True) / (1 + cosine)


def root_on_rays(rays: np.ndarray, poses: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Where the roots are whose joints lie nearest to their rays, each frame by itself.

    The joint at root + p is seen at the ray u where

        root_x - u root_z = u p_z - p_x        and the same for y,

    which is linear in the root: 34 equations for 3 unknowns, solved in the weighted least squares. A frame whose
    solution lies nowhere near the distance that its apparent size suggests (a flat or wrong pose can make the system
    nearly singular) is placed by the size alone.

    Args:
        rays: (N,17,2), see `rays_of`.
        poses: (N,17,3) metres, camera space, root-relative.
        weights: (N,17), positive.

    Returns:
        (N,3) float64 metres, camera space.
    """
    total = weights.sum(axis=1)
    target = rays * poses[..., 2:] - poses[..., :2]  # (N,17,2): what x - u z has to be
    sum_rays = np.einsum("nj,njk->nk", weights, rays)
    sum_target = np.einsum("nj,njk->nk", weights, target)
    matrix = np.zeros((len(poses), 3, 3))
    matrix[:, 0, 0] = matrix[:, 1, 1] = total
    matrix[:, :2, 2] = matrix[:, 2, :2] = -sum_rays
    matrix[:, 2, 2] = np.einsum("nj,njk->n", weights, rays**2) + 1e-12 * total
    right = np.concatenate([sum_target, -np.einsum("nj,njk->n", weights, rays * target)[:, None]], axis=1)
    depth = np.linalg.solve(matrix, right[..., None])[:, 2, 0]
    by_size = _depth_by_size(rays, poses, weights)
    depth = np.where((depth > by_size / 2) & (depth < by_size * 2), depth, by_size)
    return root_at_depth(depth, rays, poses, weights)


def root_at_depth(depth: np.ndarray, rays: np.ndarray, poses: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(N,3): the roots at these depths (N,) metres whose joints lie nearest to their rays;
    the rest as for `root_on_rays`."""
    offset = rays * (depth[:, None, None] + poses[..., 2:]) - poses[..., :2]
    across = np.einsum("nj,njk->nk", weights, offset) / weights.sum(axis=1, keepdims=True)
    return np.concatenate([across, depth[:, None]], axis=1)


def _depth_by_size(rays: np.ndarray, poses: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(N,) metres: spread of the poses across the view over the spread of their rays, always positive."""

    def extent(points: np.ndarray) -> np.ndarray:
        mean = np.einsum("nj,njk->nk", weights, points) / weights.sum(axis=1, keepdims=True)
        return np.sqrt(np.einsum("nj,njk->n", weights, (points - mean[:, None]) ** 2))

    return np.clip(extent(poses[..., :2]) / np.maximum(extent(rays), 1e-9), 0.1, 1e3)
