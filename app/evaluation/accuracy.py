"""From pixels to millimetres: the whole pipeline on clips with exact ground truth.

Clips are `NAME.mp4` with `NAME.npz` beside it, as `python -m demo_videos.suite` renders them. People in them have other
proportions than the motion capture that lifters learn from, and a detector has its own idea of where a hip is, so part
of the error is a constant: it is reported with and without the mean offset of each joint over all clips, taken in the
person's own axes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.models import Models
from app.motion import Motion, PersonMotion
from app.options import Options
from app.people import People
from app.pipeline import Estimate, estimate
from app.world.contacts import FEET
from demo_videos.flaws import Flaws
from demo_videos.truth import Truth, load_truth
from estimators.errors import DataError, NobodyFoundError
from estimators.skeleton import H36M17
from estimators.turns import body_axes
from refiner.evaluation.metrics import acceleration_error, lag, mpjpe, p_mpjpe, speed_kept
from refiner.evaluation.tables import table

HANDS_AND_FEET = [H36M17.joints.index(name) for name in (*FEET, "left_wrist", "right_wrist")]


@dataclass(frozen=True)
class Errors:
    """Mean errors over the frames in which the person was found, in millimetres (acceleration in m/s^2)."""

    mpjpe: float
    p_mpjpe: float
    acceleration: float


@dataclass(frozen=True)
class Movement:
    """How hands and feet move in the longest stretch without a gap, see `refiner.evaluation.metrics`."""

    lag: float  # frames
    speed_kept: float  # in the fastest moments, of the true one


@dataclass(frozen=True)
class ClipResult:
    """One clip, measured.

    Attributes:
        found: share of frames with a pose.
        keypoint_error: of the 2D joints, percent of the person's height in the picture; NaN if never found.
        predicted: by variant, (n, 17, 3) metres of the frames with a pose, relative to the hip.
        target: (n, 17, 3) the truth of these frames.
        runs: stretches of neighbouring frames in `target`.
        groups: what the clip belongs to: group -> member ("activity" -> "walk").
    """

    name: str
    frames: int
    fps: float
    found: float
    keypoint_error: float
    predicted: dict[str, np.ndarray]
    target: np.ndarray
    runs: list[slice]
    groups: dict[str, list[str]] = field(default_factory=dict)

    def errors(self, variant: str) -> Errors:
        """Errors of "lifted" or "refined"."""
        predicted = self.predicted[variant].astype(np.float64)
        long_enough = [run for run in self.runs if run.stop - run.start > 2]
        bends = [float(acceleration_error(predicted[run], self.target[run])) for run in long_enough]
        weights = [run.stop - run.start - 2 for run in long_enough]
        return Errors(
            mpjpe=1000 * mpjpe(predicted, self.target),
            p_mpjpe=1000 * p_mpjpe(predicted, self.target),
            acceleration=float(np.average(bends, weights=weights)) * self.fps**2 if bends else np.nan,
        )

    def movement(self, variant: str) -> Movement:
        """Movement of "lifted" or "refined"."""
        run = max(self.runs, key=lambda run: run.stop - run.start, default=slice(0))
        predicted, target = (poses[run][:, HANDS_AND_FEET] for poses in (self.predicted[variant], self.target))
        return Movement(lag(predicted, target), speed_kept(predicted, target))


def clips_in(folder: str | Path) -> dict[str, tuple[Path, Path]]:
    """Clips with ground truth in a folder: name to (video, ground truth).

    Raises:
        DataError: there are none.
    """
    found = {video.stem: (video, video.with_suffix(".npz")) for video in sorted(Path(folder).glob("*.mp4"))}
    found = {name: paths for name, paths in found.items() if paths[1].is_file()}
    if not found:
        raise DataError(f"No clips with ground truth in {folder}; make some with `python -m demo_videos.suite`.")
    return found


def compare(motion: Motion, truth: Truth, name: str = "") -> ClipResult:
    """A motion against the truth. The clips show one person: the one found in most frames is compared.

    Raises:
        DataError: the truth is of another clip.
    """
    if len(truth) != len(motion):
        raise DataError(f"The ground truth has {len(truth)} frames and the video {len(motion)}: not of one clip.")
    person = motion.most_seen
    present = person.present
    joints = truth.joints_3d.astype(np.float64)
    poses = {"lifted": person.lifted, "refined": person.refined}
    return ClipResult(
        name=name,
        frames=len(motion),
        fps=float(motion.fps),
        found=float(present.mean()),
        keypoint_error=_keypoint_error(person, truth),
        predicted={variant: pose[present] for variant, pose in poses.items() if pose is not None},
        target=(joints - joints[:, :1])[present],
        runs=_packed(person.runs(motion.cuts)),
        groups=_groups(truth.meta),
    )


def nobody(truth: Truth, name: str = "") -> ClipResult:
    """The result of a clip in which nobody is found."""
    nothing, groups = np.zeros((0, 17, 3)), _groups(truth.meta)
    return ClipResult(name, len(truth), float(truth.fps), 0.0, float("nan"), {}, nothing, [], groups)


def _keypoint_error(person: PersonMotion, truth: Truth) -> float:
    seen = person.present
    if not seen.any():
        return float("nan")
    height = np.ptp(truth.keypoints_2d[..., 1], axis=1).clip(min=1)
    distance = np.linalg.norm(person.keypoints_2d - truth.keypoints_2d, axis=-1).mean(axis=1)
    return float(100 * (distance / height)[seen].mean())


def _packed(runs: Iterable[slice]) -> list[slice]:
    """The same stretches after the frames between them have been dropped."""
    packed, start = [], 0
    for run in runs:
        packed.append(slice(start, start + run.stop - run.start))
        start = packed[-1].stop
    return packed


def _groups(meta: dict[str, Any]) -> dict[str, list[str]]:
    """What a rendered clip belongs to. A clip has one activity, one view, and as many flaws as it has."""
    view, flaws = meta.get("view"), meta.get("flaws")
    if view is None or flaws is None:
        return {}
    turn = abs((view["azimuth_deg"] + 180) % 360 - 180)
    side = "from the front" if turn < 50 else "from behind" if turn > 130 else "from the side"
    names = Flaws(**flaws).names()
    names += ["something in front"] * view["occluded"] + ["cut off"] * (view["fill"] > 1)
    return {
        "activity": [str(meta["activity"]).split(" -")[0].split(",")[0]],
        "view": [side, "studio" if view["focal"] >= 1.05 else "phone"],
        "flaw": names or ["none"],
    }


def measure_clips(
    folder: str | Path,
    models: Models,
    options: Options | None = None,
    on_clip: Callable[[ClipResult, int, int], None] | None = None,
    on_estimate: Callable[[str, Estimate, Truth], None] | None = None,
    seen: dict[str, People] | None = None,
) -> list[ClipResult]:
    """Run the pipeline on every clip of a folder.

    Args:
        seen: the people of the clips by name, as far as another run with this detector has found them; the rest is
            added.
        on_clip: called with every result, the number of clips done, and of all.
        on_estimate: called with the name, the estimate and the truth of every clip in which somebody is found.

    Raises:
        DataError: no clips there. A clip in which nobody is found is a result, not an error.
    """
    clips, seen = clips_in(folder), {} if seen is None else seen
    options = replace(options or Options(), video=False, rotate="0")
    results: list[ClipResult] = []
    for name, (video, truth_file) in clips.items():
        truth = load_truth(truth_file)
        try:
            made = estimate(video, options, models=models, people=seen.get(name))
            seen[name] = made.people
            result = compare(made.motion, truth, name)
            if on_estimate:
                on_estimate(name, made, truth)
        except NobodyFoundError:
            result = nobody(truth, name)
        results.append(result)
        if on_clip:
            on_clip(result, len(results), len(clips))
    return results


def without_offset(results: list[ClipResult]) -> list[ClipResult]:
    """The same results with each joint's mean error, in the person's own axes and over all clips, taken away."""
    seen = [result for result in results if len(result.target)]
    if not seen:
        return results
    axes = [body_axes(result.target) for result in seen]
    corrected: list[dict[str, np.ndarray]] = [{} for _ in seen]
    for variant in seen[0].predicted:
        errors = [
            np.einsum("nij,nkj->nki", axis, result.predicted[variant] - result.target)
            for axis, result in zip(axes, seen, strict=True)
        ]
        offset = np.concatenate(errors).mean(axis=0)  # (17, 3) metres, person's axes
        for pose, axis, result in zip(corrected, axes, seen, strict=True):
            pose[variant] = result.predicted[variant] - np.einsum("nij,ki->nkj", axis, offset)
    return [replace(result, predicted=pose) for result, pose in zip(seen, corrected, strict=True)]


@dataclass(frozen=True)
class Summary:
    """Frame-weighted means over clips: `errors` by variant."""

    clips: int
    frames: int
    found: float
    keypoint_error: float
    errors: dict[str, Errors]


def summarise(results: list[ClipResult]) -> Summary:
    """Means over clips, each weighted by the frames in which its person was found."""
    seen = [result for result in results if len(result.target)]
    weights = np.array([len(result.target) for result in seen], float)
    frames = sum(result.frames for result in results)

    def mean(values: list[float]) -> float:
        known = np.isfinite(values)
        return float(np.average(np.array(values)[known], weights=weights[known])) if known.any() else float("nan")

    errors = {}
    for variant in seen[0].predicted if seen else ():
        each = [result.errors(variant) for result in seen]
        errors[variant] = Errors(
            mean([one.mpjpe for one in each]),
            mean([one.p_mpjpe for one in each]),
            mean([one.acceleration for one in each]),
        )
    return Summary(
        clips=len(results),
        frames=frames,
        found=float(sum(result.found * result.frames for result in results) / max(frames, 1)),
        keypoint_error=mean([result.keypoint_error for result in seen]),
        errors=errors,
    )


def by_group(results: list[ClipResult]) -> dict[str, Summary]:
    """Summaries of all clips, of all without the constant offset, and of each group of clips."""
    tables = {"all": summarise(results), "all, constant offset removed": summarise(without_offset(results))}
    members: dict[str, list[ClipResult]] = {}
    for result in results:
        for group, names in result.groups.items():
            for name in names:
                members.setdefault(f"{group}: {name}", []).append(result)
    return tables | {name: summarise(members[name]) for name in sorted(members)}


def markdown(groups: dict[str, Summary]) -> str:
    """A row a group: lifted → refined in mm and m/s^2."""
    head = ["clips", "number", "found %", "2D error %", "MPJPE mm", "P-MPJPE mm", "acceleration error m/s²"]
    rows = []
    for name, one in groups.items():
        cells = [name, str(one.clips), f"{100 * one.found:.1f}", f"{one.keypoint_error:.2f}"]
        for measure in ("mpjpe", "p_mpjpe", "acceleration"):
            cells.append(" → ".join(f"{getattr(errors, measure):.1f}" for errors in one.errors.values()))
        rows.append(cells)
    return table(head, rows)
