"""The page for everybody: keys, contrast, names, a phone's window, and pieces that stay where they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.support.serving import COUPLE, Served
from tests.support.video_files import write_video
from tests.support.visiting import SLOW_MS, Visit

GRADIOS_OWN = (
    "folder, chosen",
    "nested-interactive",
)  # its button to add a file to others holds one more, of the same use
PHONE = {"width": 390, "height": 844}
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifted += shift.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture
def visit(browser: Any, served: Served) -> Iterator[Visit]:
    visit = Visit(browser, served.url)
    yield visit
    assert not visit.wrong
    visit.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Any, served: Served, clip: tuple[Path, Path], scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install '.[dev]'").Axe()
    visit = Visit(browser, served.url, color_scheme=scheme)
    page = visit.page

    def check(where: str) -> None:
        page.wait_for_timeout(500)  # colours change in steps
        found = [one for one in axe.run(page).response["violations"] if one["impact"] in ("serious", "critical")]
        found = [one for one in found if (where, one["id"]) != GRADIOS_OWN]
        assert not [(where, one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found]

    page.click("button:has-text('More choices')")
    check("empty")
    visit.upload(clip[0])
    visit.run()
    check("result")
    page.click("[role=tab]:has-text('Folder')")
    check("folder")
    page.set_input_files("#folder-videos input[type=file]", [clip[0], clip[0]])
    page.wait_for_selector("#folder-status :text('2 videos')")
    check("folder, chosen")
    names = page.eval_on_selector_all("button", "all => all.map((one) => one.ariaLabel ?? one.innerText)")
    assert not [name for name in names if "common." in name]
    page.click("[role=tab]:has-text('About')")
    check("about")
    visit.context.close()


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 720}], ids=["phone", "screen"])
def test_nothing_moves_while_the_page_loads(browser: Any, served: Served, viewport: dict[str, int]) -> None:
    context = browser.new_context(viewport=viewport)
    page = context.new_page()
    page.add_init_script(SHIFTS)
    page.goto(served.url, timeout=SLOW_MS)
    page.wait_for_selector("#start", timeout=SLOW_MS)
    page.wait_for_timeout(2000)
    assert page.evaluate("window.shifted") < 0.1
    context.close()


def test_progress_is_in_a_phones_window(browser: Any, served: Served, long_clip: Path) -> None:
    visit = Visit(browser, served.url, viewport=PHONE)
    visit.upload(long_clip)
    visit.page.click("#start")
    visit.page.wait_for_selector(".d3p-bar")
    visit.page.wait_for_function(
        """() => {
            const { top, bottom } = document.querySelector("#status").getBoundingClientRect();
            return top >= 0 && bottom <= innerHeight;
        }"""
    )
    visit.page.click("#cancel")
    visit.page.wait_for_selector("#status:has-text('Cancelled')")
    visit.context.close()


def test_the_form_goes_by_keys(visit: Visit) -> None:
    """Each choice shows where the keys are, and nothing opens over the others."""
    page = visit.page
    page.focus("#preset input:checked")
    chosen = "document.activeElement.closest('label')"
    seen = []
    for _ in range(4):
        assert page.evaluate(f"getComputedStyle({chosen}).outlineStyle") == "solid"
        seen.append(page.evaluate(f"{chosen}.innerText.trim()"))
        page.keyboard.press("Tab")
        if not page.evaluate(f"Boolean({chosen})"):
            break
    assert seen == ["Best", "Fast", "stcformer", "mixste"]  # gradio's are no group to browsers: each is a stop
    assert not page.query_selector("[role=listbox]:visible, ul.options")
    page.focus("#lifter label:has-text('mixste') input")
    page.keyboard.press("Space")
    page.wait_for_selector("#lifter label:has-text('mixste') input:checked")


def test_videos_that_browsers_do_not_play_are_shown(visit: Visit, tmp_path: Path) -> None:
    """A GIF, chosen by a picker that offers it; a codec that no browser has: the first frame stands for them."""
    bright = np.full((COUPLE[1], COUPLE[0], 3), 200, np.uint8)
    bright[:, :80] = (40, 40, 220)
    video = write_video(tmp_path / "raw.avi", size=COUPLE, pictures=[bright] * 12)
    gif = tmp_path / "moving.gif"
    from PIL import Image

    frames = [Image.fromarray(cv2.cvtColor(bright, cv2.COLOR_BGR2RGB)) for _ in range(6)]
    frames[1].putpixel((9, 9), (0, 0, 0))  # else equal frames are joined
    frames[0].save(gif, save_all=True, append_images=frames[1:], duration=100)
    for file in (gif, video):
        assert visit.page.get_attribute("#video input[type=file]", "accept") in (None, "", "*")
        visit.upload(file)
        visit.page.wait_for_selector("#start:not([disabled])")
        visit.page.wait_for_function("document.querySelector('#preview img')?.naturalWidth > 0")
        shown = visit.page.locator("#preview").screenshot()
        picture = cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_COLOR)
        assert (np.ptp(picture, axis=2) > 100).any() and "not playable" not in visit.page.inner_text("body")
        visit.page.click("#video button[aria-label=Clear]")
        visit.page.wait_for_selector("#video input[type=file]", state="attached")


def test_a_results_files_cannot_be_taken_away(visit: Visit, clip: tuple[Path, Path]) -> None:
    visit.upload(clip[0])
    visit.run()
    assert visit.page.locator("#files a[download]").count() > 5
    assert not visit.page.locator("#files button:visible").count()
