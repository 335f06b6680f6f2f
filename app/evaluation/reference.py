"""Poses from one real view against a reference that several cameras have measured. For measuring, never for tuning.

A reference is an .npz without pickles, of N frames and the same clock as the clips:

    points_world_m (N, J, 3)   metres, any world axes; NaN where a point is not known
    joints (J,)                their names: those of `NAMES` are used, in any order, and all of them have to be there
    cameras (C,)               names of the views; a clip is of the view whose name its file's name ends with
    R_world_to_cam (C, 3, 3), cam_center_m (C, 3)
                               a point in camera axes (x right, y down, z forward) is R (X - centre)

More arrays may be there (fx_fy_cx_cy_k1_k2_p1_p2, fps): they are not needed, for poses are compared in camera axes and
relative to the middle of the hips.

Such a reference trembles: it says nothing of acceleration. And its joints are those of another detector, not
Human3.6M's: errors are given too with each joint's mean offset over a clip, in the person's own axes, taken out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.evaluation.kept import Kept
from app.media.video import probe
from app.models import Models
from app.motion import Motion
from app.options import Options
from app.pipeline import estimate
from estimators.arrays import read_arrays
from estimators.errors import DataError
from estimators.skeleton import H36M17
from estimators.turns import body_axes
from refiner.evaluation.metrics import mpjpe, p_mpjpe
from refiner.evaluation.tables import table

# A reference's joint -> Human3.6M-17. The neck is the base of the neck, the head is its end.
NAMES = {
    "RHip": "right_hip", "RKnee": "right_knee", "RAnkle": "right_foot", "LHip": "left_hip", "LKnee": "left_knee",
    "LAnkle": "left_foot", "Neck": "thorax", "Head": "head", "LShoulder": "left_shoulder", "LElbow": "left_elbow",
    "LWrist": "left_wrist", "RShoulder": "right_shoulder", "RElbow": "right_elbow", "RWrist": "right_wrist",
}  # fmt: skip
JOINTS = [H36M17.joints.index(name) for name in NAMES.values()]
_ARRAYS = ("points_world_m", "joints", "cameras", "R_world_to_cam", "cam_center_m")
_RIGHT_HIP, _LEFT_HIP, _THORAX = (list(NAMES).index(name) for name in ("RHip", "LHip", "Neck"))


@dataclass(frozen=True)
class Reference:
    """What several cameras have measured.

    Attributes:
        points: (N, 14, 3) metres, world axes, the joints of `NAMES`; NaN where not known.
        rotations: by the view's name, (3, 3) world to camera.
    """

    points: np.ndarray
    rotations: Mapping[str, np.ndarray]

    def of_view(self, clip: str) -> np.ndarray:
        """(N, 14, 3) metres, camera axes, relative to the middle of the hips, as a clip of this name shows them.

        Raises:
            DataError: the name ends with that of no view.
        """
        for name, rotation in self.rotations.items():
            if clip.endswith(name):
                return rooted(self.points @ rotation.T)
        raise DataError(f"The reference has no view that {clip} ends with; it has {', '.join(self.rotations)}.")


@dataclass(frozen=True)
class ViewErrors:
    """One view's poses, mm: as they are, and with each joint's mean offset taken out."""

    mpjpe: float
    p_mpjpe: float
    mpjpe_no_offset: float
    p_mpjpe_no_offset: float


@dataclass(frozen=True)
class View:
    """One clip: how many frames have both a pose and a reference, of how many, and the errors by variant."""

    clip: str
    compared: int
    frames: int
    errors: Mapping[str, ViewErrors]


def load_reference(path: str | Path) -> Reference:
    """Read a reference, see the module's docstring.

    Raises:
        DataError: it is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no reference {path}.")
    arrays = read_arrays(path, "a reference of joints that several cameras have measured", _ARRAYS)
    points, rotations = arrays["points_world_m"], arrays["R_world_to_cam"]
    names, cameras = ([str(name) for name in arrays[key].ravel()] for key in ("joints", "cameras"))
    if points.shape != (len(points), len(names), 3) or rotations.shape != (len(cameras), 3, 3):
        raise DataError(f"{path.name}: points and joints, or cameras and rotations, are not as many.")
    if points.dtype.kind != "f" or rotations.dtype.kind != "f" or not np.isfinite(rotations).all():
        raise DataError(f"{path.name}: points and rotations have to be floating-point numbers.")
    if missing := [name for name in NAMES if name not in names]:
        raise DataError(f"{path.name} has no joint {missing[0]}; it needs {', '.join(NAMES)}.")
    chosen = points[:, [names.index(name) for name in NAMES]].astype(np.float64)
    return Reference(chosen, dict(zip(cameras, rotations.astype(np.float64), strict=True)))


def rooted(poses: np.ndarray) -> np.ndarray:
    """(N, 14, 3) relative to the middle of the hips."""
    return poses - (poses[:, [_RIGHT_HIP]] + poses[:, [_LEFT_HIP]]) / 2


def compare(motion: Motion, target: np.ndarray, clip: str) -> View:
    """A motion's most seen person against (N, 14, 3) metres, camera axes, see `Reference.of_view`.

    Raises:
        DataError: they differ in length, or have no frame in common.
    """
    if len(target) != len(motion):
        raise DataError(f"The reference has {len(target)} frames and {clip} {len(motion)}: not of one recording.")
    person = motion.most_seen
    both = person.present & np.isfinite(target).all(axis=(1, 2))
    if not both.any():
        raise DataError(f"No frame of {clip} has both a pose and a reference.")
    poses = {"lifted": person.lifted, "refined": person.refined}
    errors = {
        variant: errors_of(rooted(found[both][:, JOINTS].astype(np.float64)), target[both])
        for variant, found in poses.items()
        if found is not None
    }
    return View(clip, int(both.sum()), len(motion), errors)


def errors_of(predicted: np.ndarray, target: np.ndarray) -> ViewErrors:
    """Errors of (n, 14, 3) metres, both relative to the middle of the hips."""
    axes = _axes(target)
    offset = np.einsum("nij,nkj->nki", axes, predicted - target).mean(axis=0)
    corrected = rooted(predicted - np.einsum("nij,ki->nkj", axes, offset))
    return ViewErrors(*(
        1000 * error
        for poses in (predicted, corrected)
        for error in (_mean_distance(poses, target), p_mpjpe(poses, target))
    ))  # fmt: skip


def _mean_distance(predicted: np.ndarray, target: np.ndarray) -> float:
    """MPJPE of what is relative to the middle of the hips, which is no joint here: it is put in front, and taken out
    of the mean."""
    middle = np.zeros((len(target), 1, 3))
    found, true = (np.concatenate([middle, poses], axis=1) for poses in (predicted, target))
    return mpjpe(found, true) * found.shape[1] / target.shape[1]


def _axes(poses: np.ndarray) -> np.ndarray:
    """(n, 3, 3) the person's axes, see `body_axes`."""
    whole = np.zeros((len(poses), 17, 3))
    whole[:, JOINTS] = poses
    return body_axes(whole)


def measure_views(
    clips: Sequence[Path], reference: Reference, models: Models, options: Options, kept: Kept | None = None
) -> list[View]:
    """Each clip's most prominent person against the reference.

    Raises:
        DataError: a clip is of no view, or not of this recording. NobodyFoundError: nobody is in a clip.
    """
    kept, views = kept or Kept(), []
    targets = [reference.of_view(clip.stem) for clip in clips]  # before anything takes time
    for clip, target in zip(clips, targets, strict=True):
        people, _ = kept.find(probe(clip), models.detector, options.looks)
        views.append(compare(estimate(clip, options, models=models, people=people).motion, target, clip.stem))
    return views


def mean_of(views: Sequence[View]) -> dict[str, ViewErrors]:
    """By variant, means over views, weighed by their frames."""
    weights = [view.compared for view in views]
    return {
        variant: ViewErrors(**{
            name: float(np.average([asdict(view.errors[variant])[name] for view in views], weights=weights))
            for name in asdict(views[0].errors[variant])
        })
        for variant in views[0].errors
    }  # fmt: skip


def markdown(rows: Mapping[str, Sequence[View]]) -> str:
    """A row for each view, and their mean, of everything that was measured by name: lifted → refined."""
    heads = ["real views", "frames", "MPJPE mm", "P-MPJPE mm", "offset out: MPJPE mm", "P-MPJPE mm"]
    body = []
    for name, views in rows.items():
        lines = [(f"{name}, {view.clip}", f"{view.compared} of {view.frames}", view.errors) for view in views]
        lines.append((f"{name}, mean", str(sum(view.compared for view in views)), mean_of(views)))
        for title, frames, errors in lines:
            columns = zip(*(asdict(one).values() for one in errors.values()), strict=True)
            body.append([title, frames, *(" → ".join(f"{value:.1f}" for value in column) for column in columns)])
    return table(heads, body)


def numbers(rows: Mapping[str, Sequence[View]]) -> dict[str, Any]:
    """The same, ready for JSON."""
    return {
        name: {
            "views": {view.clip: {variant: asdict(one) for variant, one in view.errors.items()} for view in views},
            "mean": {variant: asdict(one) for variant, one in mean_of(views).items()},
        }
        for name, views in rows.items()
    }
