"""Work and its progress: one slot with a queue for everybody, in a thread of its own; every job can be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from estimators.errors import D3PError


class Cancelled(Exception):
    """The run was stopped by whoever started it."""


class QueueFullError(D3PError):
    """No more work is taken now."""


@dataclass(frozen=True)
class Shares:
    """How many jobs may be under way or waiting, so that nobody can take all places.

    Attributes:
        session: of one session.
        address: of all sessions from one network address.
        all: of everybody; with the longest runs that is a few hours, and `Settings.max_age_s` is more.
    """

    session: int = 3
    address: int = 6
    all: int = 11


@dataclass(frozen=True)
class Owner:
    """Whose a job is: a session's name, and the network address that it comes from."""

    session: str = ""
    address: str = ""


@dataclass(frozen=True)
class Snapshot:
    """How far a job is.

    Attributes:
        stage: what is being done; "" while the job waits for the slot.
        done, total: steps of this stage; total None where they cannot be counted.
        seconds: since this stage began.
        finished: the stages before, with their seconds.
        warnings: what is wrong with the video.
    """

    stage: str = ""
    done: int = 0
    total: int | None = None
    seconds: float = 0.0
    finished: tuple[tuple[str, float], ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def seconds_left(self) -> float | None:
        """Of this stage, once there is something to judge by."""
        if not self.total or not self.done or self.seconds < 0.5:
            return None
        return self.seconds * max(0, self.total - self.done) / self.done


class JobProgress:
    """An `app.progress.Progress` that can be read from another thread; raises Cancelled once asked to stop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._stage, self._done, self._started = "", 0, 0.0
        self._total: int | None = None
        self._finished: dict[str, float] = {}
        self._warnings: list[str] = []

    def stop(self) -> None:
        """The next call from the work raises Cancelled."""
        self._stop.set()

    def check(self) -> None:
        """Raise Cancelled if the job was asked to stop."""
        if self._stop.is_set():
            raise Cancelled

    def start(self, stage: str, total: int | None) -> None:
        """A stage begins; the same one again goes on."""
        self.check()
        with self._lock:
            if stage != self._stage:
                self._keep_time()
                self._started = time.monotonic()
            self._stage, self._total, self._done = stage, total, 0

    def update(self, done: int) -> None:
        """So many steps are done."""
        self.check()
        with self._lock:
            self._done = done

    def finish(self) -> None:
        """The stage is over; its time is kept when the next one begins."""
        self.check()

    def warn(self, message: str) -> None:
        """Something is wrong with the video."""
        self.check()
        with self._lock:
            self._warnings.append(message)

    def snapshot(self) -> Snapshot:
        """How far the work is."""
        with self._lock:
            seconds = time.monotonic() - self._started if self._stage else 0.0
            finished = tuple(self._finished.items())
            return Snapshot(self._stage, self._done, self._total, seconds, finished, tuple(self._warnings))

    def _keep_time(self) -> None:
        if self._stage:
            self._finished[self._stage] = self._finished.get(self._stage, 0.0) + time.monotonic() - self._started


@dataclass(eq=False)
class Job:
    """One piece of work in the slot."""

    owner: Owner = field(default_factory=Owner)
    progress: JobProgress = field(default_factory=JobProgress)
    future: Future[Any] = field(default_factory=Future)
    _watchers: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def watched(self, patience_s: float) -> Iterator[None]:
        """While somebody watches. A job that nobody has watched for `patience_s` seconds since is stopped: whoever
        loads a page again comes back sooner."""
        with self._lock:
            self._watchers += 1
        try:
            yield
        finally:
            with self._lock:
                self._watchers -= 1
                left = not self._watchers and not self.done()
            if left:
                timer = threading.Timer(patience_s, self._given_up)
                timer.daemon = True
                timer.start()

    def _given_up(self) -> None:
        if not self._watchers:
            self.cancel()

    def done(self) -> bool:
        """Whether it is over: finished, failed or stopped."""
        return self.future.done()

    def cancel(self) -> None:
        """Stop it; work under way stops at its next frame."""
        self.progress.stop()
        self.future.cancel()

    def wait(self, seconds: float) -> bool:
        """Wait until it is over, at most so long; returns whether it is."""
        wait_for([self.future], timeout=seconds)
        return self.done()

    def result(self) -> Any:
        """What the work returned.

        Raises:
            Cancelled: it was stopped.
            Exception: what the work raised.
        """
        try:
            return self.future.result()
        except CancelledError:
            raise Cancelled from None


class Slot:
    """One thread for all work: two runs at once would only be slower, and need twice the memory."""

    def __init__(self, shares: Shares | None = None) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="work")
        self._shares = shares or Shares()
        self._lock = threading.Lock()
        self._jobs: list[Job] = []

    def submit(self, work: Callable[[JobProgress], Any], owner: Owner | None = None) -> Job:
        """Queue `work`, which is given the progress to report to; what the app does of its own accord has no owner.

        Raises:
            QueueFullError: the owner's share of the queue is used up, or the queue is full.
        """
        job = Job(owner or Owner())

        def begin() -> Any:
            job.progress.check()
            return work(job.progress)

        with self._lock:
            self._jobs = [one for one in self._jobs if not one.done()]
            if owner:
                self._check_room(owner)
            self._jobs.append(job)
            job.future = self._executor.submit(begin)
        return job

    def _check_room(self, owner: Owner) -> None:
        others = [job.owner for job in self._jobs if job.owner != Owner()]
        if sum(other.session == owner.session for other in others) >= self._shares.session:
            raise QueueFullError(
                f"You have {self._shares.session} runs under way or waiting, which is a visitor's share; wait for one "
                "of them to end."
            )
        if len(others) >= self._shares.all or (
            sum(other.address == owner.address for other in others) >= self._shares.address
        ):
            raise QueueFullError("Too many runs are waiting already; try again in a few minutes.")

    def busy(self) -> int:
        """How many jobs are not over yet."""
        return sum(not job.done() for job in self._jobs)

    def ahead(self, job: Job) -> int:
        """How many jobs have to end before this one begins."""
        jobs = [one for one in self._jobs if one is job or not one.done()]
        return jobs.index(job) if job in jobs else 0

    def close(self) -> None:
        """Stop everything and wait for it."""
        for job in self._jobs:
            job.cancel()
        self._executor.shutdown(wait=True, cancel_futures=True)
