"""Detectors side by side on rendered clips: what each sees, and what a lifter and its refiner make of it.

Everything is kept by frame and by clip, so that two detectors can be compared on the same frames, and intervals can be
made over clips, see `app.evaluation.detector_tables`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.evaluation.accuracy import ClipResult, clips_in, compare, nobody
from app.evaluation.eyes import Seen, see
from app.evaluation.kept import Kept
from app.media.video import probe
from app.models import FindsPeople, Lifts, Models, Refines
from app.options import Options
from app.pipeline import estimate
from demo_videos.truth import load_truth
from estimators.errors import ConfigError, NobodyFoundError
from refiner.evaluation.metrics import p_mpjpe

VARIANTS = ("lifted", "refined")


@dataclass(frozen=True)
class Measured:
    """One clip, as one detector has seen it.

    Attributes:
        seen: in 2D.
        results: in 3D, by the lifter's name.
    """

    name: str
    seen: Seen
    results: Mapping[str, ClipResult]

    def by_frame(self) -> dict[str, np.ndarray]:
        """(N,) for every frame of the clip, NaN where there is nothing to measure, by the measure's name.

        "error" and "right" (the share of joints nearer than 5 %) of the 2D joints, "found", "on", "ghosts" and
        "swapped" are percent; "jitter" is heights/s^2. Of each lifter's poses, as "LIFTER/refined/mpjpe": mpjpe and
        p_mpjpe are mm, acceleration is m/s^2.
        """
        seen = self.seen
        values = {
            "error": 100 * seen.errors.mean(axis=1),
            "right": np.where(seen.found, 100.0 * seen.right.mean(axis=1), np.nan),
            "found": 100.0 * seen.found,
            "on": 100.0 * seen.on_the_person,
            "ghosts": 100.0 * seen.ghosts,
            "swapped": np.where(seen.found, 100.0 * seen.swapped, np.nan),
            "jitter": seen.jitter,
        }
        for lifter, result in self.results.items():
            for variant, predicted in result.predicted.items():
                for name, errors in _pose_errors(predicted, result).items():
                    spread = np.full(len(seen.found), np.nan)
                    spread[seen.found] = errors
                    values[f"{lifter}/{variant}/{name}"] = spread
        return values


def _pose_errors(predicted: np.ndarray, result: ClipResult) -> dict[str, np.ndarray]:
    """(n,) errors of the frames with a pose."""
    predicted = predicted.astype(np.float64)
    off = predicted - predicted[:, :1] - (result.target - result.target[:, :1])
    bends = np.full(len(off), np.nan)
    for run in result.runs:
        if run.stop - run.start > 2:
            bends[run.start + 1 : run.stop - 1] = np.linalg.norm(np.diff(off[run], n=2, axis=0), axis=-1).mean(axis=-1)
    aligned = [1000 * p_mpjpe(pose, target) for pose, target in zip(predicted, result.target, strict=True)]
    return {
        "mpjpe": 1000 * np.linalg.norm(off, axis=-1).mean(axis=-1),
        "p_mpjpe": np.array(aligned),
        "acceleration": bends * result.fps**2,
    }


def measure_detector(
    folder: str | Path,
    detector: FindsPeople,
    lifters: Mapping[str, tuple[Lifts, Refines | None]],
    options: Options | None = None,
    kept: Kept | None = None,
    on_clip: Callable[[str, int, int], None] | None = None,
    on_left_out: Callable[[str, str], None] | None = None,
) -> list[Measured]:
    """One detector on every clip of a folder; without the lifters that need what this detector does not give.

    Args:
        lifters: by name, each with what refines its poses.
        options: how the pipeline goes over the clips; which networks it names is of no account.
        kept: where what is found is kept.
        on_clip: called with a clip's name, the number of clips done, and of all.
        on_left_out: called with the name of a lifter that is left out, and why.

    Raises:
        DataError: there are no clips, or a truth cannot be read.
    """
    options, kept = replace(options or Options(), video=False, rotate="0", person="largest"), kept or Kept()
    clips, measured, left = clips_in(folder), list[Measured](), dict(lifters)
    for name, (video, truth_file) in clips.items():
        truth = load_truth(truth_file)
        people, _ = kept.find(probe(video), detector, options.looks)
        results = {}
        for lifter, (lifts, refines) in list(left.items()):
            try:
                made = estimate(video, options, models=Models(detector, lifts, refines), people=people)
                results[lifter] = compare(made.motion, truth, name)
            except NobodyFoundError:
                results[lifter] = nobody(truth, name)
            except ConfigError as error:
                del left[lifter]
                if on_left_out:
                    on_left_out(lifter, str(error))
        measured.append(Measured(name, see(people.tracks, truth), results))
        if on_clip:
            on_clip(name, len(measured), len(clips))
    return [replace(one, results={lifter: one.results[lifter] for lifter in left}) for one in measured]


def load_lifters(names: Sequence[str], options: Options) -> dict[str, tuple[Lifts, Refines | None]]:
    """Lifters by the name that a run gives them, each with its refiner.

    Raises:
        ConfigError, WeightsError: they cannot be had.
    """
    chosen = {name: replace(options, lifter=name) for name in names}
    return {
        name: (Models.load_lifter(one), Models.load_refiner(one) if one.refine else None)
        for name, one in chosen.items()
    }
