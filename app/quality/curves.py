"""Measures frame by frame, for the timeline: those of `app.quality.measures` before their mean is taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.motion import Motion, PersonMotion
from app.quality.measures import TRUSTED_SCORE, bone_lengths, without_guesses
from app.quality.table import MEASURES
from app.world.root import fit_root
from estimators.observation import Provenance
from estimators.pinhole import assumed_focal, project


@dataclass(frozen=True)
class Curve:
    """A measure frame by frame.

    Attributes:
        key, label, unit: its name in the data, on the page, and its unit.
        hint: what it says, in a sentence.
    """

    key: str
    label: str
    unit: str
    hint: str


CURVES = (
    Curve(
        "acceleration",
        "Acceleration",
        MEASURES["acceleration"].unit,
        "Mean over the joints, relative to the hip: spikes are jitter.",
    ),
    Curve(
        "bones",
        "Bone length",
        MEASURES["bone_length_variation"].unit,
        "How far the bones are, on average, from their mean length; people's stay.",
    ),
    Curve(
        "reprojection",
        "Reprojection",
        MEASURES["reprojection_error"].unit,
        "From the detected joints to the 3D ones, seen by the same camera.",
    ),
)


def curves(motion: Motion, person: PersonMotion) -> dict[str, dict[str, np.ndarray]]:
    """{"acceleration": {"lifted": (N,), "refined": (N,)}, ...}: each measure of each variant, NaN where none."""
    variants = {"lifted": person.lifted, "refined": person.refined}
    found: dict[str, dict[str, np.ndarray]] = {curve.key: {} for curve in CURVES}
    for name, poses in variants.items():
        if poses is None:
            continue
        shown, even = without_guesses(poses, person), motion.even.person(person.id)
        evenly = even.lifted if name == "lifted" or even.refined is None else even.refined
        bends = acceleration(without_guesses(evenly, even), even.runs(motion.even.cuts), float(motion.fps))
        found["acceleration"][name] = bends[motion.grid.at]
        found["bones"][name] = bone_deviation(shown, person, motion)
        found["reprojection"][name] = reprojection(poses, person, motion)
    return found


def acceleration(poses: np.ndarray, runs: list[slice], fps: float) -> np.ndarray:
    """(N,) m/s^2: magnitude of the second difference, mean over all joints but the hip.

    Args:
        poses: (N,J,3) metres.
        runs: stretches without gaps; their first and last frames have no value.
        fps: frames per second.
    """
    values = np.full(len(poses), np.nan)
    for run in runs:
        if run.stop - run.start > 2:
            bends = np.diff(poses[run, 1:].astype(np.float64), n=2, axis=0)
            values[run.start + 1 : run.stop - 1] = _row_means(np.linalg.norm(bends, axis=-1)) * fps**2
    return values


def bone_deviation(poses: np.ndarray, person: PersonMotion, motion: Motion) -> np.ndarray:
    """(N,) percent: |length - mean length| / mean length, mean over the bones of (N,J,3) metres."""
    values = np.full(len(poses), np.nan)
    lengths = bone_lengths(poses[person.present], motion.skeleton)
    mean = np.maximum(_row_means(lengths.T), 1e-9)
    values[person.present] = 100 * _row_means(np.abs(lengths / mean - 1))
    return values


def _row_means(values: np.ndarray) -> np.ndarray:
    """(N,): the mean of each row of (N,J), without its NaN; NaN for rows with nothing else."""
    known = np.isfinite(values)
    means: np.ndarray = np.where(known, values, 0).sum(axis=1) / np.where(known.any(axis=1), known.sum(axis=1), np.nan)
    return means


def reprojection(poses: np.ndarray, person: PersonMotion, motion: Motion) -> np.ndarray:
    """(N,) pixels: mean distance of the trusted keypoints of detected frames from the projected joints, the root
    fitted to each frame, as in `app.quality.measures.reprojection_error`."""
    focal = float(motion.camera.get("focal_px") or assumed_focal(motion.image_size))
    root = fit_root(motion.observed(person), poses)
    trusted = (person.scores >= TRUSTED_SCORE) & (person.provenance == Provenance.DETECTED)[:, None] & person.known
    values = np.full(len(poses), np.nan)
    seen = trusted.any(axis=1)
    if seen.any():
        projected = project(poses[seen] + root[seen, None], motion.image_size, focal)
        error = np.linalg.norm(projected - person.keypoints_2d[seen], axis=-1)
        values[seen] = np.where(trusted[seen], error, 0).sum(axis=1) / trusted[seen].sum(axis=1)
    return values
