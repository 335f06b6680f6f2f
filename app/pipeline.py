"""The main job: a video in, an `Estimate` out. It computes, and writes nothing; `app.outputs` writes.

    probe -> detect and track -> lift -> refine -> place in space

A person goes this way as an `Observation`, frame by frame at even moments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from app.left_out import people_left_out, sentences
from app.media.focal import find_camera
from app.media.video import VideoInfo, probe
from app.models import Lifts, Models, Refines
from app.motion import Motion, PersonMotion
from app.options import Options
from app.people import People, find_people
from app.progress import Progress, Silent, Stages
from app.quality.measures import guesses, quality
from app.version import __version__
from app.world.root import estimate_roots
from estimators.belief import believed_joints, widened
from estimators.even import Grid
from estimators.observation import Observation


@dataclass(frozen=True)
class Estimate:
    """What a video shows, in 3D.

    Attributes:
        motion: the people whom the run is about.
        people: everybody in 2D, for another run on the same video.
        video: the file, upright: the picture that all pixels refer to.
        doubts: by id, (N,17,2) metres, NaN where missing: what sigma is made of, see `refiner.refiner.Refined`; empty
            without a refiner.
        seconds: how long each stage took, by name.
    """

    motion: Motion
    people: People
    video: VideoInfo
    doubts: dict[int, np.ndarray]
    seconds: dict[str, float]

    @cached_property
    def quality(self) -> dict[str, Any]:
        """The measures that need no truth, as in quality.json, see `app.quality.measures`."""
        return quality(self.motion)

    @cached_property
    def warnings(self) -> list[str]:
        """What was wrong with the video, who and what was left out of it, and what the picture does not show."""
        return [*self.people.warnings, *sentences(self.motion), *guesses(self.motion)]


def estimate(
    video: str | Path,
    options: Options | None = None,
    progress: Progress | None = None,
    models: Models | None = None,
    people: People | None = None,
) -> Estimate:
    """Find, lift and refine the people of a video.

    Args:
        video: file.
        options: what to do.
        progress: is told about every stage; any of its methods may raise to cancel.
        models: loaded already, for several videos in a row; else loaded from `options`.
        people: found by an earlier run; found anew unless they are of this very video and detector.

    Raises:
        D3PError: anything that a user can cause, see `estimators.errors`.
    """
    options, stages = options or Options(), Stages(progress or Silent())
    with stages("Prepare", None):
        info = probe(Path(video))
        camera = find_camera(info.path, info.size, options.focal)
        models = models or Models.load(options)
        models = models if options.refine else replace(models, refiner=None)
    people = _find(info, models, options, people, stages)
    if people.turn:
        info = info.turned(people.turn)
        camera = {**find_camera(info.path, info.size, options.focal), "turned_deg": people.turn}
    chosen, left_out = _chosen(people, options, float(camera["focal_px"]))
    clock = people.clock
    grid = Grid.of(clock.timestamps, float(clock.fps), chosen[0].cuts)
    # What follows counts in frames: the windows of networks, smoothing, differences.
    observed = [_evenly(track, grid, people) for track in chosen]
    paths = [_Path(one) for one in observed]
    _through_networks(paths, models, options, stages)
    roots = estimate_roots(observed, [path.best for path in paths])
    motion = Motion(
        people=tuple(path.person(track, root, grid) for path, track, root in zip(paths, chosen, roots, strict=True)),
        timestamps=clock.timestamps,
        fps=clock.fps,
        image_size=info.size,
        source={"name": info.path.name, "sha256": info.sha256},
        camera=camera,
        models={**models.descriptions(), "d3prefiner": __version__},
        options=asdict(options),
        looked=chosen[0].looked,
        start_offset=None if info.sound_start is None else clock.start - info.sound_start,
        cuts=chosen[0].cuts,
        left_out=left_out,
    )
    doubts = {
        track.id: grid.to_frames(path.doubts, track.present)
        for path, track in zip(paths, chosen, strict=True)
        if path.doubts is not None
    }
    made = Estimate(motion, people, info, doubts, stages.seconds)
    for warning in made.warnings[len(people.warnings) :]:
        stages.progress.warn(warning)
    return made


def _find(info: VideoInfo, models: Models, options: Options, known: People | None, stages: Stages) -> People:
    """The pass over the video, if it has not been made already."""
    with stages("Detect and track", len(info.clock.ticks)) as progress:
        people = find_people(info, models.detector, progress, known, options.looks, options.rotate)
    for warning in people.warnings:
        stages.progress.warn(warning)
    return people


def _chosen(people: People, options: Options, focal: float) -> tuple[list[Observation], tuple[dict[str, int], ...]]:
    """Those whom the run is about, with Human3.6M joints and the camera's focal length, and who else there is."""
    from estimators.tracking.select import real_people, select_people

    chosen = select_people(people.tracks, options.person)
    left_out = people_left_out(real_people(people.tracks), chosen)
    return [track.to_h36m().seen_by(focal) for track in chosen], left_out


def _through_networks(paths: list[_Path], models: Models, options: Options, stages: Stages) -> None:
    """Lift and, if there is a refiner, refine everybody."""
    seen = sum(path.frames for path in paths)
    with stages("Lift", seen) as progress:
        frames = _Frames(progress)
        for path in paths:
            path.lift(models.lifter, frames)
    if models.refiner is not None:
        with stages("Refine", seen) as progress:
            frames = _Frames(progress)
            for path in paths:
                path.refine(models.refiner, options.steps, frames)


def _evenly(track: Observation, grid: Grid, people: People) -> Observation:
    """A track at the moments of `grid`, with what is known beside: which joints are believed."""
    moved = replace(grid.resample(track), fps=people.clock.fps)
    return replace(moved, believed=believed_joints(moved))


class _Path:
    """One person on the way through the networks; each stretch without a gap or a cut goes by itself."""

    def __init__(self, observed: Observation) -> None:
        self.observed, self.runs = observed, observed.runs()
        self.frames = int(observed.present.sum())
        self.lifted = self._nothing(17, 3)
        self.refined: np.ndarray | None = None
        self.sigma: np.ndarray | None = None
        self.doubts: np.ndarray | None = None

    @property
    def best(self) -> np.ndarray:
        """(N,17,3) metres: refined, or lifted if nobody has refined."""
        return self.lifted if self.refined is None else self.refined

    def lift(self, lifter: Lifts, frames: _Frames) -> None:
        """Fill `lifted`."""
        for run in self.runs:
            with frames.counted(run) as on_progress:
                self.lifted[run] = lifter.lift(self.observed.part(run), on_progress=on_progress)

    def refine(self, refiner: Refines, steps: int, frames: _Frames) -> None:
        """Fill `refined`, `sigma` and `doubts`."""
        self.refined = refined = self._nothing(17, 3)
        self.sigma, self.doubts = sigma, doubts = self._nothing(17), self._nothing(17, 2)
        for run in self.runs:
            with frames.counted(run) as on_progress:
                found = refiner.refine(self.observed.part(run), self.lifted[run], steps, on_progress=on_progress)
            refined[run], sigma[run], doubts[run] = found.poses, found.sigma, found.doubts

    def person(self, track: Observation, root: np.ndarray, grid: Grid) -> PersonMotion:
        """What was found, brought from the moments of `grid` to the frames of `track`."""
        known = self.observed.believed
        assert known is not None

        def at_frames(values: np.ndarray | None) -> Any:
            return None if values is None else grid.to_frames(values, track.present)

        return PersonMotion(
            id=track.id,
            keypoints_2d=track.keypoints,
            scores=track.scores,
            provenance=track.provenance,
            lifted=at_frames(self.lifted),
            root=at_frames(root),
            refined=at_frames(self.refined),
            sigma=at_frames(None if self.sigma is None else widened(self.sigma, known)),
            believed=at_frames(known),
            pose_3d=track.pose_3d,
            pose_3d_scores=track.pose_3d_scores,
        )

    def _nothing(self, *shape: int) -> np.ndarray:
        return np.full((len(self.observed), *shape), np.nan, np.float32)


class _Frames:
    """Counts frames over everybody for `progress`: networks count windows, people watch frames."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._done = progress, 0

    @contextmanager
    def counted(self, run: slice) -> Iterator[Callable[[int, int], None]]:
        """For a network at work on a stretch of frames: what it tells of its windows, done and in all."""
        length = run.stop - run.start
        yield lambda part, whole: self._progress.update(self._done + length * part // max(whole, 1))
        self._done += length
        self._progress.update(self._done)
