"""Measures of a motion that need no ground truth, before and after refinement.

They say how plausible and steady the result is, not how far it is from the truth: a motion smoothed to death has little
jerk. Read acceleration and jerk (steadiness) together with the reprojection error (faithfulness to the picture).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.motion import Motion, PersonMotion
from app.quality.table import MEASURES
from app.world.contacts import FEET
from app.world.ground import Ground
from app.world.root import fit_root
from estimators.files import complete_file
from estimators.observation import Provenance
from estimators.pinhole import assumed_focal, project
from estimators.skeleton import Skeleton

TRUSTED_SCORE = 0.3  # keypoints below this say little about where the joint is
_SIDES_APART_M = 0.1  # limbs nearer to each other cannot be told to have traded places


def quality(motion: Motion) -> dict[str, Any]:
    """All measures of all people, ready for JSON; a measure that a clip is too short for is None."""
    even = motion.even
    people = []
    for shown, person, stands in zip(motion.people, even.people, even.contacts, strict=True):
        variants = {"lifted": person.lifted, "refined": person.refined}
        measured = {
            name: _measure(person, poses, even, even.ground, stands)
            for name, poses in variants.items()
            if poses is not None
        }
        counts = motion.shown_counts(shown)
        entry = {
            "id": person.id,
            "frames": counts,
            "frames_percent": {kind: _rounded(100 * count / len(motion)) for kind, count in counts.items()},
            "standing_percent": {
                foot: _standing(stands[:, index], person.known[:, motion.skeleton.joints.index(foot)])
                for index, foot in enumerate(FEET)
            },
            "not_believed_percent": _not_believed(person, motion.skeleton),
            "sigma_m": _sigma(person, motion.skeleton),
            **measured,
        }
        if "refined" in measured:
            entry["change_percent"] = {
                name: _change(measured["lifted"], measured["refined"], name) for name in MEASURES
            }
        people.append(entry)
    looked = len(motion) if motion.looked is None else int(motion.looked.sum())
    about = {
        "format": "d3p-quality",
        "format_version": 1,
        "units": {name: measure.definition for name, measure in MEASURES.items()},
        "frames_looked_at": looked,
    }
    return {**about, "people": people}


def guesses(motion: Motion) -> list[str]:
    """A sentence for each person of whom the picture does not show all joints."""
    sentences = []
    for person in motion.people:
        doubted = _not_believed(person, motion.skeleton)
        if doubted:
            names = ", ".join(name.replace("_", " ") for name in doubted)
            sentences.append(
                f"Person {person.id}: {names} {'are' if len(doubted) > 1 else 'is'} outside the picture, or not seen "
                f"for long, in up to {max(doubted.values()):.0f} % of the frames; the places there are guesses, and "
                "are marked in all files."
            )
    return sentences


def save_quality(measures: dict[str, Any], path: str | Path) -> Path:
    """Write the measures as JSON, whole or not at all."""
    with complete_file(path) as temporary:
        temporary.write_text(json.dumps(measures, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return Path(path)


def acceleration_and_jerk(poses: np.ndarray, runs: list[slice], fps: float) -> tuple[float | None, float | None]:
    """Mean magnitude of second and third differences, m/s^2 and m/s^3.

    Args:
        poses: (N,J,3) metres; joints that are NaN are left out.
        runs: stretches without gaps; no difference is taken across a gap.
        fps: frames per second.
    """

    def mean_difference(order: int) -> float | None:
        magnitudes = [
            np.linalg.norm(np.diff(poses[run].astype(np.float64), n=order, axis=0), axis=-1).ravel()
            for run in runs
            if run.stop - run.start > order
        ]
        return _mean(np.concatenate(magnitudes) * fps**order) if magnitudes else None

    return mean_difference(2), mean_difference(3)


def bone_lengths(poses: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(N,J,3) metres to (N,J-1) metres, in the order of `skeleton.bones`."""
    parents, children = np.array(skeleton.bones).T
    return np.linalg.norm(poses[:, children].astype(np.float64) - poses[:, parents], axis=-1)


def reprojection_error(motion: Motion, person: PersonMotion, poses: np.ndarray) -> float | None:
    """Mean distance in pixels of the trusted keypoints of detected frames from the projected joints.

    The root is fitted to each frame, for this very pose: the error is the pose's, not the trajectory's.
    """
    root = fit_root(motion.observed(person), poses)
    trusted = (person.scores >= TRUSTED_SCORE) & (person.provenance == Provenance.DETECTED)[:, None] & person.known
    if not trusted.any():
        return None
    focal = float(motion.camera.get("focal_px") or assumed_focal(motion.image_size))
    seen = project(poses[trusted.any(axis=1)] + root[trusted.any(axis=1), None], motion.image_size, focal)
    error = np.linalg.norm(seen - person.keypoints_2d[trusted.any(axis=1)], axis=-1)
    return float(error[trusted[trusted.any(axis=1)]].mean())


def foot_sliding(feet: np.ndarray, contacts: np.ndarray, fps: float, cuts: Sequence[int] = ()) -> float | None:
    """Mean speed in m/s along the floor of the feet while they stand.

    Args:
        feet: (N,2,3) metres, y up; NaN where missing.
        contacts: (N,2) bool, see `app.world.contacts`; False where missing.
        fps: frames per second.
        cuts: first frames of shots; nothing slides across them.
    """
    both = contacts[1:] & contacts[:-1]
    both[[cut - 1 for cut in cuts]] = False
    if not both.any():
        return None
    return float(np.linalg.norm(np.diff(feet[..., [0, 2]].astype(np.float64), axis=0), axis=-1)[both].mean() * fps)


def left_right_swaps(poses: np.ndarray, runs: list[slice], skeleton: Skeleton) -> int:
    """How often the arms, or the legs, trade places from one frame of (N,J,3) metres to the next.

    They do if left and right are more than twice as near to where the other side was as to where they were themselves.
    """
    swaps = 0
    for limb in (("shoulder", "elbow", "wrist"), ("hip", "knee", "foot")):
        left, right = (
            poses[:, [skeleton.joints.index(f"{side}_{joint}") for joint in limb]].astype(np.float64)
            for side in ("left", "right")
        )

        def apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
            return np.linalg.norm(one - other, axis=-1).mean(axis=-1)

        for run in runs:
            l0, l1, r0, r1 = left[run][:-1], left[run][1:], right[run][:-1], right[run][1:]
            kept, traded = apart(l0, l1) + apart(r0, r1), apart(l0, r1) + apart(r0, l1)
            swaps += int(((2 * traded < kept) & (apart(l0, r0) > _SIDES_APART_M)).sum())
    return swaps


def _measure(
    person: PersonMotion, poses: np.ndarray, motion: Motion, ground: Ground, contacts: np.ndarray
) -> dict[str, Any]:
    skeleton, fps = motion.skeleton, float(motion.fps)
    feet = ground.of(poses[:, [skeleton.joints.index(name) for name in FEET]] + person.root[:, None])
    seconds = int(person.present.sum()) / fps
    guessed, poses = poses, without_guesses(poses, person)
    acceleration, jerk = acceleration_and_jerk(poses[:, 1:], person.runs(motion.cuts), fps)
    lengths = bone_lengths(poses[person.present], skeleton)
    mean = _over_known(np.mean, lengths)
    names = [f"{skeleton.joints[parent]}-{skeleton.joints[child]}" for parent, child in skeleton.bones]
    variation = 100 * _over_known(np.std, lengths) / np.maximum(mean, 1e-9)
    bone_of = {child: index for index, (_, child) in enumerate(skeleton.bones)}
    asymmetry = {
        skeleton.joints[left].removeprefix("left_"): _percent(mean[bone_of[left]], mean[bone_of[right]])
        for left, right in zip(skeleton.left, skeleton.right, strict=True)
    }
    return {
        "acceleration": _rounded(acceleration),
        "jerk": _rounded(jerk),
        "bone_length_variation": _rounded(_mean(variation)),
        "left_right_asymmetry": _rounded(_mean(np.array(list(asymmetry.values())))),
        "reprojection_error": _rounded(reprojection_error(motion, person, guessed)),
        "foot_sliding": _rounded(foot_sliding(feet, contacts, fps, motion.cuts)),
        "left_right_swaps": _rounded(
            60 * left_right_swaps(poses, person.runs(motion.cuts), skeleton) / seconds if seconds else None
        ),
        "bone_length_m": {name: _rounded(value) for name, value in zip(names, mean, strict=True)},
        "bone_length_variation_per_bone": {name: _rounded(value) for name, value in zip(names, variation, strict=True)},
        "left_right_asymmetry_per_bone": {name: _rounded(value) for name, value in asymmetry.items()},
    }


def _sigma(person: PersonMotion, skeleton: Skeleton) -> dict[str, float | None] | None:
    """Mean one-sigma of each joint over the frames in which it is believed, metres."""
    if person.sigma is None or not person.present.any():
        return None
    mean = _over_known(np.mean, np.where(person.known, person.sigma, np.nan)[person.present])
    return {joint: _rounded(float(value)) for joint, value in zip(skeleton.joints, mean, strict=True)}


def _standing(stands: np.ndarray, known: np.ndarray) -> float | None:
    """Percent of the frames in which a foot is believed."""
    return _rounded(100 * float(stands[known].mean())) if known.any() else None


def without_guesses(poses: np.ndarray, person: PersonMotion) -> np.ndarray:
    """(N,17,3) with NaN for the joints that are not believed."""
    return poses if person.known[person.present].all() else np.where(person.known[..., None], poses, np.float32(np.nan))


def _not_believed(person: PersonMotion, skeleton: Skeleton) -> dict[str, float]:
    """By name of a joint, in how many percent of the person's frames it is not believed; without zeros."""
    share = 100 * (person.present[:, None] & ~person.known).sum(axis=0) / max(int(person.present.sum()), 1)
    return {name: round(float(value), 1) for name, value in zip(skeleton.joints, share, strict=True) if value}


def _over_known(measure: Callable[[np.ndarray], Any], values: np.ndarray) -> np.ndarray:
    """(J,): a measure of each column of (N,J), without its NaN; NaN for columns with nothing else."""
    columns = (column[np.isfinite(column)] for column in values.T)
    return np.array([float(measure(column)) if len(column) else np.nan for column in columns])


def _mean(values: np.ndarray) -> float | None:
    """Of the finite values; None without any."""
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else None


def _percent(left: float, right: float) -> float:
    return float(200 * abs(left - right) / max(left + right, 1e-9))


def _change(before: dict[str, Any], after: dict[str, Any], name: str) -> float | None:
    """Change of a measure in percent; negative is less."""
    if not before[name] or after[name] is None:
        return None
    return _rounded(100 * (after[name] / before[name] - 1))


def _rounded(value: float | None) -> float | None:
    """Four significant digits."""
    return None if value is None or not np.isfinite(value) else float(f"{value:.4g}")
