"""The main job: a video in, a Motion and its pictures out.

    probe -> detect and track -> lift -> refine -> draw and write

The video is decoded twice, each time in order and one frame at a time. The second pass, for drawing, is what bounded
memory costs: what is drawn depends on the whole clip (one floor, one scale, lifting windows that look ahead), so the
pictures of the first pass would have to be kept. Decoding takes a small part of the time that detection does.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from app.export import export, exported_files
from app.left_out import people_left_out, sentences
from app.media.clock import Clock
from app.media.focal import find_camera
from app.media.video import VideoInfo, VideoReader, probe
from app.models import Models
from app.motion import Motion, PersonMotion, runs
from app.options import Options
from app.people import People, find_people
from app.progress import Progress, Silent
from app.quality.measures import guesses, quality, save_quality
from app.quality.page import save_report
from app.world.root import Seen, estimate_roots
from estimators.belief import believed_joints, widened
from estimators.errors import ConfigError, VideoError
from estimators.even import Grid
from estimators.files import complete_folder
from estimators.gaps import Provenance, Track2D
from estimators.skeleton import H36M17

MOTION, SIDE_BY_SIDE, QUALITY, REPORT = "motion.npz", "side_by_side.mp4", "quality.json", "quality.html"
OUTPUTS = (MOTION, SIDE_BY_SIDE, QUALITY, REPORT)


@dataclass(frozen=True)
class Result:
    """What a run has made.

    Attributes:
        motion: the people in 3D.
        quality: as in quality.json.
        files: the files written, in the order of `OUTPUTS`, then the exports.
        seconds: how long each stage took, by name.
        people: everybody in 2D, for another run on the same video.
        not_brought: what could not be brought from the video into the side-by-side one, a sentence each.
    """

    motion: Motion
    quality: dict[str, Any]
    files: list[Path]
    seconds: dict[str, float]
    people: People
    not_brought: list[str]

    @property
    def warnings(self) -> list[str]:
        """What was wrong with the video, what it does not show, what was left out of it, and what could not be brought along."""
        return [*self.people.warnings, *sentences(self.motion), *guesses(self.motion), *self.not_brought]


def run(
    video: str | Path,
    folder: str | Path,
    options: Options | None = None,
    progress: Progress | None = None,
    models: Models | None = None,
    exports: Sequence[str] = (),
    people: People | None = None,
) -> Result:
    """Process one video.

    Args:
        video: file.
        folder: where the results go; made if need be. Nothing is written into it unless the whole run succeeds.
        options: what to do.
        progress: is told about every stage; may raise to cancel.
        models: loaded already, for several videos in a row; else loaded from `options`.
        exports: formats of `app.export` to write as well, as `motion.FORMAT`.
        people: found by an earlier run; found anew unless they are of this very video and detector.

    Raises:
        D3PError: anything that a user can cause, see `estimators.errors`.
    """
    video, folder, options = Path(video), Path(folder), options or Options()
    stages = Stages(progress or Silent())
    with stages("Prepare", None):
        info = probe(video)
        camera = find_camera(info.path, info.size, options.focal)
        check_output_folder(folder)
        models = models or Models.load(options)
    people = _find(info, models, options, people, stages)
    if people.turn:
        info = info.turned(people.turn)
        camera = {**find_camera(info.path, info.size, options.focal), "turned_deg": people.turn}
    (seen, left_out), clock = _chosen(people, options), people.clock
    grid = Grid.of(clock.timestamps, float(clock.fps), seen[0].cuts)
    tracks = [grid.resample(track) for track in seen]  # what follows counts in frames
    lifted = _lift(tracks, clock, models, stages)
    refined = _refine(tracks, lifted, clock, models, options, camera, stages)
    motion = _assemble(info, clock, grid, seen, tracks, lifted, refined, models, options, camera, left_out)
    for sentence in sentences(motion):
        stages.progress.warn(sentence)
    measures = quality(motion)
    for warning in guesses(motion):
        stages.progress.warn(warning)
    not_brought: list[str] = []
    with complete_folder(folder) as staging:
        motion.save(staging / MOTION)
        save_quality(measures, staging / QUALITY)
        save_report(motion, measures, staging / REPORT)
        if options.video:
            not_brought = _draw(motion, clock, info, staging / SIDE_BY_SIDE, stages)
        exported = [path.name for path in export(motion, exports, staging)] if exports else []
    for stale in exported_files(folder):  # of an earlier run: they show another motion
        if stale.name not in exported:
            stale.unlink()
    if not options.video:
        (folder / SIDE_BY_SIDE).unlink(missing_ok=True)  # of an earlier run: it shows another motion
    files = [folder / name for name in (*OUTPUTS, *exported) if options.video or name != SIDE_BY_SIDE]
    return Result(motion, measures, files, stages.seconds, people, not_brought)


class Stages:
    """Names the stages to `progress` and measures how long each takes."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str, total: int | None) -> Iterator[Progress]:
        started = time.perf_counter()
        self.progress.start(name, total)
        yield self.progress
        self.seconds[name] = round(time.perf_counter() - started, 3)
        self.progress.finish()


def check_output_folder(folder: Path) -> None:
    """Find out before the work whether its result can be written.

    Raises:
        ConfigError: it cannot.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"The results cannot go to {folder}: that is a file; choose another folder with -o.")
    above = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise ConfigError(f"The results cannot go to {folder}: {above} is not a folder that may be written to.")


def _find(info: VideoInfo, models: Models, options: Options, known: People | None, stages: Stages) -> People:
    """The first pass over the video, if it has not been made already."""
    with stages("Detect and track", len(info.clock.ticks)) as progress:
        people = find_people(info, models.detector, progress, known, options.looks, options.rotate)
    for warning in people.warnings:
        stages.progress.warn(warning)
    return people


def _chosen(people: People, options: Options) -> tuple[list[Track2D], tuple[dict[str, int], ...]]:
    """Those whom the run is about, with Human3.6M joints, and who else there is."""
    from estimators.tracking.select import real_people, select_people

    chosen = select_people(people.tracks, options.person)
    return [track.to_h36m() for track in chosen], people_left_out(real_people(people.tracks), chosen)


def _lift(tracks: list[Track2D], clock: Clock, models: Models, stages: Stages) -> list[np.ndarray]:
    """(N,17,3) for each track; each stretch without a gap or a cut is lifted by itself, be it a single frame."""

    def lift(track: Track2D, run: slice, on_progress: Callable[[int, int], None]) -> np.ndarray:
        return models.lifter.lift(track.keypoints[run], track.image_size, float(clock.fps), on_progress=on_progress)

    with stages("Lift", _frames_seen(tracks)) as progress:
        return [poses for (poses,) in _over_runs(tracks, [(17, 3)], lambda *job: (lift(*job),), progress)]


def _refine(
    tracks: list[Track2D],
    lifted: list[np.ndarray],
    clock: Clock,
    models: Models,
    options: Options,
    camera: dict[str, Any],
    stages: Stages,
) -> list[tuple[np.ndarray | None, np.ndarray | None]]:
    """(N,17,3) poses and (N,17) standard deviations for each track; None for both without a refiner."""
    refiner = models.refiner
    if refiner is None:
        return [(None, None)] * len(tracks)
    poses_of = {id(track): poses for track, poses in zip(tracks, lifted, strict=True)}

    def refine(track: Track2D, run: slice, on_progress: Callable[[int, int], None]) -> tuple[np.ndarray, np.ndarray]:
        refined = refiner.refine(
            track.keypoints[run],
            poses_of[id(track)][run],
            track.image_size,
            float(clock.fps),
            steps=options.steps,
            on_progress=on_progress,
            scores=track.scores[run],
            focal=camera["focal_px"],
        )
        return refined.poses, refined.sigma

    with stages("Refine", _frames_seen(tracks)) as progress:
        return [(poses, sigma) for poses, sigma in _over_runs(tracks, [(17, 3), (17,)], refine, progress)]


def _frames_seen(tracks: list[Track2D]) -> int:
    return sum(int((track.provenance != Provenance.MISSING).sum()) for track in tracks)


def _over_runs(
    tracks: list[Track2D],
    shapes: list[tuple[int, ...]],
    function: Callable[[Track2D, slice, Callable[[int, int], None]], tuple[np.ndarray, ...]],
    progress: Progress,
) -> list[list[np.ndarray]]:
    """Apply `function` to every stretch of frames in which a person is seen; NaN elsewhere.

    Returns:
        For each track one float32 array (N, *shape) per shape.
    """
    results, done = [], 0
    for track in tracks:
        arrays = [np.full((len(track.provenance), *shape), np.nan, np.float32) for shape in shapes]
        for run in runs(track.provenance != Provenance.MISSING, track.cuts):
            length = run.stop - run.start
            values = function(track, run, partial(_count_frames, progress, done, length))
            for array, value in zip(arrays, values, strict=True):
                array[run] = value
            done += length
            progress.update(done)
        results.append(arrays)
    return results


def _count_frames(progress: Progress, before: int, length: int, part: int, whole: int) -> None:
    """The models count windows; people watch frames."""
    progress.update(before + length * part // max(whole, 1))


def _assemble(
    info: VideoInfo,
    clock: Clock,
    grid: Grid,
    seen: list[Track2D],
    tracks: list[Track2D],
    lifted: list[np.ndarray],
    refined: list[tuple[np.ndarray | None, np.ndarray | None]],
    models: Models,
    options: Options,
    camera: dict[str, Any],
    left_out: tuple[dict[str, int], ...],
) -> Motion:
    """Everything found, as a Motion: `seen` at the frames, the rest at the moments of `grid`."""
    believed = [believed_joints(track) for track in tracks]
    placed = [
        Seen(track.keypoints, track.scores, raw if better is None else better, known)
        for track, raw, (better, _), known in zip(tracks, lifted, refined, believed, strict=True)
    ]
    roots = estimate_roots(placed, H36M17, info.size, camera["focal_px"], float(clock.fps), tracks[0].cuts)
    people = []
    for track, raw, root, (better, sigma), known in zip(seen, lifted, roots, refined, believed, strict=True):
        doubt = None if sigma is None else widened(sigma, known)
        at_frames: list[Any] = [
            values if values is None else grid.to_frames(values, track.present)
            for values in (raw, root, better, doubt, known)
        ]
        people.append(PersonMotion(track.id, track.keypoints, track.scores, track.provenance, *at_frames))
    return Motion(
        people=tuple(people),
        timestamps=clock.timestamps,
        fps=clock.fps,
        image_size=info.size,
        source={"name": info.path.name, "sha256": info.sha256},
        camera=camera,
        models={**models.descriptions(), "d3prefiner": own_version()},
        options=asdict(options),
        looked=seen[0].looked,
        start_offset=None if info.sound_start is None else clock.start - info.sound_start,
        cuts=seen[0].cuts,
        left_out=left_out,
    )


def own_version() -> str:
    try:
        return version("d3prefiner")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"


def _draw(motion: Motion, clock: Clock, info: VideoInfo, target: Path, stages: Stages) -> list[str]:
    """The second pass over the video: the side-by-side pictures, with its sound. Returns what was left out.

    Raises:
        VideoError: the file has changed since the first pass.
    """
    from app.media.sound import bring_sound
    from app.media.writer import VideoWriter
    from app.picture.side_by_side import SideBySide

    pictures = SideBySide(motion)
    index = 0
    with TemporaryDirectory(dir=target.parent) as scratch, stages("Draw", len(motion)) as progress:
        sound, not_brought = bring_sound(info.path, clock.start, clock.seconds, Path(scratch) / "sound.mp4")
        for warning in not_brought:
            progress.warn(warning)
        with VideoWriter(target, pictures.size, clock, sound=sound) as writer:
            for picture in VideoReader(info.path, info.turn):
                if index == len(motion):
                    index += 1
                    break
                writer.write(pictures.draw(index, picture))
                index += 1
                progress.update(index)
        if index != len(motion):
            raise VideoError(f"{info.path.name} has changed while it was being processed.")
    return not_brought
