"""Workers on this machine: processes that share its cores."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait

from app.batch.clips import Clip
from app.batch.outcome import Outcome, Treatment
from app.batch.pool import Lost
from app.batch.worker import ClipWorker, Event
from estimators.errors import D3PError
from estimators.processes import safe_path

_CONTEXT = multiprocessing.get_context("spawn")  # torch does not survive a fork


class Processes:
    """`app.batch.pool.Workers`: `count` processes, among which the cores are divided."""

    def __init__(self, treatment: Treatment, count: int) -> None:
        import torch

        self.count = count
        self._treatment = treatment
        self._threads = max(1, torch.get_num_threads() // count)
        self._workers: dict[Connection, _Process] = {}

    def start(self) -> _Process:
        worker = _Process(self._treatment, self._threads)
        self._workers[worker.pipe] = worker
        return worker

    def hear(self, seconds: float) -> Iterator[tuple[_Process, Event | Outcome | D3PError | Lost]]:
        self._workers = {pipe: worker for pipe, worker in self._workers.items() if not pipe.closed}
        for pipe in wait(list(self._workers), seconds):
            assert isinstance(pipe, Connection)
            try:
                said = pipe.recv()
            except (EOFError, OSError):  # its end of the pipe is closed
                said = Lost(self._workers[pipe].how_it_ended())
            yield self._workers[pipe], said

    def close(self) -> None: ...


class _Process:
    """One process, and this side's end of the pipe to it."""

    def __init__(self, treatment: Treatment, threads: int) -> None:
        self.pipe, its_end = _CONTEXT.Pipe()
        # a daemon: ended with this process, should nobody stop it
        self._process = _CONTEXT.Process(target=_serve, args=(its_end, treatment, threads), daemon=True)
        with safe_path():
            self._process.start()
        its_end.close()  # so that nobody but the process holds it, and its death is heard

    def give(self, clip: Clip) -> None:
        try:
            self.pipe.send(clip)
        except OSError:  # it has died meanwhile, which will be heard
            return

    def how_it_ended(self) -> str:
        self._process.join(1.0)  # its end of the pipe is closed a moment before it is over
        code = self._process.exitcode
        return f"killed by signal {-code}" if code is not None and code < 0 else f"exit code {code}"

    def stop(self) -> None:
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _serve(pipe: Connection, treatment: Treatment, threads: int) -> None:
    """In the process: clips come through the pipe; events and outcomes go back, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the first one decides
    worker = ClipWorker(treatment, threads, pipe.send)
    try:
        while True:
            pipe.send(worker.process(pipe.recv()))
    except (EOFError, OSError):  # the first process is no more
        return
