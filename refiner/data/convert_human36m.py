"""Make the user's own Human3.6M files (`data_3d_h36m.npz`, `data_2d_h36m_*.npz`) into one without pickles.

These files, as everybody in the field has them, are pickled object arrays, and a pickle can run any code. They are read
here only, and by an unpickler that knows arrays, dictionaries and lists and nothing else.

The cameras are not asked for. The 2D ground truth is the exact projection of the 3D, so that every camera follows from
the two (resection with three radial and two tangential terms of distortion).
"""

from __future__ import annotations

import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.optimize import least_squares

from estimators.checkpoints import first_line
from estimators.errors import DataError
from estimators.files import complete_file
from refiner.data.human36m import FPS

KEPT = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]  # of 32 joints: Human3.6M-17
CAMERAS = {"54138969": (1000, 1002), "55011271": (1000, 1000), "58860488": (1000, 1000), "60457274": (1000, 1002)}
_FOCAL_GUESS = 1145.0  # pixels; where the search begins
_POINTS = 4000  # for a camera
_FEWEST = 100  # points from which a camera can be found
_WORST_PX = 1.0


@dataclass(frozen=True)
class Extrinsics:
    """World to camera: rotation (3, 3), translation (3,) metres."""

    rotation: np.ndarray
    translation: np.ndarray

    def __call__(self, world: np.ndarray) -> np.ndarray:
        """(..., 3) metres in the world to camera space (x right, y down, z forward)."""
        return world @ self.rotation.T + self.translation


def convert_human36m(poses: Path, truth_2d: Path, detected_2d: Path | None, output: Path) -> dict[str, int]:
    """Write `output` (.npz, see `refiner.data.human36m`); returns how many sequences and frames it holds.

    Args:
        poses: `data_3d_h36m.npz`, metres in the world.
        truth_2d: `data_2d_h36m_gt.npz`, pixels: for the cameras, and as the 2D if there is no other.
        detected_2d: a detector's, such as `data_2d_h36m_cpn_ft_h36m_dbb.npz`.

    Raises:
        DataError: a file is missing, or not what it should be, or 2D and 3D do not belong together.
        ConfigError: `output` cannot be written.
    """
    world = _opened(poses, "positions_3d")
    exact = _opened(truth_2d, "positions_2d")
    seen = exact if detected_2d is None else _opened(detected_2d, "positions_2d")
    columns: dict[str, list[Any]] = {
        key: [] for key in ("subject", "action", "camera", "length", "image_size", "keypoints_2d", "poses")
    }
    for subject, takes in world.items():
        try:
            bodies = {take: np.asarray(joints, np.float64)[:, KEPT] for take, joints in takes.items()}
            for number, (camera, size) in enumerate(CAMERAS.items()):
                extrinsics = resect(
                    bodies, {take: exact[subject][take][number] for take in bodies}, size, subject, camera
                )
                for take, joints in bodies.items():
                    points = np.asarray(seen[subject][take][number], np.float32)[: len(joints), :17]
                    if points.shape != (len(joints), 17, 2):
                        raise DataError(
                            f"{subject} {take}, camera {camera}: 2D of shape {points.shape}, {len(joints)} poses."
                        )
                    row = (subject, take, camera, len(joints), size, points, extrinsics(joints).astype(np.float32))
                    for column, value in zip(columns.values(), row, strict=True):
                        column.append(value)
        except (LookupError, TypeError, ValueError, AttributeError, cv2.error, np.linalg.LinAlgError) as error:
            raise DataError(f"The files do not hold what Human3.6M's do: {subject}: {error!r}.") from error
    if not columns["poses"]:
        raise DataError(f"{poses.name} holds no poses.")
    arrays: dict[str, Any] = {key: np.concatenate(columns.pop(key)) for key in ("keypoints_2d", "poses")}
    arrays |= {key: np.array(values) for key, values in columns.items()}
    arrays |= {"detector": np.array("truth" if detected_2d is None else detected_2d.stem), "fps": np.array(FPS)}
    with complete_file(output) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)
    return {"sequences": len(columns["length"]), "frames": int(sum(columns["length"]))}


def resect(
    bodies: dict[str, np.ndarray],
    projections: dict[str, Any],
    size: tuple[int, int],
    subject: str = "",
    camera: str = "",
) -> Extrinsics:
    """The camera that makes `projections` (n >= N,17,2) pixels of `bodies` (N,17,3) metres, by take.

    Raises:
        DataError: no camera does.
    """
    world = np.concatenate([joints.reshape(-1, 3) for joints in bodies.values()])
    pixels = np.concatenate(
        [
            np.asarray(projections[take], np.float64)[: len(joints), :17].reshape(-1, 2)
            for take, joints in bodies.items()
        ]
    )
    if len(world) != len(pixels) or len(world) < _FEWEST:
        raise DataError(f"{subject}, camera {camera}: there is less 2D than 3D, or hardly any.")
    if not (np.isfinite(world).all() and np.isfinite(pixels).all()):
        raise DataError(f"{subject}, camera {camera}: there is 2D or 3D that is not finite.")
    if world.std(axis=0).min() == 0 or pixels.std(axis=0).min() < 1:
        raise DataError(f"{subject}, camera {camera}: all points lie in one place.")
    chosen = np.random.default_rng(0).permutation(len(world))[:_POINTS]
    world, pixels = world[chosen], pixels[chosen]
    middle = world.mean(axis=0)  # the solver's numbers stay small
    world = world - middle
    guess = np.array([[_FOCAL_GUESS, 0, size[0] / 2], [0, _FOCAL_GUESS, size[1] / 2], [0, 0, 1]])
    _, matrix, lens, turns, shifts = cv2.calibrateCamera(
        [world.astype(np.float32)], [pixels.astype(np.float32)], size, guess, None, flags=cv2.CALIB_USE_INTRINSIC_GUESS
    )
    # OpenCV's tangential distortion is another than the data set's: its solution is where the exact one begins
    k1, k2, p1, p2, k3 = lens.ravel()
    start = [*turns[0].ravel(), *shifts[0].ravel(), *matrix.diagonal()[:2], *matrix[:2, 2], k1, k2, k3, p2, p1]

    def misses(camera: np.ndarray) -> np.ndarray:
        rotation, translation, lens = cv2.Rodrigues(camera[:3])[0], camera[3:6], camera[6:]
        return (project(world @ rotation.T + translation, lens) - pixels).ravel()

    with np.errstate(all="ignore"):  # cameras that are tried on the way may see a point from within
        found = least_squares(misses, start, x_scale="jac")
    error = float(np.sqrt((found.fun**2).mean()))
    if not error < _WORST_PX:
        raise DataError(
            f"{subject}, camera {camera}: no camera sees the 3D where the 2D has it (off by {error:.1f} px)."
        )
    rotation = cv2.Rodrigues(found.x[:3])[0]
    return Extrinsics(rotation, found.x[3:6] - rotation @ middle)


def project(points: np.ndarray, lens: np.ndarray) -> np.ndarray:
    """Camera space (N, 3) to pixels (N, 2), as the data set's authors distort.

    Args:
        lens: focal lengths (2), centre (2), radial (3) and tangential (2) terms.
    """
    x = points[:, :2] / points[:, 2:]
    r2 = (x**2).sum(axis=1, keepdims=True)
    radial = 1 + r2 * (lens[4] + r2 * (lens[5] + r2 * lens[6]))
    tangential = (x * lens[7:]).sum(axis=1, keepdims=True)
    return (x * (radial + tangential) + r2 * lens[7:]) * lens[:2] + lens[2:4]


class _ArraysOnly(pickle.Unpickler):
    """Makes arrays of numbers and what Python has built in. A name that a file could run code by is an error."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            "_reconstruct": np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
            "scalar": np._core.multiarray.scalar,  # type: ignore[attr-defined]
            "_frombuffer": np._core.numeric._frombuffer,  # type: ignore[attr-defined]
            "ndarray": np.ndarray,
            "dtype": np.dtype,
        }
        if module.split(".")[0] != "numpy" or name not in known:
            raise DataError(f"it holds more than arrays ({module}.{name})")
        return known[name]


def _opened(path: Path, key: str) -> dict[str, dict[str, Any]]:
    """The dictionary in a pickled object array."""
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as member:
            np.lib.format.read_magic(member)
            np.lib.format.read_array_header_1_0(member)
            content = _ArraysOnly(member, encoding="latin1").load().item()
    except Exception as error:  # unpickling raises whatever it meets
        raise DataError(f"{path.name} holds no {key}: {first_line(error)}.") from error
    if not isinstance(content, dict) or not all(isinstance(takes, dict) for takes in content.values()):
        raise DataError(f"{path.name} holds no {key} by subject and take.")
    return content
