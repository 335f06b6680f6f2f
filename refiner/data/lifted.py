"""Poses of any lifter, to be refined: the paper's "any existing 3D pose estimator".

An .npz without pickles:

    keypoints_2d   (N, 17, 2)  pixels, x right, y down: what was lifted; NaN in frames without a pose
    poses          (N, 17, 3)  metres, camera space (x right, y down, z forward); the root is subtracted on reading
    image_size     (2,)        width and height, pixels
    fps            ()          frames per second
    scores         (N, 17)     optional: how sure the detector is, 0 to 1; without it keypoints are taken to be exact
    focal          ()          optional: focal length of the camera, pixels; without it one is assumed

The joints are Human3.6M's 17, in the order of `estimators.skeleton.H36M17`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from estimators.arrays import read_arrays
from estimators.errors import DataError
from estimators.observation import REACH, Observation, Provenance

WHAT = "a file of lifted poses, as `refiner.data.lifted` describes it"
LARGEST = 1 << 16  # pixels of a side


def read_lifted(
    path: str | Path,
    image_size: tuple[int, int] | None = None,
    fps: float | None = None,
    focal: float | None = None,
) -> tuple[Observation, np.ndarray]:
    """Read a file of lifted poses.

    Args:
        image_size, fps, focal: instead of what the file says; None: it has to say so itself, but for the focal length.

    Returns:
        What is seen, missing in frames without keypoints or a pose; and the poses (N, 17, 3) float32 metres,
        root-relative.

    Raises:
        DataError: missing or malformed file, no pose in it, or poses that cannot be in metres.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"No file at {path}.")
    arrays = read_arrays(path, WHAT)
    given = {"image_size": image_size, "fps": fps, "focal": focal}
    arrays |= {key: np.asarray(value) for key, value in given.items() if value is not None}
    if missing := {"keypoints_2d", "poses", "image_size", "fps"} - set(arrays):
        raise DataError(f"{path.name} is not {WHAT}: it has no {min(missing)!r}.")
    frames = arrays["poses"].shape[:1]
    shapes: dict[str, tuple[int, ...]] = {"keypoints_2d": (*frames, 17, 2), "poses": (*frames, 17, 3)}
    shapes |= {"image_size": (2,), "fps": (), "scores": (*frames, 17), "focal": ()}
    for key in shapes.keys() & arrays.keys():
        if arrays[key].shape != shapes[key] or arrays[key].dtype.kind not in "fiu":
            raise DataError(
                f"{path.name}: {key} is {arrays[key].dtype} of shape {arrays[key].shape}, not {shapes[key]}."
            )
    width, height = (int(side) for side in np.nan_to_num(arrays["image_size"]).clip(0, LARGEST + 1))
    if not (1 <= width <= LARGEST and 1 <= height <= LARGEST) or not 0 < float(arrays["fps"]) < 10_000:
        raise DataError(f"{path.name}: the image size or the frame rate cannot be.")
    poses = arrays["poses"].astype(np.float32)
    scores = arrays.get("scores")
    poses = poses - poses[:, :1]
    sure = None if scores is None else np.nan_to_num(scores).clip(0, 1).astype(np.float32)
    keypoints = arrays["keypoints_2d"].astype(np.float32)
    length = float(arrays["focal"]) if "focal" in arrays else None
    if length is not None and not 0 < length < np.inf:
        raise DataError(f"{path.name}: the focal length must be a positive number of pixels.")
    observed = Observation.of(keypoints, sure, (width, height), float(arrays["fps"]), length)
    there = observed.present & np.isfinite(poses).all(axis=(1, 2))
    if not there.any():
        raise DataError(f"{path.name}: no frame has both keypoints and a pose.")
    if np.abs(poses[there]).max() > REACH:
        raise DataError(f"{path.name}: joints are more than {REACH:.0f} m from the root; poses have to be in metres.")
    provenance = np.where(there, observed.provenance, Provenance.MISSING).astype(np.uint8)
    return replace(observed, provenance=provenance), poses
