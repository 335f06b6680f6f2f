"""Where the person is, against exact ground truth: root path, gravity, floor, feet, uncertainty.

One camera leaves the scale open: the people of the clips are taller or shorter than the average that the estimate
stands for, and the focal lengths are other than assumed. So the root's path is measured in several ways: as estimated,
scaled to the person's true height, at the best single scale, and, scaled to the true height, without its mean offset
(its shape). Drift is the slope of that last error over time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from app.motion import Motion
from app.pipeline import Estimate
from app.world.contacts import FEET
from app.world.ground import find_ground
from app.world.placing import place, stature
from app.world.root import estimate_roots
from demo_videos.truth import Truth
from estimators.errors import DataError
from refiner.evaluation.calibration import Samples
from refiner.evaluation.tables import table

_STILL_M_S, _NEAR_FLOOR_M = 0.15, 0.12  # a true foot stands while its ankle is slower and lower than this
_A_JUMP_CM = 12.0  # less is standing on tiptoe
_STANDING = 0.1  # share of a clip in which somebody stands at least
BANDS = ("68 %", "95 %")


@dataclass(frozen=True)
class WorldErrors:
    """One clip.

    Attributes:
        root_cm: mean distance of the root's path, by way of alignment: "as estimated", "true height", "best scale",
            "shape", and "true height and camera": estimated anew with the true focal length.
        drift_cm_s: slope of the shape's error over time.
        tilt_deg: of the estimated gravity.
        floor_cm: mean height of the true standing feet's ankles above the floor, estimated less true, at true height.
        sliding_cm_s: mean horizontal speed of feet while they truly stand: "lifted", "refined", "cleaned", "truth".
        contacts: precision and recall of the standing feet found.
        jump_cm: how high the lower foot gets over where it stands, true and estimated at true height; NaN without a
            jump.
        moved_m: length of the root's true path.
    """

    root_cm: Mapping[str, float]
    drift_cm_s: float
    tilt_deg: float
    floor_cm: float
    sliding_cm_s: Mapping[str, float]
    contacts: tuple[float, float]
    jump_cm: tuple[float, float]
    moved_m: float


def world_errors(motion: Motion, truth: Truth) -> WorldErrors:
    """A motion's most seen person against the truth; NaN for what a clip does not show."""
    person, fps, skeleton = motion.most_seen, float(motion.fps), motion.skeleton
    present, joints = person.present, truth.joints_3d.astype(np.float64)
    feet = [skeleton.joints.index(name) for name in FEET]
    true_feet = truth.to_world(joints)[:, feet]
    scale = stature(joints - joints[:, :1], skeleton) / stature(person.best, skeleton)
    true_root = joints[present, 0]
    root_cm, drift = _path(person.root[present].astype(np.float64), true_root, scale, np.flatnonzero(present) / fps)
    seen = motion.observed(person)
    (with_camera,) = estimate_roots([replace(seen, focal=float(truth.focal[0]))], [person.best])
    off = scale * with_camera[present].astype(np.float64) - true_root
    root_cm["true height and camera"] = _mean(100 * np.linalg.norm(off, axis=1))
    stands = true_contacts(truth, feet) & present[:, None]
    ground, found = find_ground([person.body], skeleton, fps)
    index = [one.id for one in place(motion).motion.people].index(person.id)
    plain, clean = (place(motion, clean_feet=clean).positions[index][:, feet] for clean in (False, True))
    (lifted_root,) = estimate_roots([seen], [person.lifted])
    lifted = ground.of((person.lifted + lifted_root[:, None])[:, feet])
    hits = (found[0] & stands).sum()
    tilt = float(np.degrees(np.arccos(np.clip(ground.axes[1] @ truth.rotation[:, 1], -1, 1))))
    return WorldErrors(
        root_cm=root_cm,
        drift_cm_s=drift,
        tilt_deg=tilt,
        floor_cm=_mean(100 * (scale * plain - true_feet)[..., 1][stands]),
        sliding_cm_s={
            name: _sliding(paths, stands, fps)
            for name, paths in {"lifted": lifted, "refined": plain, "cleaned": clean, "truth": true_feet}.items()
        },
        contacts=(_share(hits, found[0].sum()), _share(hits, stands.sum())),
        jump_cm=_jump(true_feet[present, :, 1], scale * plain[present, :, 1]),
        moved_m=float(np.linalg.norm(np.diff(joints[:, 0], axis=0), axis=1).sum()),
    )


def true_contacts(truth: Truth, feet: list[int]) -> np.ndarray:
    """(N,2) bool: which feet truly stand."""
    paths = truth.to_world(truth.joints_3d.astype(np.float64))[:, feet]
    if len(paths) < 2:
        return np.zeros(paths.shape[:2], bool)
    speed = np.linalg.norm(np.gradient(paths, axis=0), axis=-1) * float(truth.fps)
    return (speed < _STILL_M_S) & (paths[..., 1] < _NEAR_FLOOR_M)


def _jump(true: np.ndarray, found: np.ndarray) -> tuple[float, float]:
    """Centimetres, from the heights of the feet (N,2) metres; NaN if they truly do not leave the floor together."""
    highest = [
        100 * float(np.max(feet.min(axis=1)) - np.quantile(feet.min(axis=1), _STANDING)) for feet in (true, found)
    ]
    return (highest[0], highest[1]) if highest[0] > _A_JUMP_CM else (np.nan, np.nan)


def coverage(motion: Motion, truth: Truth) -> dict[str, float]:
    """Share of coordinates (x, y, z of the joints but the hip) whose error lies within each of `BANDS`.

    Poses are compared relative to the hip, as sigma is stated. Empty without sigma.
    """
    person = motion.most_seen
    if person.sigma is None or not person.present.any():
        return {}
    joints = truth.joints_3d.astype(np.float64)
    error = np.abs(person.best - (joints - joints[:, :1]))[person.present, 1:]
    sigma = person.sigma[person.present, 1:, None]
    widths = (1.0, motion.sigma_95)
    return {name: float((error <= width * sigma).mean()) for name, width in zip(BANDS, widths, strict=True)}


def samples_of(made: Estimate, truth: Truth) -> Samples:
    """Errors of an estimate's most seen person, and what its refiner knew of them.

    Raises:
        DataError: it was not refined.
    """
    person = made.motion.most_seen
    if person.id not in made.doubts:
        raise DataError("Without refinement there is no sigma to calibrate.")
    joints, present = truth.joints_3d.astype(np.float64), person.present
    errors = (person.best - (joints - joints[:, :1]))[present]
    people = np.full(len(errors), str(truth.meta.get("subject", "")))
    return Samples(errors, made.doubts[person.id][present], people, person.scores[present])


def markdown(clips: Mapping[str, WorldErrors]) -> str:
    """A row a clip and one of their means."""
    rows = {name: _cells(one) for name, one in clips.items()}
    titles = list(next(iter(rows.values())))
    mean = {title: float(np.nanmean([cells[title] for cells in rows.values()])) for title in titles}
    lines = {**rows, "mean": mean}.items()
    return table(["clip", *titles], ([name, *(f"{cells[title]:.1f}" for title in titles)] for name, cells in lines))


def coverage_markdown(clips: Mapping[str, Mapping[str, float]], pooled: Mapping[str, float]) -> str:
    """The share of coordinates within each band: of all clips together (`pooled`), and mean over clips."""
    means = {band: [one[band] for one in clips.values() if one] for band in BANDS}
    of_all = [f"{100 * pooled[band]:.1f} %" for band in BANDS]
    of_clips = [f"{100 * float(np.mean(shares)):.1f} %" if shares else "–" for shares in means.values()]
    heads = ["coordinates within the band of sigma", *BANDS]
    return table(heads, [["of all", *of_all], ["of a clip, on average", *of_clips]])


def _cells(one: WorldErrors) -> dict[str, float]:
    precision, recall = one.contacts
    return {
        "path m": one.moved_m,
        **{f"root cm, {name}": value for name, value in one.root_cm.items()},
        "drift cm/s": one.drift_cm_s,
        "tilt °": one.tilt_deg,
        "floor cm": one.floor_cm,
        **{f"sliding cm/s, {name}": value for name, value in one.sliding_cm_s.items()},
        "jump cm, true": one.jump_cm[0],
        "jump cm": one.jump_cm[1],
        "contact precision %": 100 * precision,
        "contact recall %": 100 * recall,
    }


def _path(found: np.ndarray, true: np.ndarray, scale: float, seconds: np.ndarray) -> tuple[dict[str, float], float]:
    """`WorldErrors.root_cm` and `drift_cm_s` of two paths (M,3) metres at (M,) seconds."""
    if len(found) < 2:
        return {}, float("nan")
    best = float((found * true).sum() / (found**2).sum())
    error = scale * found - true
    shape = error - error.mean(axis=0)
    time = seconds - seconds.mean()
    slope = (time[:, None] * shape).sum(axis=0) / (time**2).sum()
    ways = {"as estimated": found - true, "true height": error, "best scale": best * found - true, "shape": shape}
    errors = {name: _mean(100 * np.linalg.norm(one, axis=1)) for name, one in ways.items()}
    return errors, float(100 * np.linalg.norm(slope))


def _sliding(feet: np.ndarray, stands: np.ndarray, fps: float) -> float:
    both = stands[1:] & stands[:-1]
    return _mean(100 * fps * np.linalg.norm(np.diff(feet[..., [0, 2]], axis=0), axis=-1)[both])


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
