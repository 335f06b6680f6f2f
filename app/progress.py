"""How long work reports what it is doing, to a terminal, a web page or a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Receives the stages of a run. Any method may raise an exception to cancel the run: it cleans up and passes on."""

    def start(self, stage: str, total: int | None) -> None:
        """A stage begins; `total` steps are expected (None: unknown). The stage before it, if any, is over."""

    def update(self, done: int) -> None:
        """So many steps of the current stage are done."""

    def finish(self) -> None:
        """The current stage, the last one, is over."""

    def warn(self, message: str) -> None:
        """Something is wrong with the input, but the run goes on."""


class Silent:
    """Reports nothing."""

    def start(self, stage: str, total: int | None) -> None:
        """Ignored."""

    def update(self, done: int) -> None:
        """Ignored."""

    def finish(self) -> None:
        """Ignored."""

    def warn(self, message: str) -> None:
        """Ignored."""


class Stages:
    """Names the stages to `progress` and measures how long each takes."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str, total: int | None) -> Iterator[Progress]:
        """A stage of `total` steps (None: unknown), for as long as the context is entered."""
        started = time.perf_counter()
        self.progress.start(name, total)
        yield self.progress
        self.seconds[name] = round(time.perf_counter() - started, 3)
        self.progress.finish()
