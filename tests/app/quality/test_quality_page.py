"""The readable report: self-contained, well-formed, and it says what quality.json says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.quality.measures import quality
from app.quality.page import save_report
from app.quality.plots import from_above, over_time
from tests.support.motions import motion_of, walking

SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


def page_of(motion, tmp_path: Path) -> str:
    return save_report(motion, quality(motion), tmp_path / "quality.html").read_text(encoding="utf-8")


def test_the_page_says_what_the_json_says_and_needs_nothing_else(tmp_path: Path) -> None:
    two = motion_of([walking(60) - [0.8, 0, 0], walking(60)], missing=slice(10, 20), interpolated=slice(30, 33))
    two = replace(two, source={"name": "<script>alert(1)</script>.mp4"})
    page, measures = page_of(two, tmp_path), quality(two)
    assert "<h2>Person 1</h2>" in page and "<h2>Person 3</h2>" in page
    assert "<script" not in page and not re.search(r"(src|href)\s*=|url\(|https?://", page)
    for entry in measures["people"]:
        for variant in ("lifted", "refined"):
            for name in ("acceleration", "jerk", "bone_length_variation", "reprojection_error", "foot_sliding"):
                assert f">{entry[variant][name]:.3g}<" in page, (variant, name)
    assert "detected 78.33 %, interpolated 5 %, missing 16.67 %" in page
    drawings = SVG.findall(page)
    assert len(drawings) == 2 * 7  # confidence, three measures, uncertainty, feet, path
    for drawing in drawings:
        ElementTree.fromstring(drawing)
        assert "nan" not in drawing.lower()


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_very_short_motions_without_refinement_have_a_page(frames: int, tmp_path: Path) -> None:
    motion = motion_of([walking(frames)])
    page = page_of(replace(motion, people=(replace(motion.people[0], refined=None, sigma=None),)), tmp_path)
    assert "lifted" in page and "Uncertainty" not in page and ">change<" not in page


def test_somebody_never_seen_has_a_page(tmp_path: Path) -> None:
    assert "missing 100 %" in page_of(motion_of([walking(6)], missing=slice(0, 6)), tmp_path)


def test_a_gap_is_a_gap_in_the_curve_and_long_clips_stay_small() -> None:
    seconds = np.arange(100_000) / 30
    values = np.sin(seconds)
    values[30_000:60_000] = np.nan
    drawing = over_time(seconds, {"a": ("refined", values)}, "m", band=np.stack([values - 1, values + 1], axis=1))
    curve = re.search(r'class="line refined" d="([^"]*)"', drawing)
    assert curve and curve[1].count("M") == 2 and len(drawing) < 60_000
    assert "no" in over_time(seconds, {"a": ("refined", values * np.nan)}, "m").lower()
    assert from_above({"a": ("refined", np.full((5, 2), np.nan))}) == ""
