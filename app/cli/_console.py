"""What runs look like: a bar a stage on a terminal, a line a stage elsewhere, and the tables at the end."""

from __future__ import annotations

import time
from types import TracebackType

from rich import box
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
from rich.table import Table

from app.outputs import Result


class ConsoleProgress:
    """An `app.progress.Progress` for people who watch; a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
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


def print_result(console: Console, result: Result) -> None:
    """Who was found, how long each stage took, and where the files are."""
    console.print(people_table(result))
    console.print(stage_table(result))
    if result.motion.left_out:
        ids = " or ".join(f"--person {one['id']}" for one in result.motion.left_out[:3])
        console.print(f"Who was left out: --person all, or {ids}", markup=False, highlight=False, soft_wrap=True)
    for file in result.files:
        console.print(f"  {file}", markup=False, highlight=False, soft_wrap=True)


def people_table(result: Result) -> Table:
    """A row a person: frames by provenance, then acceleration, bone length variation and 2D reprojection error, before
    and after refinement."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Person", "detected", "interp.", "missing", "accel. m/s²", "bones ± %", "2D px"):
        table.add_column(heading, justify="right", no_wrap=True)
    for person in result.quality["people"]:
        frames = person["frames"]
        measures = ("acceleration", "bone_length_variation", "reprojection_error")
        table.add_row(
            str(person["id"]),
            *(str(frames[kind]) for kind in ("detected", "interpolated", "missing")),
            *(_before_after(person, name) for name in measures),
        )
    return table


def stage_table(result: Result) -> Table:
    """Seconds of each stage, and frames per second of those that go over the frames."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Stage", "seconds", "frames/s"):
        table.add_column(heading, justify="left" if heading == "Stage" else "right")
    frames = len(result.motion)
    for stage, seconds in result.seconds.items():
        speed = f"{frames / seconds:.0f}" if stage != "Prepare" and seconds >= 0.05 else ""
        table.add_row(stage, f"{seconds:.1f}", speed)
    table.add_row("[bold]All[/]", f"[bold]{sum(result.seconds.values()):.1f}[/]", "")
    return table


def _before_after(person: dict, name: str) -> str:
    """ "lifted → refined", or the lifted value alone."""
    values = [person[stage][name] for stage in ("lifted", "refined") if stage in person]
    return " → ".join("-" if value is None else f"{value:.{2 if value < 10 else 1}f}" for value in values)
