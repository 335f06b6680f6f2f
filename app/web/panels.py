"""Small pieces of HTML: the status of a run, and the numbers of its result; panels.html is their template."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from app.batch.outcome import Outcome, sum_up
from app.media.video import VideoInfo
from app.quality.table import MEASURES
from app.templates import macros
from app.web.folder import FolderRun
from app.web.jobs import Snapshot
from app.web.limits import seconds_of

# Stages in order: name in the pipeline -> words on the page.
STAGES = {
    "Prepare": "Look at the video, load the models",
    "Detect and track": "Find the people in 2D",
    "Lift": "Lift them to 3D",
    "Refine": "Refine",
    "Draw": "Draw the video",
    "Pack": "Pack the files",
}
_FINDING_STAGES = {
    "Prepare": "Look at the video, load the detector",
    "Detect and track": "Find the people in 2D",
    "Portraits": "Take a picture of each",
}

_TEMPLATE = Path(__file__).with_name("panels.html")


@dataclass(frozen=True)
class _Stage:
    """A line of the status: what it is, how far it is on the right, the share that is done as a bar, a note below.

    Attributes:
        kind: "open", "now", "done" or "failed".
    """

    kind: str
    words: str
    right: str = ""
    note: str = ""
    share: float | None = None


@dataclass(frozen=True)
class _Row:
    """A measure, in words; the class is of the change."""

    label: str
    unit: str
    numbers: Sequence[str]
    change: str = ""
    kind: str = ""


@dataclass(frozen=True)
class _Table:
    caption: str
    columns: Sequence[str]
    rows: Sequence[_Row]


def welcome(limits: str, what: str = "a video or pick an example") -> Markup:
    """The status before anything has happened."""
    return _card("idle", "Ready", f"Drop in {what}, then start. {limits}")


def accepted(info: VideoInfo) -> Markup:
    """The video may be processed."""
    width, height = info.size
    return _card(
        "idle",
        "Ready",
        f"{info.path.name}: {width} × {height} pixels, {len(info.clock.ticks)} frames, "
        f"{float(info.fps):.4g} frames a second, {seconds_of(info):.1f} s.",
    )


def waiting(ahead: int) -> Markup:
    """In the queue."""
    others = "one other run" if ahead == 1 else f"{ahead} other runs"
    words = f"Waiting for {others} to end; yours begins by itself." if ahead else "Starting …"
    return _card("busy", "In the queue" if ahead else "Starting", words)


def running(snapshot: Snapshot, refine: bool) -> Markup:
    """The stages of a run with the one under way."""
    return _progress({name: words for name, words in STAGES.items() if refine or name != "Refine"}, snapshot, "Working")


def finding(snapshot: Snapshot) -> Markup:
    """The stages of the search for people."""
    return _progress(_FINDING_STAGES, snapshot, "Looking for people")


def found(people: int) -> Markup:
    """People were found, and can be picked."""
    words = "One person was found." if people == 1 else f"{people} people were found: pick one, or everyone."
    return _card("idle", "Ready", f"{words} A run need not look for them again.")


def folder_accepted(folder: FolderRun) -> Markup:
    """Several videos may be processed, but for those that are refused."""
    refused = [one.error for one in folder.outcomes.values() if one.error]
    count = len(folder.names) - len(refused)
    words = "One video can be processed" if count == 1 else f"{count or 'None'} of the videos can be processed"
    words = f"{count} videos." if not refused else f"{words}; what is wrong with the rest goes into the report."
    return _card("idle", "Ready" if count else "Not ready", words, warnings=refused)


def folder_running(folder: FolderRun, snapshot: Snapshot) -> Markup:
    """All clips of a folder, with the one under way."""
    stages = []
    for name in folder.names:
        over = folder.outcomes.get(name)
        if over is not None and over.status == "failed":
            stages.append(_Stage("failed", name, "failed", over.error or ""))
        elif over is not None:
            stages.append(_Stage("done", name, f"{over.seconds:.1f} s"))
        elif name == folder.current:
            stages.append(_current(name, snapshot, STAGES.get(snapshot.stage, snapshot.stage)))
        else:
            stages.append(_Stage("open", name))
    return _card("busy", f"{len(folder.outcomes)} of {len(folder.names)} videos", stages=stages)


def folder_finished(outcomes: Sequence[Outcome], seconds: float) -> Markup:
    """The folder is done, whatever became of its clips."""
    counts = sum_up(outcomes)
    words = f"{counts['done']} of {len(outcomes)} videos in 3D after {seconds:.1f} s."
    failed = counts["failed"]
    if failed:
        words += f" {'One' if failed == 1 else failed} could not be processed; the report says why."
    return _card("done" if counts["done"] else "failed", "Done", words)


def finished(seconds: float, people: int, warnings: Iterable[str], left_out: int = 0) -> Markup:
    """The run is over and has a result; so many people of the video are not in it."""
    who = "One person" if people == 1 else f"{people} people"
    how = "To have them, choose “Everyone”, or pick somebody by picture, and start again."
    warnings = [*warnings, *([how] if left_out else [])]
    return _card("done", "Done", f"{who} in 3D after {seconds:.1f} s.", warnings=warnings)


def stopped() -> Markup:
    """Cancelled."""
    return _card("idle", "Cancelled", "The run was stopped, and nothing of it was kept.")


def failed(sentence: str) -> Markup:
    """It did not work; the sentence says why and what to do."""
    return _card("failed", "That did not work", sentence)


def lost() -> Markup:
    """A page was loaded again whose session is over."""
    words = "What was here before has been deleted, as everything is soon after its page was left."
    return _card("idle", "Ready", f"{words} Choose the video again to go on.")


def numbers(quality: dict[str, Any], errors: dict[str, dict[str, float]] | None) -> Markup:
    """The measures of everybody before and after, and the error against the truth where it is known."""
    tables = [_truth_table(errors)] if errors else []
    several = len(quality["people"]) > 1
    for person in quality["people"]:
        variants = [name for name in ("lifted", "refined") if name in person]
        columns = [name.capitalize() for name in variants] + (["Change"] if "change_percent" in person else [])
        counts = ", ".join(f"{number} {kind}" for kind, number in person["frames"].items())
        title = f"Person {person['id']}: " if several else ""
        rows = [_measure_row(person, key, variants) for key in MEASURES]
        tables.append(_Table(f"{title}{counts} frames", columns, rows))
    return Markup(macros(_TEMPLATE).numbers(tables))


def _card(
    kind: str, title: str, words: str = "", stages: Sequence[_Stage] = (), warnings: Sequence[str] = ()
) -> Markup:
    return Markup(macros(_TEMPLATE).card(kind, title, words, stages, warnings))


def _progress(names: dict[str, str], snapshot: Snapshot, title: str) -> Markup:
    finished = dict(snapshot.finished)
    stages = []
    for name, words in names.items():
        if name == snapshot.stage:
            stages.append(_current(words, snapshot))
        elif name in finished:
            stages.append(_Stage("done", words, f"{finished[name]:.1f} s"))
        else:
            stages.append(_Stage("open", words))
    return _card("busy", title, stages=stages, warnings=snapshot.warnings)


def _current(words: str, snapshot: Snapshot, note: str = "") -> _Stage:
    if not snapshot.total:
        return _Stage("now", words, f"{snapshot.seconds:.0f} s", note)
    left = snapshot.seconds_left
    right = f"{snapshot.done} of {snapshot.total} frames" + (f", {_duration(left)} left" if left is not None else "")
    return _Stage("now", words, right, note, min(1.0, snapshot.done / snapshot.total))


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _measure_row(person: dict[str, Any], key: str, variants: list[str]) -> _Row:
    values, names = [_number(person[name][key]) for name in variants], (MEASURES[key].label, MEASURES[key].unit)
    if "change_percent" not in person:
        return _Row(*names, values)
    change = person["change_percent"][key]
    if change is None:
        return _Row(*names, values, "–")
    return _Row(*names, values, f"{change:+.1f} %", "d3p-better" if change < 0 else "d3p-worse")


def _truth_table(errors: dict[str, dict[str, float]]) -> _Table:
    rows = [
        _Row(label, "mm", [f"{error[key]:.1f}" for error in errors.values()])
        for key, label in (("mpjpe", "MPJPE"), ("p_mpjpe", "P-MPJPE"))
    ]
    return _Table("Error against the exact truth of this clip", [name.capitalize() for name in errors], rows)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
