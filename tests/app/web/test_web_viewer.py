"""The 3D view and the timeline of a result, by mouse, wheel and keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.support.serving import FRAMES, Served
from tests.support.visiting import Visit

CANVAS, CHART = ".v-space canvas", ".v-chart"


@pytest.fixture(scope="module")
def result(browser: Any, served: Served, clip: tuple[Path, Path]) -> Iterator[Visit]:
    """A visit with a result of the preset "fast", which looks at every other frame."""
    visit = Visit(browser, served.url)
    visit.upload(clip[0])
    visit.page.click("#preset label:has-text('Fast')")
    visit.run()
    visit.page.select_option(".v-bar select[aria-label=View]", "refined")
    yield visit
    assert not visit.wrong
    visit.context.close()


@pytest.fixture
def centred(result: Visit) -> Visit:
    """The 3D view in the middle of the window, not active, as it is at first."""
    result.page.eval_on_selector(CANVAS, "canvas => canvas.blur()")
    result.page.click("text=Reset view")
    result.page.eval_on_selector(CANVAS, "canvas => canvas.scrollIntoView({ block: 'center', behavior: 'instant' })")
    return result


def figure(visit: Visit) -> int:
    """How many pixels of the 3D view show somebody's left or right side."""
    visit.page.wait_for_timeout(300)
    picture = cv2.imdecode(np.frombuffer(visit.page.locator(CANVAS).screenshot(), np.uint8), cv2.IMREAD_COLOR)
    return int((np.ptp(picture[8:-8, 8:-8], axis=2) > 70).sum())  # without the ring of the focus


def over_the_view(visit: Visit) -> tuple[float, float]:
    box = visit.page.locator(CANVAS).bounding_box()
    visit.page.mouse.move(box["x"] + 40, box["y"] + 60)
    return box["x"] + 40, box["y"] + 60


def test_the_wheel_scrolls_the_page_until_the_view_was_clicked(centred: Visit) -> None:
    page, before = centred.page, figure(centred)
    at = page.evaluate("scrollY")
    over_the_view(centred)
    page.mouse.wheel(0, 90)
    page.wait_for_function(f"scrollY > {at + 50}")
    page.mouse.wheel(0, -90)
    page.wait_for_function(f"scrollY < {at + 40}")
    assert figure(centred) == pytest.approx(before, rel=0.02)

    at = page.evaluate("scrollY")
    page.mouse.click(*over_the_view(centred))
    page.mouse.wheel(0, -300)
    assert figure(centred) > 1.2 * before and page.evaluate("scrollY") == at
    page.keyboard.press("Escape")
    page.mouse.wheel(0, 90)
    page.wait_for_function(f"scrollY > {at + 50}")


def test_nobody_is_lost_far_away_or_aside(centred: Visit) -> None:
    page, before = centred.page, figure(centred)
    x, y = over_the_view(centred)
    page.mouse.click(x, y)
    for _ in range(40):
        page.mouse.wheel(0, 240)
    assert figure(centred) > 0.04 * before  # 2.5 times the distance is 0.16 of the pixels, and a little haze
    page.keyboard.press("Home")
    assert figure(centred) == pytest.approx(before, rel=0.02)
    for _ in range(6):  # the right button moves the view aside
        page.mouse.move(x, y)
        page.mouse.down(button="right")
        page.mouse.move(x + 400, y, steps=3)
        page.mouse.up(button="right")
    for _ in range(40):
        page.mouse.wheel(0, 240)
    assert figure(centred) > 0.04 * before


def test_keys_turn_and_zoom(centred: Visit) -> None:
    page, before = centred.page, figure(centred)
    assert page.get_attribute(CANVAS, "tabindex") == "0" and "arrow keys" in page.get_attribute(CANVAS, "aria-label")
    page.focus(CANVAS)
    first = page.locator(CANVAS).screenshot()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert page.locator(CANVAS).screenshot() != first
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("+")
    assert figure(centred) > 1.2 * before
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("-")
    assert figure(centred) < 0.8 * before


def test_keys_go_from_frame_to_frame(result: Visit) -> None:
    page = result.page
    page.focus(CHART)
    for key, frame in [("Home", 0), ("ArrowRight", 1), ("PageUp", 11), ("ArrowLeft", 10), ("End", FRAMES - 1)]:
        page.keyboard.press(key)
        assert result.viewer("frame") == str(frame) and page.get_attribute(CHART, "aria-valuenow") == str(frame + 1)
    assert page.get_attribute(CHART, "role") == "slider" and page.get_attribute(CHART, "aria-valuemax") == str(FRAMES)
    assert f"frame {FRAMES} of {FRAMES}; detected; confidence 90 %" in page.get_attribute(CHART, "aria-valuetext")


def test_reprojection_is_drawn_through_what_is_interpolated(result: Visit) -> None:
    """It is measured in every other frame only; lines between these are not nothing."""
    result.page.click("text=Reset view")  # the playhead keeps still, and no focus ring
    coloured = result.page.eval_on_selector(
        CHART,
        """chart => {
            const ratio = chart.width / chart.clientWidth, top = 44 + 2 * 64;
            const [left, width, height] = [130 * ratio, (chart.clientWidth - 260) * ratio, 54 * ratio];
            const { data } = chart.getContext("2d").getImageData(left, top * ratio, width, height);
            const columns = new Set();
            for (let i = 0; i < data.length; i += 4)
                if (Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 60)
                    columns.add((i / 4) % Math.floor((chart.clientWidth - 260) * ratio));
            return columns.size / ((chart.clientWidth - 260) * ratio);
        }""",
    )  # of the width, how much has the refined line's colour
    assert coloured > 0.8


def test_what_hovers_is_whole(centred: Visit) -> None:
    """The facts about a joint stay inside the view, whatever joint it is."""
    page = centred.page
    page.select_option(".v-bar select[aria-label=View]", "split")
    box = page.locator(CANVAS).bounding_box()
    seen = 0
    for x in range(int(box["width"]) - 260, int(box["width"]) - 8, 12):
        for y in range(30, int(box["height"]), 30):
            page.mouse.move(box["x"] + x, box["y"] + y)
            if not page.is_visible(".v-tip"):
                continue
            seen += 1
            tip = page.locator(".v-tip").bounding_box()
            assert tip["x"] >= box["x"] and tip["x"] + tip["width"] <= box["x"] + box["width"]
            assert page.eval_on_selector(".v-tip", "tip => tip.scrollWidth <= tip.clientWidth")
    page.select_option(".v-bar select[aria-label=View]", "refined")
    assert seen
