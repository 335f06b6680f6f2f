"""Progress for people who watch: a bar a stage on a terminal, a line a stage elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class ConsoleProgress:
    """An `app.progress.Progress`, to be entered:

        with ConsoleProgress() as progress:
            estimate("clip.mp4", progress=progress)

    Args:
        console: where to; None: the standard error.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console = console or Console(stderr=True)
        self._stage, self._done, self._started = "", 0, 0.0
        self._total: int | None = None
        self._bars: Progress | None = None
        self._task: TaskID | None = None
        if console.is_terminal:
            columns = (
                TextColumn("{task.description:<17}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
            )
            self._bars = Progress(*columns, console=console)

    def start(self, stage: str, total: int | None) -> None:
        """A bar appears."""
        self._stage, self._total, self._done, self._started = stage, total, 0, time.perf_counter()
        if self._bars:
            self._task = self._bars.add_task(stage, total=total)

    def update(self, done: int) -> None:
        """The bar grows."""
        self._done = done
        if self._bars and self._task is not None:
            self._bars.update(self._task, completed=done)

    def finish(self) -> None:
        """The bar is full; without a terminal, one line says what was done."""
        if self._bars and self._task is not None:
            # Expected and true numbers differ for damaged videos, and a stage without steps has one.
            total = self._done or 1
            self._bars.update(self._task, total=total, completed=total)
            self._task = None
        elif not self._bars:
            frames = f"{self._done} frames, " if self._total is not None else ""
            self._console.print(f"{self._stage}: {frames}{time.perf_counter() - self._started:.1f} s", highlight=False)

    def warn(self, message: str) -> None:
        """A line of its own, above the bars."""
        self._console.print(f"[yellow]warning:[/] {escape(message)}", highlight=False, soft_wrap=True)

    def __enter__(self) -> ConsoleProgress:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bars:
            self._bars.stop()
