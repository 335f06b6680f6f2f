"""Workers on an existing Ray cluster: an actor each, one for every GPU that the cluster has, or every core.

The videos and the output folder lie where every node sees them under the same path, and every node has this package
with the same weights. Clips travel as paths; results are written by the workers, as on one machine. Every worker is a
new actor: Ray restarts none and retries nothing, so that both are done in one place, see `app.batch.pool`.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import chdir, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.batch.clips import Clip
from app.batch.marker import recipe
from app.batch.outcome import Outcome, Treatment
from app.batch.pool import Lost
from app.batch.worker import ClipWorker, Event
from estimators.errors import ConfigError, D3PError
from estimators.processes import ROOT

CONNECT_S = 10.0
# how HTTP/2, which Ray's servers speak, begins: the client's preface and an empty SETTINGS frame, whose type is 4
_HELLO, _SETTINGS = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)), 4
ASK_EVERY_S = 1.0  # how often workers are asked what they are doing
WORKER_MEMORY = 1 << 30  # bytes that a worker is counted with, so that no node takes more workers than it can hold


class RayActors:
    """`app.batch.pool.Workers`: `count` actors (None: as many as there is room for) of one core each, and of a GPU
    where there are any."""

    def __init__(self, treatment: Treatment, address: str, count: int | None = None) -> None:
        """Connect to the cluster.

        Raises:
            ConfigError: Ray is not installed, nothing answers there, or a GPU is asked for and there is none.
        """
        if ":" in treatment.options.device:
            raise ConfigError(f"Ray chooses the GPUs itself; use the device 'cuda', not {treatment.options.device!r}.")
        self._ray = _connect(address)
        there = self._ray.cluster_resources()
        gpus = 0 if treatment.options.device == "cpu" else int(there.get("GPU", 0))
        if treatment.options.device == "cuda" and not gpus:
            self._ray.shutdown()
            raise ConfigError(f"The Ray cluster at {address} has no GPU; use the device 'cpu'.")
        self.count = count or max(1, gpus or int(there.get("CPU", 0)))
        needs = {"num_cpus": 1, "num_gpus": int(gpus > 0), "memory": WORKER_MEMORY}
        # a second thread, to say what the first is doing
        self._actor = self._ray.remote(_Actor).options(max_concurrency=2, max_restarts=0, max_task_retries=0, **needs)
        self._treatment = self._ray.put(treatment)
        self._workers: list[_RayWorker] = []
        self._asked = 0.0

    def start(self) -> _RayWorker:
        self._workers.append(_RayWorker(self._ray, self._actor.remote(self._treatment, str(Path.cwd()))))
        return self._workers[-1]

    def hear(self, seconds: float) -> Iterator[tuple[_RayWorker, Event | Outcome | D3PError | Lost]]:
        self._workers = [worker for worker in self._workers if not worker.stopped]
        by_result = {worker.result: worker for worker in self._workers if worker.result is not None}
        ready, _ = self._ray.wait(list(by_result), timeout=seconds)
        for result in ready:
            yield by_result[result], by_result[result].take()
        if time.monotonic() - self._asked >= ASK_EVERY_S:
            self._asked = time.monotonic()
            for worker in self._workers:
                event = worker.ask()
                if event is not None:
                    yield worker, event

    def close(self) -> None:
        self._ray.shutdown()


class _RayWorker:
    """This side's handle of an actor."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor
        self.result: Any = None  # reference to the outcome of the clip it has
        self._news: Any = None  # reference to the answer to what it is doing
        self.stopped = False

    def give(self, clip: Clip) -> None:
        whole = replace(clip, path=clip.path.absolute(), folder=clip.folder.absolute())
        self.result, self._news = self._actor.process.remote(whole), None

    def take(self) -> Outcome | D3PError | Lost:
        """The outcome, which is ready."""
        errors = self._ray.exceptions
        try:
            outcome: Outcome | D3PError = self._ray.get(self.result)
            return outcome
        except (
            errors.RayActorError,
            errors.WorkerCrashedError,
            errors.OutOfMemoryError,
            errors.ObjectLostError,
        ) as lost:
            lines = [line.strip() for line in str(lost).splitlines() if line.strip()]
            return Lost(" ... ".join(dict.fromkeys((lines[0], lines[-1]))) if lines else type(lost).__name__)
        finally:
            self.result = None

    def ask(self) -> Event | None:
        """What it was doing when it was last asked, if it has answered meanwhile, and ask again."""
        if self.stopped or self.result is None:
            return None
        event: Event | None = None
        if self._news is not None:
            if not self._ray.wait([self._news], timeout=0)[0]:
                return None  # not started yet: nothing is gained by asking twice
            with suppress(self._ray.exceptions.RayError):  # lost, which its result will tell
                event = self._ray.get(self._news)
        self._news = self._actor.told.remote()
        return event

    def stop(self) -> None:
        self.stopped = True
        self._ray.kill(self._actor)


class _Actor:
    """On a node of the cluster."""

    def __init__(self, treatment: Treatment, folder: str) -> None:
        with suppress(OSError):  # weights given by relative paths are meant from there
            os.chdir(folder)
        self._treatment = treatment
        self._event: Event | None = None
        self._worker = ClipWorker(treatment, 1, self._keep)

    def process(self, clip: Clip) -> Outcome | D3PError:
        try:
            if recipe(self._treatment.options, self._treatment.exports) != self._treatment.recipe:
                return ConfigError(
                    f"{socket.gethostname()} has another version or other weights than this machine; install the same."
                )
        except D3PError as error:
            return error
        return self._worker.process(clip)

    def told(self) -> Event | None:
        return self._event

    def _keep(self, event: Event) -> None:
        self._event = event


def _connect(address: str) -> Any:
    """The `ray` module, connected.

    Raises:
        ConfigError: see `RayActors`.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise ConfigError("Ray is not installed; `pip install 'd3prefiner[ray]'` installs it.") from error
    if address != "auto" and not _answers(address):
        raise ConfigError(f"No Ray cluster answers at {address}; start one with `ray start --head`.")
    try:
        with chdir(ROOT):  # in which Ray's workers look for modules first: an app.py of the user's is not ours
            ray.init(address, logging_level=logging.ERROR, log_to_driver=False)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise ConfigError(f"The Ray cluster at {address} cannot be used: {reason[0]}") from error
    return ray


def _answers(address: str) -> bool:
    """Whether something like Ray listens there; Ray itself would wait for anything else, for minutes or for ever.

    Raises:
        ConfigError: not an address.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not (host and colon and port.isdecimal()):
        raise ConfigError(f"{address!r} is no address of a Ray cluster; give HOST:PORT, or `auto` on one of its nodes.")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONNECT_S) as connection:
            if os.environ.get("RAY_USE_TLS") == "1":  # who is there is for Ray to find out
                return True
            connection.sendall(_HELLO)
            first = connection.recv(9, socket.MSG_WAITALL)
            return len(first) == 9 and first[3] == _SETTINGS
    except (OSError, OverflowError):
        return False
