"""Work through the clips of a batch with any number of workers, wherever these are.

A worker holds the networks, loaded once, and one clip at a time: no more clips are in flight than there are workers.
One that is lost (out of memory, a node that went away) takes no other clip with it: its own is put at the end of the
queue and tried again, the last time with nobody else at work, since the commonest cause is memory that did not suffice
for all.

Where workers are is behind `Workers`: `app.batch.processes` on this machine, `app.batch.ray_cluster` on a Ray cluster.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from app.batch.clips import Clip
from app.batch.outcome import Outcome, Treatment, process_clip, remove_leftovers
from app.batch.worker import Event, Reporting
from estimators.errors import D3PError

ATTEMPTS = 3  # of a clip whose worker is lost
POLL_S = 0.1


class Watcher(Protocol):
    """Is told about clips at work: (name, stage, done, total); the stage is "" when the clip is over."""

    def __call__(self, name: str, stage: str, done: int, total: int | None) -> None: ...


@dataclass(frozen=True)
class Lost:
    """What is heard of a worker that is no more."""

    why: str


class Worker(Protocol):
    """One worker. Each has one clip at a time."""

    def give(self, clip: Clip) -> None:
        """Begin a clip; the worker has none."""

    def stop(self) -> None:
        """End the worker at once, whatever it does."""


class Workers(Protocol):
    """Where workers come from, and what is heard of them."""

    count: int  # how many to use

    def start(self) -> Worker:
        """One more worker; returns before it is ready."""

    def hear(self, seconds: float) -> Iterable[tuple[Worker, Event | Outcome | D3PError | Lost]]:
        """What workers have said, waiting for `seconds` at most: an error means that none can work."""

    def close(self) -> None:
        """Let go of what is left after all workers are stopped."""


@dataclass(frozen=True)
class _Turn:
    clip: Clip
    attempt: int = 1

    @property
    def alone(self) -> bool:
        return self.attempt == ATTEMPTS


def run_here(clips: Sequence[Clip], treatment: Treatment, watch: Watcher) -> Iterator[Outcome]:
    """One clip after the other, in this process."""
    models = treatment.load(treatment.options)
    for clip in clips:
        outcome = process_clip(clip, treatment, models, Reporting(clip.name, lambda event: watch(*event)))
        watch(clip.name, "", 0, None)
        yield outcome


def run_on(make_workers: Callable[[], Workers], clips: Sequence[Clip], watch: Watcher) -> Iterator[Outcome]:
    """Several clips at a time; outcomes come as they are finished.

    Raises:
        D3PError: no worker can work.
    """
    waiting = deque(_Turn(clip) for clip in clips)
    idle: list[Worker] = []
    at_work: dict[Worker, _Turn] = {}
    workers = make_workers()
    try:
        while waiting or at_work:
            _give(waiting, idle, at_work, workers)
            for worker, said in workers.hear(POLL_S):
                if isinstance(said, D3PError):
                    raise said
                if isinstance(said, tuple):
                    watch(*said)
                    continue
                turn = at_work.pop(worker)
                watch(turn.clip.name, "", 0, None)
                if isinstance(said, Outcome):
                    idle.append(worker)
                    yield said
                    continue
                worker.stop()
                if turn.alone:
                    error = f"Its worker died {ATTEMPTS} times ({said.why}): perhaps the memory was too small."
                    yield Outcome(turn.clip.name, "failed", error=error)
                else:
                    waiting.append(replace(turn, attempt=turn.attempt + 1))
    finally:
        for worker in (*idle, *at_work):
            worker.stop()
        for turn in at_work.values():  # cancelled
            remove_leftovers(turn.clip)
        workers.close()


def _give(waiting: deque[_Turn], idle: list[Worker], at_work: dict[Worker, _Turn], workers: Workers) -> None:
    """Give out as many clips as there are to be workers; stop those for whom there is nothing, as others may wait for
    their place."""
    while waiting and len(at_work) < workers.count:
        if at_work and (waiting[0].alone or any(turn.alone for turn in at_work.values())):
            break
        worker = idle.pop() if idle else workers.start()
        at_work[worker] = waiting.popleft()
        worker.give(at_work[worker].clip)
    while idle:
        idle.pop().stop()
