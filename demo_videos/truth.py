"""Ground truth of the rendered clips: `NAME.npz` beside `NAME.mp4`.

Keys (N frames): `joints_3d` (N, 17, 3) float32 metres, Human3.6M-17 of the posed rig in camera space (x right, y down,
z forward), absolute; `keypoints_2d` (N, 17, 2) float32 pixels, their exact projection; `coco_2d` (N, 17, 2) float32
pixels, COCO-17 of the same body; `focal` (fx, fy) and `center` (cx, cy) pixels; `rotation` (3, 3) and `translation`
(3,), world (metres, Y up, floor at 0) to camera; `fps` (numerator, denominator); `image_size` (width, height); `meta`,
a JSON string.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from estimators.arrays import read_arrays
from estimators.errors import DataError
from estimators.files import complete_file
from estimators.pinhole import onto_picture

_SHAPES = {
    "joints_3d": (-1, 17, 3), "keypoints_2d": (-1, 17, 2), "coco_2d": (-1, 17, 2), "focal": (2,), "center": (2,),
    "rotation": (3, 3), "translation": (3,), "fps": (2,), "image_size": (2,), "meta": (),
}  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """Exact joints of one rendered person over N frames; fields as in the module's docstring."""

    joints_3d: np.ndarray
    keypoints_2d: np.ndarray
    coco_2d: np.ndarray
    focal: np.ndarray
    center: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    fps: Fraction
    image_size: tuple[int, int]
    meta: dict[str, Any]

    def __len__(self) -> int:
        return len(self.joints_3d)

    def project(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) camera-space metres to (..., 2) pixels."""
        return onto_picture(points, self.focal, self.center)

    def to_world(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) camera-space metres to world metres (Y up, floor at 0)."""
        return (points - self.translation) @ self.rotation


def load_truth(path: str | Path) -> Truth:
    """Read a ground-truth file.

    Raises:
        DataError: the file is missing, is not an .npz, lacks a key, or holds arrays of the wrong shape or NaN.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no ground-truth file {path}.")
    arrays = read_arrays(path, "a ground-truth file of the demo clips", _SHAPES)
    try:
        meta = json.loads(str(arrays["meta"]))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path.name} is not a ground-truth file of the demo clips: its meta is no JSON.") from error
    if not isinstance(meta, dict):
        raise DataError(f"{path.name}: meta is not a JSON object.")
    _check(path, arrays)
    return Truth(
        **{key: arrays[key] for key in list(_SHAPES)[:7]},
        fps=Fraction(int(arrays["fps"][0]), int(arrays["fps"][1])),
        image_size=(int(arrays["image_size"][0]), int(arrays["image_size"][1])),
        meta=meta,
    )


def _check(path: Path, arrays: dict[str, np.ndarray]) -> None:
    frames = len(arrays["joints_3d"]) if arrays["joints_3d"].ndim else 0
    for key, shape in _SHAPES.items():
        wanted = tuple(frames if size == -1 else size for size in shape)
        if arrays[key].shape != wanted:
            raise DataError(f"{path.name}: {key} has shape {arrays[key].shape}, not {wanted}.")
        if arrays[key].dtype.kind not in ("U" if key == "meta" else "iu" if key in ("fps", "image_size") else "f"):
            raise DataError(f"{path.name}: {key} is of type {arrays[key].dtype}.")
        if arrays[key].dtype.kind == "f" and not np.isfinite(arrays[key]).all():
            raise DataError(f"{path.name}: {key} holds values that are not finite.")
    if frames == 0 or (arrays["fps"] <= 0).any() or (arrays["image_size"] <= 0).any():
        raise DataError(f"{path.name}: no frames, or a frame rate or image size that is not positive.")


def save_truth(path: str | Path, truth: Truth) -> None:
    """Write `truth` to `path` (.npz), whole or not at all.

    Raises:
        ConfigError: it cannot be written.
    """
    arrays: dict[str, np.ndarray] = {
        key: np.asarray(getattr(truth, key), np.float32) for key in ("joints_3d", "keypoints_2d", "coco_2d")
    }
    arrays |= {
        key: np.asarray(getattr(truth, key), np.float64) for key in ("focal", "center", "rotation", "translation")
    }
    arrays |= {"fps": np.array([truth.fps.numerator, truth.fps.denominator]), "image_size": np.array(truth.image_size)}
    arrays |= {"meta": np.array(json.dumps(truth.meta, ensure_ascii=False))}
    with complete_file(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def demo_folders() -> list[Path]:
    """Where bundled clips may lie, best first: the checkout, the installation."""
    return [Path(__file__).resolve().parent, Path(sys.prefix) / "share" / "d3prefiner" / "demo_videos"]


def demo_clips() -> dict[str, tuple[Path, Path]]:
    """The bundled clips: name to (video, ground truth), sorted by name; only those with both files."""
    clips: dict[str, tuple[Path, Path]] = {}
    for folder in demo_folders():
        for video in sorted(folder.glob("*.mp4")):
            truth = video.with_suffix(".npz")
            if truth.is_file():
                clips.setdefault(video.stem, (video, truth))
    return dict(sorted(clips.items()))
