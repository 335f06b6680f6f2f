"""SIGKILL `d3p batch`, workers included, at random moments; start it again; look at everything it left."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np

from app.media.clock import Clock
from app.media.video import VideoReader, probe
from app.media.writer import VideoWriter
from app.motion import Motion
from demo_videos.truth import demo_clips
from tests.support.fakes import pictures
from tests.support.paths import ROOT
from tests.support.video_files import write_video

WORKERS = 2
FRAMES = 20
SIZE = (320, 180)  # pixels, at most


@dataclass
class Tally:
    """What was counted. All that is in `wrong` must not have happened."""

    kills: int = 0
    finished: int = 0  # batches brought to their end
    killed_at_the_end: int = 0  # attempts that were over before their moment came
    done_when_killed: int = 0  # clips that were done at a kill, summed
    in_flight: list[int] = field(default_factory=list)  # clips begun and not done, at each kill
    wrong: list[str] = field(default_factory=list)

    def table(self) -> str:
        """Markdown."""
        most = max(self.in_flight, default=0)
        rows = {
            "SIGKILLs of the whole process group": self.kills,
            "batches brought to their end, all clips equal to the uninterrupted run": self.finished,
            "attempts that ended before their moment": self.killed_at_the_end,
            "done clips looked at after kills": self.done_when_killed,
            "clips in flight at a kill: mean, most": f"{np.mean(self.in_flight or [0]):.2f}, {most}",
            "clips redone though they were done, lost, broken, or left over": len(self.wrong),
        }
        return "| batch | |\n|---|---:|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows.items())


def make_clips(folder: Path, count: int, stand_ins: bool) -> list[str]:
    """Short, small clips: parts of the bundled ones, or bright pictures for the stand-ins; returns their names."""
    folder.mkdir(parents=True)
    names = []
    if stand_ins:
        for number in range(count):
            n = FRAMES + number
            write_video(folder / f"bright-{number}.mp4", n, (160, 120), pictures=pictures([True] * n))
        return [f"bright-{number}.mp4" for number in range(count)]
    sources = [video for video, _ in demo_clips().values()]
    for number in range(count):
        source = sources[number % len(sources)]
        whole = probe(source)
        first = FRAMES * (number // len(sources))
        scale = min(1.0, SIZE[0] / whole.size[0])
        size = tuple(int(side * scale) // 2 * 2 for side in whole.size)
        clock = whole.clock
        part = Clock(clock.fps, clock.time_base, clock.ticks[:FRAMES], clock.durations[:FRAMES], clock.constant)
        names.append(f"{source.stem}-{first}.mp4")
        with VideoWriter(folder / names[-1], size, part) as writer:  # type: ignore[arg-type]
            for picture in islice(VideoReader(source), first, first + FRAMES):
                writer.write(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    return names


class Batch:
    """A folder of clips, and the command that works through it."""

    def __init__(self, clips: Path, names: list[str], output: Path, command: list[str]) -> None:
        self.names, self.output = names, output
        self.temporary = output.with_name(output.name + "-tmp")
        self.temporary.mkdir(parents=True, exist_ok=True)
        self.command = [*command, "batch", str(clips), "-o", str(output), "--workers", str(WORKERS), "--to", "bvh,csv"]
        self.log = output.with_name(output.name + ".log")

    def start(self) -> subprocess.Popen:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": str(self.temporary)}
        with self.log.open("a") as log:
            return subprocess.Popen(
                self.command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def done(self) -> dict[str, int]:
        """Clips with a marker, and when it was written."""
        markers = {name: self.output / name / "done.json" for name in self.names}
        return {name: marker.stat().st_mtime_ns for name, marker in markers.items() if marker.exists()}

    def begun(self) -> dict[str, int]:
        """Clips with a log, and when it was last written."""
        logs = {name: self.output / name / "log.txt" for name in self.names}
        return {name: log.stat().st_mtime_ns for name, log in logs.items() if log.exists()}

    def problems(self, name: str) -> list[str]:
        """What is wrong with a clip that is done."""
        folder = self.output / name
        try:
            motion = Motion.load(folder / "motion.npz")
            json.loads((folder / "quality.json").read_text())
            with av.open(str(folder / "side_by_side.mp4")) as video:
                frames = sum(1 for _ in video.decode(video=0))
            sizes = json.loads((folder / "done.json").read_text())["files"]
            wrong = [file for file, size in sizes.items() if (folder / file).stat().st_size != size]
            if frames != len(motion) or wrong:
                return [f"{name}: {frames} pictures of {len(motion)} frames, wrong sizes: {wrong}"]
        except Exception as error:  # noqa: BLE001  anything at all is a broken output
            return [f"{name}: {type(error).__name__}: {error}"]
        return []

    def fingerprint(self) -> dict[str, str]:
        """What each clip's results hold."""
        found = {}
        for name in self.names:
            folder = self.output / name
            person = Motion.load(folder / "motion.npz").most_seen
            hashed = hashlib.sha256()
            for array in (person.keypoints_2d, person.lifted, person.best, person.root):
                hashed.update(array.tobytes())
            for file in ("side_by_side.mp4", "quality.json", "motion.csv"):
                hashed.update((folder / file).read_bytes())
            found[name] = hashed.hexdigest()
        return found

    def leftovers(self) -> list[str]:
        """Temporary files of any kind."""
        left = [path for path in self.output.rglob("*") if "partial-" in path.name or path.suffix == ".tmp"]
        return [str(path) for path in [*left, *self.temporary.iterdir()]]


def kill_batches(folder: Path, kills: int, clips: int, seed: int, stand_ins: bool = False) -> Tally:
    """Kill `kills` times, over as many batches as it takes; the last one is brought to its end.

    Args:
        stand_ins: in place of the networks, which take most of the time and nothing of what is tested.
    """
    command = [sys.executable, "-m", "tests.hostile.standing" if stand_ins else "app"]
    rng, tally = random.Random(seed), Tally()
    names = make_clips(folder / "clips", clips, stand_ins)
    reference = Batch(folder / "clips", names, folder / "reference", command)
    started = time.monotonic()
    if reference.start().wait() != 0:
        raise RuntimeError(f"the uninterrupted batch failed: {reference.log.read_text()[-2000:]}")
    length = time.monotonic() - started
    expected = reference.fingerprint()
    print(f"uninterrupted: {clips} clips in {length:.1f} s", flush=True)
    batch = Batch(folder / "clips", names, folder / "batch-0", command)
    while True:
        before = batch.done()
        begun = batch.begun()
        process = batch.start()
        last = tally.kills >= kills
        try:
            code = process.wait(None if last else rng.uniform(1.0, max(2.0, length)))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            tally.kills += 1
            _look(batch, before, begun, tally)
            continue
        tally.killed_at_the_end += not last
        _look_at_the_end(batch, before, code, expected, tally)
        shutil.rmtree(batch.output)
        shutil.rmtree(batch.temporary)
        if last:
            return tally
        batch = Batch(folder / "clips", names, folder / f"batch-{tally.finished}", command)


def _look(batch: Batch, before: dict[str, int], begun: dict[str, int], tally: Tally) -> None:
    known = len(tally.wrong)
    now, logs = batch.done(), batch.begun()
    tally.done_when_killed += len(now)
    flying = [name for name in logs if logs[name] != begun.get(name) and name not in now]
    tally.in_flight.append(len(flying))
    if len(flying) > WORKERS:
        tally.wrong.append(f"{len(flying)} clips in flight")
    tally.wrong += [f"{name}: done before, and done again or lost" for name in before if now.get(name) != before[name]]
    for name in now:
        tally.wrong += batch.problems(name)
    print(f"kill {tally.kills}: {len(now)} done, {len(flying)} in flight, {len(tally.wrong)} wrong", flush=True)
    _tell(tally.wrong[known:])


def _look_at_the_end(batch: Batch, before: dict[str, int], code: int, expected: dict[str, str], tally: Tally) -> None:
    known = len(tally.wrong)
    now = batch.done()
    tally.finished += 1
    if code != 0 or set(now) != set(batch.names):
        tally.wrong.append(f"exit code {code}, done: {sorted(now)}; {batch.log.read_text()[-1000:]}")
        return
    tally.wrong += [f"{name}: done before, and done again" for name in before if now[name] != before[name]]
    found = batch.fingerprint()
    tally.wrong += [f"{name}: another result" for name in expected if found[name] != expected[name]]
    tally.wrong += [f"left over: {path}" for path in batch.leftovers()]
    print(f"batch {tally.finished} finished: {len(tally.wrong)} wrong", flush=True)
    _tell(tally.wrong[known:])


def _tell(wrong: list[str]) -> None:
    """At once: who stops the test wants to know, too."""
    for one in wrong:
        print(f"  {one}", flush=True)
