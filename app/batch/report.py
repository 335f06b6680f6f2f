"""What became of a batch: `report.json` for programs, `report.html` for people."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from app.batch.clips import Clip, LeftOut
from app.batch.outcome import LOG, THUMBNAIL, Outcome, sum_up
from app.outputs import SIDE_BY_SIDE
from app.quality.table import BRIEFLY, MEASURES
from app.templates import macros
from estimators.files import complete_file

REPORT_JSON, REPORT_HTML = "report.json", "report.html"

_TEMPLATE = Path(__file__).with_name("report.html")


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


def table(folder: Path, clips: Sequence[Clip], outcomes: Sequence[Outcome], alone: bool = False) -> Markup:
    """The report's table, HTML: links to the files in `folder`, or, if it is shown alone, its pictures inside it."""
    return Markup(
        macros(_TEMPLATE).table(_rows(folder, clips, outcomes, alone), [MEASURES[name].brief for name in BRIEFLY])
    )


def page(
    folder: Path,
    clips: Sequence[Clip],
    outcomes: Sequence[Outcome],
    seconds: float,
    alone: bool = False,
    left_out: Sequence[LeftOut] = (),
) -> Markup:
    """`report.html`; see `table`."""
    summary = ", ".join(f"{count} {status}" for status, count in sum_up(outcomes).items() if count)
    rows = _rows(folder, clips, outcomes, alone)
    return Markup(macros(_TEMPLATE).page(summary, seconds, rows, [MEASURES[name].brief for name in BRIEFLY], left_out))


@dataclass(frozen=True)
class _Row:
    """A clip in the table: what it says, and where its links lead, "" for those that there are not."""

    name: str
    error: str | None
    warnings: Sequence[str]
    numbers: Sequence[str]
    log: str = ""
    picture: str = ""
    video: str = ""


def _rows(folder: Path, clips: Sequence[Clip], outcomes: Sequence[Outcome], alone: bool) -> list[_Row]:
    by_name = {clip.name: clip for clip in clips}
    return [_row(folder, by_name[one.name], one, alone) for one in outcomes]


def _row(folder: Path, clip: Clip, one: Outcome, alone: bool) -> _Row:
    where = clip.folder.relative_to(folder)

    def link(name: str) -> str:
        return _link(where / name) if (clip.folder / name).is_file() and not alone else ""

    if one.status == "failed":
        return _Row(one.name, one.error or "", (), (), log=link(LOG))
    numbers = [str(one.frames), str(one.people), f"{100 * one.found:.0f} %"]
    numbers += [_before_and_after(one.quality, measure) for measure in BRIEFLY]
    numbers.append("before" if one.status == "skipped" else f"{one.seconds:.1f}")
    picture = link(THUMBNAIL)
    if alone and (clip.folder / THUMBNAIL).is_file():
        picture = _inside(clip.folder / THUMBNAIL)
    return _Row(one.name, None, one.warnings, numbers, picture=picture, video=link(SIDE_BY_SIDE) if picture else "")


def _before_and_after(quality: dict[str, Any], measure: str) -> str:
    values = [quality[variant].get(measure) for variant in ("lifted", "refined") if variant in quality]
    return " → ".join("–" if value is None else f"{value:.3g}" for value in values)


def _link(path: Path) -> str:
    return quote(os.fsencode(path.as_posix()))


def _inside(picture: Path) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(picture.read_bytes()).decode("ascii")
