"""Measure detectors' errors on rendered clips, for trainings to draw from.

    python -m app.evaluation.detector_errors suite_train --keep runs/eyes --detector movenet \\
        --out weights/noise-movenet.safetensors
    python -m app.evaluation.detector_errors suite_train --keep runs/eyes --out weights --detector thunder \\
        --detector blazepose --frames 80

The clips are those of `python -m demo_videos.suite --split train`: a training must not know the test people's. The
keypoints are those that reach a lifter: tracked, despiked, gaps filled, Human3.6M-17. See `refiner.data.measured_noise`
for what is written.

What detectors find is kept clip by clip (`app.evaluation.kept`), so a stopped run goes on where it was, a run with more
clips measures only these, and `d3p evaluate detectors` shares it. A file is written when a detector is through.

Each network, and a fusion of several, is a detector by its name, and each has a file of its own: which frames are found
differs between them, and `data.detector` of a training names one. A detector that reads poses from the picture has
their errors in the file as well, which almost doubles it: `--frames` takes fewer of each clip, for many short stretches
teach more than few long ones.

Of the clips only errors, scores and looks are kept: how far the found joints are from the true ones, the true image
points about their mean, and how the body was turned. The true poses are motion capture, of which the terms say that it
is not to be given on in any form (CMU); to match an error by pose and view, its looks and turn are enough. The cards'
licence is therefore the project's own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from app.evaluation.accuracy import clips_in
from app.evaluation.kept import Kept
from app.media.video import probe
from app.models import FindsPeople, Models
from app.options import Options
from demo_videos.truth import Truth, load_truth
from estimators import weights
from estimators.errors import ConfigError, NobodyFoundError, exit_status
from estimators.observation import Observation
from estimators.tracking.select import select_people
from estimators.turns import turns_between, turns_of
from refiner.data.measured_noise import MORE, MeasuredNoise, Stretch

MIN_FRAMES = 12  # of a stretch: shorter ones say little about how errors last


def stretches_of(track: Observation, truth: Truth, most: int | None = None) -> Iterator[Stretch]:
    """The stretches of a track (Human3.6M-17) without a gap or a cut, with their errors.

    Args:
        most: frames that are wanted, the longest stretches first.
    """
    picture = picture_errors(track, truth)
    left = len(track) if most is None else most
    for run in sorted(track.runs(), key=lambda run: run.start - run.stop):
        part = slice(run.start, min(run.stop, run.start + left))
        if part.stop - part.start >= MIN_FRAMES:
            left -= part.stop - part.start
            found, scores, true = (
                torch.from_numpy(array[part]).float() for array in (track.keypoints, track.scores, truth.keypoints_2d)
            )
            plain = Stretch.of(found, scores, true, float(truth.fps))
            more: dict[str, Any] = {name: torch.from_numpy(array[part]).float() for name, array in picture.items()}
            yield replace(plain, **more)


def picture_errors(track: Observation, truth: Truth) -> dict[str, np.ndarray]:
    """What `Stretch` says of the picture's own pose, for every frame of a clip: `error_3d`, `turn_error`, ...

    The camera's focal length is the true one: what a wrong guess adds is no error of the detector's.
    """
    true = truth.joints_3d.astype(np.float64)
    true = true - true[:, :1]
    error, scores, off = np.zeros((len(true), 17, 3)), np.zeros((len(true), 17)), np.zeros((len(true), 3))
    if track.focal is None:
        track = track.seen_by(float(truth.focal[0]))
    if track.pose_3d is not None:
        there = track.present_3d & track.present
        found = track.pose_3d[there].astype(np.float64)
        scores[there] = 1.0 if track.pose_3d_scores is None else track.pose_3d_scores[there]
        turned = turns_between(true[there], found, scores[there])
        found = np.einsum("nji,nkj->nki", turned, found)  # turned back
        scale = (found * true[there]).sum() / max((found**2).sum(), 1e-9)
        error[there] = scale * found - true[there]
        off[there] = Rotation.from_matrix(turned).as_rotvec()
    turn = Rotation.from_matrix(turns_of(true)).as_rotvec()
    return {"error_3d": error, "scores_3d": scores, "turn_error": off, "turn": turn}


def measure_detector(
    folder: Path,
    detector: FindsPeople,
    leave_out: Set[str] = frozenset(),
    kept: Kept | None = None,
    most: int | None = None,
) -> tuple[list[Stretch], list[str]]:
    """Errors on all clips of a folder but those to leave out, and the clips in which somebody was found.

    Args:
        kept: where what is found is kept.
        most: frames of a clip.

    Raises:
        DataError: there are no clips.
    """
    kept, stretches, clips, depth = kept or Kept(), list[Stretch](), list[str](), False
    for name, (video, truth_file) in clips_in(folder).items():
        if name in leave_out:
            continue
        try:
            people, was_there = kept.find(probe(video), detector)
            (track,) = select_people(people.tracks, "largest")
        except NobodyFoundError:
            continue
        depth |= track.pose_3d is not None
        truth = load_truth(truth_file)
        stretches.extend(stretches_of(track.to_h36m().seen_by(float(truth.focal[0])), truth, most))
        clips.append(name)
        frames = sum(len(one.scores) for one in stretches)
        print(f"{name}{' (kept)' if was_there else ''}: {len(clips)} clips, {frames} frames", flush=True)
    if not depth:
        nothing: dict[str, Any] = dict.fromkeys(MORE)
        stretches = [replace(one, **nothing) for one in stretches]
    return stretches, clips


def _known(path: Path) -> tuple[list[Stretch], list[str]]:
    """What a file holds: stretches, and the clips that they are of.

    Raises:
        WeightsError: it is not there, or not such a file.
    """
    return MeasuredNoise.load(str(path)).stretches, weights.read_card(path.with_suffix(".json"))["clips"]


def _files(out: Path, detectors: list[str]) -> dict[str, Path]:
    """Where each detector's noise is written.

    Raises:
        ConfigError: one file for several detectors.
    """
    if out.suffix != ".safetensors":
        return {name: out / f"noise-{name}.safetensors" for name in detectors}
    if len(detectors) > 1:
        raise ConfigError(f"{out} is one file, and there are {len(detectors)} detectors; name a folder.")
    return dict.fromkeys(detectors, out)


@exit_status
def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m app.evaluation.detector_errors", description=__doc__.splitlines()[0]
    )
    parser.add_argument("folder", type=Path, help="rendered clips of training people")
    parser.add_argument(
        "--out", type=Path, required=True, help="the .safetensors file to write, or a folder for noise-DETECTOR"
    )
    parser.add_argument("--detector", action="append", help=f"once for each (default: {Options().detector})")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="what detectors find is kept there, clip by clip")
    parser.add_argument("--stale", action="store_true", help="take what is kept, though the code has changed since")
    parser.add_argument("--frames", type=int, metavar="N", help="of a clip at most (default: all)")
    parser.add_argument("--add", action="store_true", help="to what the file has already, instead of replacing it")
    options = parser.parse_args()
    for name, path in _files(options.out, list(dict.fromkeys(options.detector or [Options().detector]))).items():
        known, before = _known(path) if options.add else ([], [])
        detector = Models.load_detector(Options(detector=name))
        kept = Kept(options.keep, options.stale)
        stretches, clips = measure_detector(options.folder, detector, set(before), kept, options.frames)
        stretches, clips = known + stretches, before + clips
        card = {"name": path.stem, "detector": detector.description(), "clips": clips, "licence": "Apache-2.0"}
        MeasuredNoise(stretches).save(path, card)


if __name__ == "__main__":
    sys.exit(main())
