"""The report's page."""

from __future__ import annotations

from pathlib import Path

from app import outputs
from app.batch.clips import Clip
from app.batch.outcome import Outcome
from app.batch.report import write_report


def test_the_page_shows_text_as_text(tmp_path: Path) -> None:
    name = "<script>alert(1)</script> & co.mp4"
    clip = Clip(tmp_path / name, name, tmp_path / "out" / "x.mp4")
    (tmp_path / "out").mkdir()
    quality = {"lifted": {"acceleration": 12.345}, "refined": {"acceleration": None}}
    outcomes = [Outcome(name, "done", frames=3, people=1, quality=quality, warnings=["<b>odd</b>"])]
    _, page = write_report(tmp_path / "out", [clip], outcomes, {}, 1.0)
    text = page.read_text()
    assert "<script>" not in text and "&lt;script&gt;" in text and "&lt;b&gt;odd" in text
    assert "12.3 → –" in text
    assert outputs.SIDE_BY_SIDE not in text  # there is none
