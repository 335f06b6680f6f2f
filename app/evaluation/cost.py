"""How long each stage of the pipeline takes, and how much memory, on a clip of any length.

Every measurement runs in a process of its own, so that its peak of memory is its own. Peaks are of the whole process up
to the end of a stage: networks, libraries and all.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from app import outputs
from app.media.clock import make_clock
from app.media.video import VideoReader, probe
from app.media.writer import VideoWriter
from app.models import Models
from app.options import Options
from estimators.errors import ConfigError
from estimators.processes import safe_path

LOOP_FRAMES = 300  # of a clip are repeated to make a longer one: what is kept in memory meanwhile


@dataclass(frozen=True)
class StageCost:
    """What a stage took: wall-clock and processor seconds (of all threads), and the peak of memory so far, in bytes."""

    name: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Cost:
    """What a run took. `stages` are in order; "Load" is everything before the video is opened, networks included."""

    frames: int
    fps: float
    stages: list[StageCost]

    @property
    def seconds(self) -> float:
        """Wall-clock seconds without loading."""
        return sum(stage.seconds for stage in self.stages[1:])

    @property
    def peak_bytes(self) -> int:
        """The most memory that the process held at any time."""
        return max(stage.peak_bytes for stage in self.stages)


class Meter:
    """An `app.progress.Progress` that notes what each stage takes, and what lies between them as "Between"."""

    def __init__(self) -> None:
        self.stages: list[StageCost] = []
        self._stage = "Load"
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def start(self, stage: str, total: int | None) -> None:
        self.mark(stage)

    def update(self, done: int) -> None: ...

    def finish(self) -> None:
        self.mark("Between")

    def warn(self, message: str) -> None: ...

    def mark(self, stage: str) -> None:
        """What ran until now is over, and `stage` begins."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.stages.append(StageCost(self._stage, wall - self._wall, cpu - self._cpu, peak_memory()))
        self._stage, self._wall, self._cpu = stage, wall, cpu


def measure_cost(video: str | Path, options: Options, seconds: float | None = None) -> Cost:
    """Run the pipeline on a video, in a process of its own.

    Args:
        seconds: so long is made of the video by `loop`; None: as it is.

    Raises:
        D3PError: the run fails, or its process dies.
    """
    with tempfile.TemporaryDirectory() as scratch:
        clip = Path(video) if seconds is None else loop(Path(video), Path(scratch) / "loop.mp4", seconds)
        with safe_path(), ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            try:
                return pool.submit(_run, clip, Path(scratch) / "out", options).result()
            except BrokenProcessPool as error:
                raise ConfigError(f"The process died at work on {clip.name}: perhaps for want of memory.") from error


def _run(clip: Path, folder: Path, options: Options) -> Cost:
    meter = Meter()
    models = Models.load(options)
    result = outputs.run(clip, folder, options, meter, models)
    meter.mark("")
    named: dict[str, StageCost] = {}
    for one in meter.stages:
        before = named.get(one.name, StageCost(one.name, 0.0, 0.0, 0))
        seconds, cpu = before.seconds + one.seconds, before.cpu_seconds + one.cpu_seconds
        named[one.name] = StageCost(one.name, seconds, cpu, one.peak_bytes)
    return Cost(len(result.motion), float(result.motion.fps), list(named.values()))


def loop(video: Path, target: Path, seconds: float) -> Path:
    """Write a clip of a given length: the beginning of a video to and fro without end, so that it never cuts.

    Raises:
        VideoError: see `app.media.video.probe`. ConfigError: not one frame long.
    """
    info = probe(video)
    count = round(seconds * float(info.fps))
    if count < 1:
        raise ConfigError(f"A clip of {seconds} seconds has no frame.")
    width, height = (side - side % 2 for side in info.size)
    pictures = [picture[:height, :width] for picture in islice(VideoReader(video), min(count, LOOP_FRAMES))]
    fps = info.fps.limit_denominator(1001)
    clock = make_clock(range(count), 1 / Fraction(fps), [fps])
    with VideoWriter(target, (width, height), clock) as writer:
        for picture in islice(_to_and_fro(pictures), count):
            writer.write(picture)
    return target


def _to_and_fro(pictures: list[np.ndarray]) -> Iterator[np.ndarray]:
    while True:
        yield from pictures
        yield from pictures[-2:0:-1]


def peak_memory() -> int:
    """The most bytes that this process has held so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
