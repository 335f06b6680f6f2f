"""Run cases, each in a forked process with limits, and judge what it did besides what it says.

The parent imports everything heavy once and computes nothing itself, so that a fork is safe and costs milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .case import Case, End, Place
from .confined import be_the_case

LIBRARIES_CACHES = (".config", ".cache", "YAPF")  # matplotlib's and that of mmengine's formatter


@dataclass(frozen=True)
class Verdict:
    """What became of a case: `how` is an `End`, or what was wrong; `detail` the message or the traceback."""

    case: Case
    how: str
    detail: str
    seconds: float
    grown_mb: float

    @property
    def good(self) -> bool:
        """Whether it ended as it may."""
        return self.how in self.case.ends


def run_all(cases: Sequence[Case], scratch: Path, material: Path, jobs: int = 1) -> Iterator[Verdict]:
    """Run cases, `jobs` at a time; each gets a folder of its own below `scratch`, which goes afterwards."""
    if jobs > 1:
        yield from _run_in_jobs(cases, scratch, material, jobs)
        return
    with _listening() as listener:
        for number, case in enumerate(cases):
            root = scratch / f"case-{number}"
            place = Place(root, material, listener.getsockname()[1])
            for folder in (place.inputs, root / "home", root / "tmp", root / "cwd"):
                folder.mkdir(parents=True)
            try:
                yield _run(case, place, listener)
            finally:
                _unlock(root)
                shutil.rmtree(root, ignore_errors=True)


def _run_in_jobs(cases: Sequence[Case], scratch: Path, material: Path, jobs: int) -> Iterator[Verdict]:
    """Every `jobs`-th case in a process of its own, which tells its verdicts line by line."""
    told: list[IO[str]] = []
    children = []
    for job in range(jobs):
        reading, writing = os.pipe()
        sys.stdout.flush()
        if (child := os.fork()) == 0:
            code = 1
            try:
                os.close(reading)
                with os.fdopen(writing, "w") as pipe:
                    for number, one in enumerate(run_all(cases[job::jobs], scratch / f"job-{job}", material)):
                        said = [number * jobs + job, str(one.how), one.detail, one.seconds, one.grown_mb]
                        pipe.write(json.dumps(said) + "\n")
                        pipe.flush()
                code = 0
            finally:
                if code:
                    traceback.print_exc()
                os._exit(code)  # what the parent has begun is the parent's to end
        os.close(writing)
        told.append(os.fdopen(reading))
        children.append(child)
    while told:
        for pipe in select.select(told, [], [])[0]:
            if line := pipe.readline():
                number, how, detail, seconds, grown = json.loads(line)
                yield Verdict(cases[number], how, detail, seconds, grown)
            else:
                told.remove(pipe)
                pipe.close()
    if any(os.waitpid(child, 0)[1] for child in children):
        raise RuntimeError("a process that ran cases died")


@contextmanager
def _listening() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


def _run(case: Case, place: Place, listener: socket.socket) -> Verdict:
    if case.prepare:
        case.prepare(place)
    before, started = _snapshot(place), time.monotonic()
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        be_the_case(case, place, writing)
    os.close(writing)
    said, status, usage = _wait(child, reading, started + case.seconds)
    seconds = time.monotonic() - started
    grown = usage.ru_maxrss / 1024 - said["began_mb"] if said else 0.0
    how, detail = _judge(case, place, said, status, before, listener)
    if how in tuple(End) and grown > case.memory_mb:
        how, detail = "memory", f"grew by {grown:.0f} MB, not by at most {case.memory_mb}: {detail}"
    return Verdict(case, how, detail, seconds, grown)


def _wait(child: int, reading: int, deadline: float) -> tuple[dict[str, Any] | None, int | None, Any]:
    """What the child says, its status (None: it had to be killed) and its resource usage."""
    said = b""
    hung = False
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            hung = True
            os.killpg(child, signal.SIGKILL)
            break
        if not (piece := os.read(reading, 1 << 16)):
            break
        said += piece
    os.close(reading)
    _, status, usage = os.wait4(child, 0)
    try:
        return json.loads(said), None if hung else status, usage
    except ValueError:
        return None, None if hung else status, usage


def _judge(
    case: Case, place: Place, said: dict[str, Any] | None, status: int | None, before: dict, listener: socket.socket
) -> tuple[str, str]:
    if status is None:
        return "hang", f"not over after {case.seconds:g} s"
    if place.canary.exists():
        return "code run", "code from a file was run"
    if _knocked(listener):
        return "network", "it connected to an address in a file"
    if said is None:
        killed = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit code {os.WEXITSTATUS(status)}"
        return "crash", f"the process died: {killed}"
    for event in said["events"]:
        if event.startswith("connect") and not case.connects:
            return "network", event
        if event.startswith("process") and not case.starts:
            return "code run", event
        if event.startswith("write"):
            return "stray file", event
    if changed := _difference(before, _snapshot(place)):
        return "stray file", changed
    if left := [str(path) for path in place.out.rglob("*") if ".partial-" in path.name or path.suffix == ".tmp"]:
        return "stray file", f"left in the output folder: {left}"
    return said["how"], said["detail"]


def _knocked(listener: socket.socket) -> bool:
    if not select.select([listener], [], [], 0)[0]:
        return False
    listener.accept()[0].close()
    return True


def _snapshot(place: Place) -> dict[str, str]:
    """Everything below the place but the output folder and libraries' caches: path to what it is."""
    found = {}
    for top, folders, files in os.walk(place.root):
        here = Path(top)
        if here == place.root:
            folders[:] = [name for name in folders if name not in ("out", "cache")]
        if here == place.root / "home":
            folders[:] = [name for name in folders if name not in LIBRARIES_CACHES]
        for name in folders + files:
            path = here / name
            state = path.lstat()
            what = f"{state.st_mode} {state.st_size if path.is_file() else 0}"
            if path.is_file() and not path.is_symlink() and state.st_size < 1 << 22 and os.access(path, os.R_OK):
                what += hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path.relative_to(place.root))] = what
    return found


def _difference(before: dict[str, str], after: dict[str, str]) -> str:
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return f"changed outside the output folder: {changed[:5]}" if changed else ""


def _unlock(root: Path) -> None:
    for top, _, _ in os.walk(root):
        os.chmod(top, 0o777)
