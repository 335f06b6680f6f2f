"""Work through the clips of a batch: in this process, or in several that each load the networks once.

A worker process that dies (out of memory, say) takes no other clip with it: those that were in its hands are tried once
more, each alone in a fresh process, and only a clip that kills its process again has failed.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from app.batch.clips import Clip
from app.batch.work import Job, Outcome, remove_leftovers, work
from estimators.errors import D3PError

Event = tuple[str, str, int, int | None]  # clip's name, stage, steps done, steps in all
POLL_S = 0.1


class Watcher(Protocol):
    """Is told about clips at work: (name, stage, done, total); the stage is "" when the clip is over."""

    def __call__(self, name: str, stage: str, done: int, total: int | None) -> None: ...


class Reporting:
    """An `app.progress.Progress` that turns into events."""

    def __init__(self, name: str, tell: Callable[[Event], None]) -> None:
        self._name, self._tell = name, tell
        self._stage = ""
        self._total: int | None = None

    def start(self, stage: str, total: int | None) -> None:
        self._stage, self._total = stage, total
        self._tell((self._name, stage, 0, total))

    def update(self, done: int) -> None:
        self._tell((self._name, self._stage, done, self._total))

    def finish(self) -> None: ...

    def warn(self, message: str) -> None: ...


def run_here(clips: Sequence[Clip], job: Job, watch: Watcher) -> Iterator[Outcome]:
    """One clip after the other, in this process."""
    models = job.load(job.options)
    for clip in clips:
        outcome = work(clip, job, models, Reporting(clip.name, lambda event: watch(*event)))
        watch(clip.name, "", 0, None)
        yield outcome


def run_in_processes(clips: Sequence[Clip], job: Job, watch: Watcher, workers: int) -> Iterator[Outcome]:
    """Several clips at a time; outcomes come as they are finished."""
    waiting, suspects = list(clips), list[Clip]()
    while waiting:
        finished: set[Clip] = set()
        in_hand: set[Clip] = set()
        try:
            for clip, outcome in _one_pool(waiting, job, watch, workers, in_hand):
                finished.add(clip)
                yield outcome
            waiting = []
        except BrokenProcessPool:
            suspects += [clip for clip in waiting if clip in in_hand - finished]
            waiting = [clip for clip in waiting if clip not in in_hand | finished]
    for clip in suspects:
        try:
            yield from (outcome for _, outcome in _one_pool([clip], job, watch, 1, set()))
        except BrokenProcessPool:
            watch(clip.name, "", 0, None)
            yield Outcome(
                clip.name, "failed", error="Its worker process died, twice: perhaps the memory was too small."
            )


def _one_pool(
    clips: Sequence[Clip], job: Job, watch: Watcher, workers: int, in_hand: set[Clip]
) -> Iterator[tuple[Clip, Outcome]]:
    """Clips and their outcomes; `in_hand` is kept up to date: those that a worker may have begun, and not finished."""
    context = multiprocessing.get_context("spawn")  # torch does not survive a fork
    events = context.Queue()
    threads = max(1, (os.cpu_count() or 1) // workers)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(job, threads, events))
    clip_of: dict[Future[Outcome], Clip] = {pool.submit(_work, clip): clip for clip in clips}
    try:
        while clip_of:
            in_hand.clear()
            in_hand.update(clip for future, clip in clip_of.items() if future.running())
            complete, _ = wait(clip_of, timeout=POLL_S, return_when=FIRST_COMPLETED)
            _drain(events, watch)
            for future in complete:
                outcome = future.result()  # raises BrokenProcessPool
                watch(outcome.name, "", 0, None)
                yield clip_of.pop(future), outcome
    except BrokenProcessPool:
        raise
    except BaseException:  # cancelled: do not wait for clips that take minutes
        for child in multiprocessing.active_children():
            child.terminate()
        for clip in in_hand:
            remove_leftovers(clip)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _drain(events: Any, watch: Watcher) -> None:
    while True:
        try:
            watch(*events.get_nowait())
        except (queue.Empty, OSError, EOFError):
            return


# --- in a worker process -------------------------------------------------------------------------------------------

_worker: dict[str, Any] = {}


def _begin(job: Job, threads: int, events: Any) -> None:
    """Load the networks, once a process. An initialiser must not raise: what is wrong is told by the first clip."""
    import torch

    torch.set_num_threads(threads)
    _worker.update(job=job, tell=events.put)
    try:
        _worker["models"] = job.load(job.options)
    except D3PError as error:
        _worker["error"] = error


def _work(clip: Clip) -> Outcome:
    if "error" in _worker:
        raise _worker["error"]
    return work(clip, _worker["job"], _worker["models"], Reporting(clip.name, _worker["tell"]))
