"""What became of a batch: `report.json` for programs, `report.html` for people."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from app.batch.clips import Clip, LeftOut
from app.batch.work import LOG, THUMBNAIL, Outcome, sum_up
from app.outputs import SIDE_BY_SIDE
from estimators.files import complete_file

REPORT_JSON, REPORT_HTML = "report.json", "report.html"

# measure of quality.json -> what the page calls it, with its unit
_MEASURES = {
    "acceleration": "acceleration m/s²",
    "bone_length_variation": "bone length ± %",
    "reprojection_error": "reprojection px",
}
_STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: .2rem; } p.sum { margin-top: 0; opacity: .75; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .45rem .55rem; border-top: 1px solid var(--line); vertical-align: top; }
th { border-top: 0; font-weight: 600; white-space: nowrap; } td.number { text-align: right; white-space: nowrap;
font-variant-numeric: tabular-nums; } img { display: block; height: 56px; border-radius: 4px; }
.failed { color: #c0392b; } @media (prefers-color-scheme: dark) { .failed { color: #ff8a75; } }
small { opacity: .75; }
"""


def write_report(
    folder: Path,
    clips: Sequence[Clip],
    outcomes: Sequence[Outcome],
    recipe: dict[str, Any],
    seconds: float,
    left_out: Sequence[LeftOut] = (),
) -> tuple[Path, Path]:
    """Write both reports into the batch's output folder, clips in the order of their names. Returns their paths."""
    by_name = {clip.name: clip for clip in clips}
    ordered = sorted(outcomes, key=lambda one: one.name)
    content = {
        "format": "d3p-batch-report",
        "format_version": 1,
        "seconds": round(seconds, 3),
        **sum_up(ordered),
        "recipe": recipe,
        "clips": [
            {**asdict(one), "folder": by_name[one.name].folder.relative_to(folder).as_posix()} for one in ordered
        ],
        "left_out": [asdict(one) for one in left_out],
    }
    with complete_file(folder / REPORT_JSON) as temporary:
        temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8", "backslashreplace")
    with complete_file(folder / REPORT_HTML) as temporary:
        written = page(folder, clips, ordered, seconds, left_out=left_out)
        temporary.write_text(written, "utf-8", "backslashreplace")
    return folder / REPORT_JSON, folder / REPORT_HTML


def table(folder: Path, clips: Sequence[Clip], outcomes: Sequence[Outcome], alone: bool = False) -> str:
    """The report's table, HTML: links to the files in `folder`, or, if it is shown alone, its pictures inside it."""
    by_name = {clip.name: clip for clip in clips}
    head = ["", "clip", "frames", "people", "found", *_MEASURES.values(), "seconds"]
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    rows = "\n".join(_row(folder, by_name[one.name], one, alone) for one in outcomes)
    return f"<table><thead><tr>{titles}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>"


def page(
    folder: Path,
    clips: Sequence[Clip],
    outcomes: Sequence[Outcome],
    seconds: float,
    alone: bool = False,
    left_out: Sequence[LeftOut] = (),
) -> str:
    """`report.html`; see `table`."""
    summary = ", ".join(f"{count} {status}" for status, count in sum_up(outcomes).items() if count)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(summary)}</title><style>{_STYLE}</style></head><body>
<h1>{len(outcomes)} clips: {escape(summary)}</h1>
<p class="sum">{seconds:.0f} seconds. Measures without ground truth, lifted → refined; see quality.json in each folder.</p>
<div class="scroll">{table(folder, clips, outcomes, alone)}</div>{_left_out(left_out)}</body></html>
"""


def _left_out(left_out: Sequence[LeftOut]) -> str:
    """What of the folder is no clip, as a list to open; nothing if there is none."""
    if not left_out:
        return ""
    items = "\n".join(f"<li>{escape(one.name)}: {escape(one.why)}</li>" for one in left_out)
    return f"\n<details><summary>Left out: {len(left_out)}</summary><ul>{items}</ul></details>"


def _row(folder: Path, clip: Clip, one: Outcome, alone: bool) -> str:
    where = clip.folder.relative_to(folder)
    name = escape(one.name)
    if one.status == "failed":
        log = f' <a href="{_link(where / LOG)}">log</a>' if (clip.folder / LOG).is_file() and not alone else ""
        message = escape(one.error or "")
        return f'<tr><td></td><td colspan="8">{name}<br><span class="failed">{message}</span>{log}</td></tr>'
    picture = ""
    if (clip.folder / THUMBNAIL).is_file():
        source = _inside(clip.folder / THUMBNAIL) if alone else _link(where / THUMBNAIL)
        image = f'<img src="{source}" alt="" loading="lazy">'
        has_video = (clip.folder / SIDE_BY_SIDE).is_file() and not alone
        picture = f'<a href="{_link(where / SIDE_BY_SIDE)}">{image}</a>' if has_video else image
    notes = "".join(f"<br><small>{escape(warning)}</small>" for warning in one.warnings)
    numbers = [str(one.frames), str(one.people), f"{100 * one.found:.0f} %"]
    numbers += [_before_and_after(one.quality, measure) for measure in _MEASURES]
    numbers.append("before" if one.status == "skipped" else f"{one.seconds:.1f}")
    cells = "".join(f'<td class="number">{escape(text)}</td>' for text in numbers)
    return f"<tr><td>{picture}</td><td>{name}{notes}</td>{cells}</tr>"


def _before_and_after(quality: dict[str, Any], measure: str) -> str:
    values = [quality[variant].get(measure) for variant in ("lifted", "refined") if variant in quality]
    return " → ".join("–" if value is None else f"{value:.3g}" for value in values)


def _link(path: Path) -> str:
    return quote(os.fsencode(path.as_posix()))


def _inside(picture: Path) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(picture.read_bytes()).decode("ascii")
