"""Small pieces of HTML: the status of a run, and the numbers of its result. All text from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from app.batch.work import Outcome, sum_up
from app.media.video import VideoInfo
from app.quality.measures import UNITS
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

_MEASURES = {
    "acceleration": ("Acceleration", "m/s²"),
    "jerk": ("Jerk", "m/s³"),
    "bone_length_variation": ("Bone length variation", "%"),
    "left_right_asymmetry": ("Left-right difference", "%"),
    "reprojection_error": ("Reprojection error", "px"),
    "foot_sliding": ("Foot sliding", "m/s"),
    "left_right_swaps": ("Left-right swaps", "a minute"),
}


def welcome(limits: str, what: str = "a video or pick an example") -> str:
    """The status before anything has happened."""
    return _card("idle", "Ready", f"<p>Drop in {what}, then start. {escape(limits)}</p>")


def accepted(info: VideoInfo) -> str:
    """The video may be processed."""
    width, height = info.size
    words = (
        f"{escape(info.path.name)}: {width} × {height} pixels, {len(info.clock.ticks)} frames, "
        f"{float(info.fps):.4g} frames a second, {seconds_of(info):.1f} s."
    )
    return _card("idle", "Ready", f"<p>{words}</p>")


def waiting(ahead: int) -> str:
    """In the queue."""
    others = "one other run" if ahead == 1 else f"{ahead} other runs"
    words = f"Waiting for {others} to end; yours begins by itself." if ahead else "Starting …"
    return _card("busy", "In the queue" if ahead else "Starting", f"<p>{words}</p>")


def running(snapshot: Snapshot, refine: bool) -> str:
    """The stages of a run with the one under way."""
    return _stages({name: words for name, words in STAGES.items() if refine or name != "Refine"}, snapshot, "Working")


def finding(snapshot: Snapshot) -> str:
    """The stages of the search for people."""
    return _stages(_FINDING_STAGES, snapshot, "Looking for people")


def found(people: int) -> str:
    """People were found, and can be picked."""
    words = "One person was found." if people == 1 else f"{people} people were found: pick one, or everyone."
    return _card("idle", "Ready", f"<p>{words} A run need not look for them again.</p>")


def folder_accepted(folder: FolderRun) -> str:
    """Several videos may be processed, but for those that are refused."""
    refused = [one for one in folder.outcomes.values() if one.error]
    count = len(folder.names) - len(refused)
    notes = "".join(f"<p class='d3p-warning'>{escape(one.error or '')}</p>" for one in refused)
    words = "One video can be processed" if count == 1 else f"{count or 'None'} of the videos can be processed"
    words = f"{count} videos." if not refused else f"{words}; what is wrong with the rest goes into the report."
    return _card("idle", "Ready" if count else "Not ready", f"<p>{words}</p>{notes}")


def folder_running(folder: FolderRun, snapshot: Snapshot) -> str:
    """All clips of a folder, with the one under way."""
    rows = []
    for name in folder.names:
        over = folder.outcomes.get(name)
        if over is not None and over.status == "failed":
            rows.append(_stage("failed", escape(name), "failed", over.error or ""))
        elif over is not None:
            rows.append(_stage("done", escape(name), f"{over.seconds:.1f} s"))
        elif name == folder.current:
            rows.append(_current(escape(name), snapshot, STAGES.get(snapshot.stage, snapshot.stage)))
        else:
            rows.append(_stage("open", escape(name), ""))
    title = f"{len(folder.outcomes)} of {len(folder.names)} videos"
    return _card("busy", title, f"<ol class='d3p-stages'>{''.join(rows)}</ol>")


def folder_finished(outcomes: Sequence[Outcome], seconds: float) -> str:
    """The folder is done, whatever became of its clips."""
    counts = sum_up(outcomes)
    words = f"{counts['done']} of {len(outcomes)} videos in 3D after {seconds:.1f} s."
    failed = counts["failed"]
    if failed:
        words += f" {'One' if failed == 1 else failed} could not be processed; the report says why."
    return _card("done" if counts["done"] else "failed", "Done", f"<p>{words}</p>")


def finished(seconds: float, people: int, warnings: Iterable[str], left_out: int = 0) -> str:
    """The run is over and has a result; so many people of the video are not in it."""
    who = "one person" if people == 1 else f"{people} people"
    words = f"<p>{who.capitalize()} in 3D after {seconds:.1f} s.</p>"
    how = "To have them, choose “Everyone”, or pick somebody by picture, and start again." if left_out else ""
    return _card("done", "Done", words + _warnings([*warnings, *([how] if how else [])]))


def stopped() -> str:
    """Cancelled."""
    return _card("idle", "Cancelled", "<p>The run was stopped, and nothing of it was kept.</p>")


def failed(sentence: str) -> str:
    """It did not work; the sentence says why and what to do."""
    return _card("failed", "That did not work", f"<p>{escape(sentence)}</p>")


def lost() -> str:
    """A page was loaded again whose session is over."""
    words = "What was here before has been deleted, as everything is soon after its page was left."
    return _card("idle", "Ready", f"<p>{words} Choose the video again to go on.</p>")


def numbers(quality: dict[str, Any], errors: dict[str, dict[str, float]] | None) -> str:
    """The measures of everybody before and after, and the error against the truth where it is known."""
    tables = [_truth_table(errors)] if errors else []
    several = len(quality["people"]) > 1
    for person in quality["people"]:
        variants = [name for name in ("lifted", "refined") if name in person]
        head = "".join(f"<th>{name.capitalize()}</th>" for name in variants)
        head += "<th>Change</th>" if "change_percent" in person else ""
        rows = "".join(_measure_row(person, key, variants) for key in UNITS if key in _MEASURES)
        counts = ", ".join(f"{number} {kind}" for kind, number in person["frames"].items())
        title = f"Person {person['id']}: " if several else ""
        tables.append(
            f"<table class='d3p-table'><caption>{title}{counts} frames</caption>"
            f"<thead><tr><th>Measure</th>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )
    return f"<div class='d3p-numbers'>{''.join(tables)}</div>"


def _card(kind: str, title: str, body: str) -> str:
    role = "alert" if kind == "failed" else "status"
    return f"<div class='d3p-status d3p-{kind}' role='{role}' data-state='{kind}'><h2>{title}</h2>{body}</div>"


def _stages(stages: dict[str, str], snapshot: Snapshot, title: str) -> str:
    finished = dict(snapshot.finished)
    rows = []
    for name, words in stages.items():
        if name == snapshot.stage:
            rows.append(_current(words, snapshot))
        elif name in finished:
            rows.append(_stage("done", words, f"{finished[name]:.1f} s"))
        else:
            rows.append(_stage("open", words, ""))
    return _card("busy", title, f"<ol class='d3p-stages'>{''.join(rows)}</ol>{_warnings(snapshot.warnings)}")


def _stage(kind: str, words: str, right: str, note: str = "") -> str:
    below = f"<span class='d3p-note'>{escape(note)}</span>" if note else ""
    return f"<li class='d3p-stage-{kind}'><span>{words}</span><span class='d3p-right'>{right}</span>{below}</li>"


def _current(words: str, snapshot: Snapshot, note: str = "") -> str:
    if not snapshot.total:
        return _stage("now", words, f"{snapshot.seconds:.0f} s", note)
    share = min(1.0, snapshot.done / snapshot.total)
    left = snapshot.seconds_left
    right = f"{snapshot.done} of {snapshot.total} frames" + (f", {_duration(left)} left" if left is not None else "")
    bar = f"<span class='d3p-bar'><span style='width:{100 * share:.1f}%'></span></span>"
    below = f"<span class='d3p-note'>{escape(note)}</span>" if note else ""
    return f"<li class='d3p-stage-now'><span>{words}</span><span class='d3p-right'>{right}</span>{bar}{below}</li>"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _warnings(warnings: Iterable[str]) -> str:
    return "".join(f"<p class='d3p-warning'>{escape(text)}</p>" for text in warnings)


def _measure_row(person: dict[str, Any], key: str, variants: list[str]) -> str:
    label, unit = _MEASURES[key]
    cells = "".join(f"<td>{_number(person[name][key])}</td>" for name in variants)
    if "change_percent" in person:
        change = person["change_percent"][key]
        kind = "" if change is None else "d3p-better" if change < 0 else "d3p-worse"
        cells += f"<td class='{kind}'>{'–' if change is None else f'{change:+.1f} %'}</td>"
    return f"<tr><th scope='row'>{label} <small>{unit}</small></th>{cells}</tr>"


def _truth_table(errors: dict[str, dict[str, float]]) -> str:
    head = "".join(f"<th>{name.capitalize()}</th>" for name in errors)
    rows = "".join(
        f"<tr><th scope='row'>{label} <small>mm</small></th>"
        + "".join(f"<td>{error[key]:.1f}</td>" for error in errors.values())
        + "</tr>"
        for key, label in (("mpjpe", "MPJPE"), ("p_mpjpe", "P-MPJPE"))
    )
    return (
        "<table class='d3p-table'><caption>Error against the exact truth of this clip</caption>"
        f"<thead><tr><th>Measure</th>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
