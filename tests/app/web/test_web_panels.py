"""The page's panels, what it tells of the models, and its theme."""

from __future__ import annotations

from app.web import about, panels
from app.web.jobs import Snapshot
from app.web.limits import Limits
from app.web.theme import theme


def test_text_from_outside_is_escaped() -> None:
    assert "<script>" not in panels.failed("<script>alert(1)</script>")
    assert "&lt;b&gt;" in panels.finished(1.0, 1, ["<b>bold</b> warning"])


def test_the_status_shows_frames_and_time_left() -> None:
    card = panels.running(Snapshot("Lift", 50, 200, 10.0, (("Prepare", 1.25),)), refine=True)
    assert "50 of 200 frames, 30 s left" in card and "width:25.0%" in card and "1.2 s" in card
    assert "Refine" not in panels.running(Snapshot("Lift"), refine=False)


def test_the_about_page_knows_the_models() -> None:
    cards = about.model_cards()
    assert "movenet-multipose" in cards and "Apache-2.0" in cards
    assert Limits().sentence() in about.about(Limits())


def test_the_theme_loads_no_font() -> None:
    assert not theme()._font_css and not theme()._stylesheets
