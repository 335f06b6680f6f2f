"""Measure a detector's error on rendered clips, for trainings to draw from.

    python -m app.evaluation.detector_errors suite_train --out weights/noise-movenet.safetensors
    python -m app.evaluation.detector_errors more_clips --out weights/noise-movenet.safetensors --add

The clips are those of `python -m demo_videos.suite --split train`: a training must not know the test people's. The
keypoints are those that reach a lifter: tracked, despiked, gaps filled, Human3.6M-17. See
`refiner.data.measured_noise`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Set
from pathlib import Path

import torch

from app.evaluation.accuracy import clips_in
from app.media.video import probe
from app.people import find_people
from app.progress import Silent
from demo_videos.truth import Truth, load_truth
from estimators import weights
from estimators.detection import Detector
from estimators.errors import NobodyFoundError, exit_status
from estimators.observation import Observation, Provenance
from estimators.stretches import runs
from estimators.tracking.select import select_people
from refiner.data.measured_noise import MeasuredNoise, Stretch

MIN_FRAMES = 12  # of a stretch: shorter ones say little about how errors last


def stretches_of(track: Observation, truth: Truth) -> Iterator[Stretch]:
    """The stretches of a track without a gap, with their errors."""
    for run in runs(track.provenance != Provenance.MISSING):
        if run.stop - run.start >= MIN_FRAMES:
            found, scores, true = (
                torch.from_numpy(array[run]).float() for array in (track.keypoints, track.scores, truth.keypoints_2d)
            )
            yield Stretch.of(found, scores, true, float(truth.fps))


def measure_detector(
    folder: Path, detector: Detector, leave_out: Set[str] = frozenset()
) -> tuple[list[Stretch], list[str]]:
    """Errors on all clips of a folder but those to leave out, and the clips in which somebody was found.

    Raises:
        DataError: there are no clips.
    """
    stretches: list[Stretch] = []
    clips: list[str] = []
    for name, (video, truth_file) in clips_in(folder).items():
        if name in leave_out:
            continue
        try:
            tracks = find_people(probe(video), detector, Silent(), rotate="0").tracks
            (track,) = select_people(tracks, "largest")
        except NobodyFoundError:
            continue
        stretches.extend(stretches_of(track.to_h36m(), load_truth(truth_file)))
        clips.append(name)
        print(f"{name}: {len(clips)} clips, {sum(len(s.scores) for s in stretches)} frames", flush=True)
    return stretches, clips


def _known(path: Path) -> tuple[list[Stretch], list[str]]:
    """What a file holds: stretches, and the clips that they are of.

    Raises:
        WeightsError: it is not there, or not such a file.
    """
    return MeasuredNoise.load(str(path)).stretches, weights.read_card(path.with_suffix(".json"))["clips"]


@exit_status
def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m app.evaluation.detector_errors", description=__doc__.splitlines()[0]
    )
    parser.add_argument("folder", type=Path, help="rendered clips of training people")
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument("--detector", default="movenet")
    parser.add_argument("--add", action="store_true", help="to what the file has already, instead of replacing it")
    options = parser.parse_args()
    detector = Detector(options.detector)
    known, before = _known(options.out) if options.add else ([], [])
    stretches, clips = measure_detector(options.folder, detector, leave_out=set(before))
    stretches, clips = known + stretches, before + clips
    card = {"name": options.out.stem, "detector": detector.description(), "clips": clips, "licence": "Apache-2.0"}
    MeasuredNoise(stretches).save(options.out, card)


if __name__ == "__main__":
    sys.exit(main())
