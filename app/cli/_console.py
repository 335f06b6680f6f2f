"""What a run says at its end: who was found, how well, how long each stage took, and where the files are."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from app.outputs import Result
from app.quality.table import BRIEFLY, MEASURES


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
    for heading in ("Person", "detected", "interp.", "missing", *(MEASURES[name].brief for name in BRIEFLY)):
        table.add_column(heading, justify="right", no_wrap=True)
    for person in result.quality["people"]:
        frames = person["frames"]
        table.add_row(
            str(person["id"]),
            *(str(frames[kind]) for kind in ("detected", "interpolated", "missing")),
            *(_before_after(person, name) for name in BRIEFLY),
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
