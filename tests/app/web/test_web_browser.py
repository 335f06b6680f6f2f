"""The page in a real headless Chromium, with the outside network blocked."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.media.video import VideoReader
from app.motion import Motion
from tests.support.serving import FRAMES, Served
from tests.support.visiting import SLOW_MS, Visit


def test_a_clip_from_upload_to_download(visit: Visit, clip: tuple[Path, Path], tmp_path: Path) -> None:
    page = visit.page
    visit.upload(clip[0])
    visit.run()

    # three panes playing
    page.wait_for_function(
        "(v => v.readyState >= 2 && v.videoWidth > 2 * v.videoHeight)(document.querySelector('.v-film'))"
    )
    assert not page.eval_on_selector(".v-film", "video => video.error")
    before = page.eval_on_selector(".v-film", "video => video.currentTime")
    page.wait_for_function(f"document.querySelector('.v-film').currentTime != {before}")

    # scrub: slider, then timeline; the input follows
    page.eval_on_selector(".v-bar input[type=range]", "e => { e.value = 9; e.dispatchEvent(new Event('input')); }")
    assert visit.viewer("frame") == "9" and f"10 / {FRAMES}" in page.inner_text(".v-clock")
    page.wait_for_function("Math.abs(document.querySelector('.v-input video').currentTime - 9.4 / 25) < 0.01")
    box = page.locator(".v-chart").bounding_box()
    page.locator(".v-chart").click(position={"x": box["width"] / 2, "y": 60})
    assert visit.viewer("frame") in {str(FRAMES // 2 - 1), str(FRAMES // 2)}

    # the 3D view shows something, turns, and changes with the view and the ghost
    def picture() -> bytes:
        page.wait_for_timeout(300)
        return page.locator(".v-space").screenshot()

    first = picture()
    box = page.locator(".v-space canvas").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 320, box["y"] + 220, steps=4)
    page.mouse.up()
    turned = picture()
    page.select_option(".v-bar select[aria-label=View]", "overlay")
    overlaid = picture()
    page.check(".v-ghost input")
    assert len({first, turned, overlaid, picture()}) == 4

    # a joint has a name
    page.select_option(".v-bar select[aria-label=View]", "refined")
    page.click("text=Reset view")
    names = set()
    for y in range(20, int(box["height"]), 8):
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + y)
        if page.is_visible(".v-tip"):
            names.add(page.inner_text(".v-tip b").lower())
    assert names & {"hip", "spine", "thorax", "neck", "head"}

    # play, slowly: the 3D view keeps step with the input
    page.select_option(".v-bar select[aria-label=Speed]", "0.25")
    before = visit.viewer("frame")
    page.click(".v-play")
    page.wait_for_function("document.querySelector('.d3p-viewer').dataset.playing == 'true'")
    assert page.eval_on_selector(".v-input video", "video => video.playbackRate") == 0.25
    page.wait_for_function(f"document.querySelector('.d3p-viewer').dataset.frame != '{before}'")
    page.click(".v-play")
    page.wait_for_timeout(300)
    at = page.eval_on_selector(".v-input video", "video => video.currentTime")
    assert abs(int(visit.viewer("frame")) - at * 25) <= 1.5

    with page.expect_download() as download:
        page.click("#files a[download]")
    download.value.save_as(tmp_path / "motion.npz")
    assert len(Motion.load(tmp_path / "motion.npz")) == FRAMES
    assert not visit.wrong


def test_another_lifter_on_an_example(visit: Visit) -> None:
    visit.page.click("[data-clip=walker]")
    visit.page.wait_for_function("document.querySelector('#status').innerText.includes('walker.mp4')")
    visit.page.click("#lifter label:has-text('mixste')")
    visit.page.wait_for_selector("#preset label:has-text('Best') input:checked")  # which is another question
    visit.run()
    assert "against the exact truth" in visit.page.inner_text("#numbers")
    assert not visit.wrong


def test_a_preset_sets_the_choices_and_is_named_by_them(visit: Visit) -> None:
    page = visit.page
    page.click("button:has-text('More choices')")
    page.click("#preset label:has-text('Fast')")
    page.wait_for_selector("#frames label:has-text('27') input:checked")
    assert page.input_value("#steps input[type=number]") == "1"
    page.wait_for_selector("#looks label:has-text('12 times a second') input:checked")
    page.click("#frames label:has-text('81')")
    page.wait_for_function("!document.querySelector('#preset input:checked')")  # 81 frames and one step are neither
    page.fill("#steps input[type=number]", "2")
    page.click("#looks label:has-text('at every frame')")
    page.wait_for_selector(
        "#detector label:has(span:text-is('MoveNet Thunder')) input:checked"
    )  # which is the fast one's
    page.click("#detector label:has-text('Thunder and BlazePose')")
    page.wait_for_selector("#preset label:has-text('Best') input:checked")
    page.click("#lifter label:has-text('mixste')")
    page.wait_for_timeout(500)
    page.wait_for_selector("#preset label:has-text('Best') input:checked")  # every lifter can be asked thoroughly
    page.wait_for_selector("#frames label:has-text('81') input:checked")
    assert not visit.wrong


def test_a_person_is_picked_by_picture(visit: Visit, couple: Path, nobody: Path, tmp_path: Path) -> None:
    page = visit.page
    visit.upload(nobody)
    page.click("#who label:has-text('Pick by picture')")
    assert "Nobody was seen" in visit.wait_for("failed")
    page.wait_for_selector("#who label:has-text('Most prominent') input:checked")
    visit.upload(couple)
    page.click("#who label:has-text('Pick by picture')")
    page.wait_for_selector("#people [data-person='all']")
    assert page.get_attribute("#people [aria-checked=true]", "data-person") == "1"
    assert "in every frame" in page.inner_text("#people [data-person='0']")
    assert page.eval_on_selector("#people [data-person='0'] img", "image => image.naturalWidth") == 126
    page.click("#people [data-person='0']")
    page.wait_for_selector("#people [data-person='0'][aria-checked=true]")
    page.wait_for_timeout(1000)  # for the server to know
    visit.run()
    with page.expect_download() as download:
        page.click("#files a[download]")
    download.value.save_as(tmp_path / "motion.npz")
    assert [person.id for person in Motion.load(tmp_path / "motion.npz").people] == [0]
    assert not visit.wrong


def test_a_look_at_files_asks_nothing_of_the_queue(visit: Visit, clip: tuple[Path, Path]) -> None:
    asked: list[str] = []
    visit.page.on("request", lambda sent: asked.append(sent.url))
    visit.upload(clip[0])
    visit.page.wait_for_timeout(1000)
    # an answer that ends in the moment of a click on Start would take the click's own answer with it
    assert not [url for url in asked if "queue/join" in url] and [url for url in asked if "upload" in url]


def test_a_folder_with_a_bad_clip(visit: Visit, clip: tuple[Path, Path], garbage: Path, tmp_path: Path) -> None:
    page = visit.page
    page.click("[role=tab]:has-text('Folder')")
    page.wait_for_selector("#folder-start[disabled]")  # there is nothing to start with
    page.set_input_files("#folder-videos input[type=file]", [clip[0], garbage])
    page.wait_for_selector("#folder-status :text('One video can be processed')")
    page.click("#folder-start:not([disabled])")
    page.wait_for_selector("#folder-status [data-state=done]")
    assert "1 of 2 videos" in page.inner_text("#folder-status")
    table = page.inner_text("#folder-report")
    assert "walker.mp4" in table and "holiday.mp4" in table and "lifted" not in table
    assert page.eval_on_selector("#folder-report img", "image => image.naturalHeight") == 180
    with page.expect_download() as download:
        page.click("#folder-archive")
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as zipped:
        assert "d3p-folder/walker.mp4/side_by_side.mp4" in zipped.namelist()
    assert not visit.wrong


def test_the_webcam_records_and_does_not_mirror(visit: Visit, served: Served) -> None:
    page = visit.page
    page.click("#webcam button:has-text('Record with the webcam')")
    page.click("#camera button:has-text('Access Webcam')")
    page.click("#camera button[aria-label='start recording']")
    page.wait_for_timeout(2500)
    page.click("#camera button[aria-label='start recording']")  # the same button stops; gradio does not rename it
    page.wait_for_function("/frames a second/.test(document.querySelector('#status').innerText)")
    ((recording, *_),) = (one.uploads for one in served.desk.sessions._sessions.values() if one.used > visit.began)
    picture = next(iter(VideoReader(recording)))
    assert picture[:, :60].mean() > picture[:, 100:].mean() + 60
    visit.run()
    assert not visit.wrong


def test_garbage_is_answered_with_a_sentence(visit: Visit, garbage: Path) -> None:
    assert visit.page.is_disabled("#start")  # nothing is there to start with
    visit.upload(garbage)
    card = visit.wait_for("failed")
    assert "holiday.mp4" in card and "Traceback" not in card
    assert visit.page.is_disabled("#start") and not visit.page.query_selector("[data-testid=toast-body]")
    assert not visit.wrong


def test_a_run_is_cancelled(visit: Visit, served: Served, long_clip: Path) -> None:
    before = served.folders()
    visit.upload(long_clip)
    visit.page.click("#start")
    visit.page.wait_for_selector(".d3p-bar")
    started = time.monotonic()
    visit.page.click("#cancel")
    visit.page.wait_for_selector("#status:has-text('Cancelled')")
    while served.desk.slot.busy() and time.monotonic() - started < 20:
        time.sleep(0.02)
    assert time.monotonic() - started < 10  # it takes about a second; the machine may be busy
    assert [path for path in served.folders() if path not in before and path.is_file()] == []
    visit.page.wait_for_selector("#start:not([disabled])")
    assert not visit.wrong


def test_two_sessions_do_not_see_each_other(browser: Any, served: Served, clip: tuple[Path, Path]) -> None:
    one, two = Visit(browser, served.url), Visit(browser, served.url)
    one.upload(clip[0])
    one.run()
    address = one.page.get_attribute(".v-film", "src")
    token = address.split("/sessions/")[1].split("/")[0]
    assert httpx.get(address).status_code == 200
    assert token not in two.page.content() and two.page.query_selector(".v-film") is None
    one.context.close()
    deadline = time.monotonic() + 120
    while httpx.get(address).status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert httpx.get(address).status_code in (403, 404)  # the page is closed: the files are gone
    assert not one.wrong and not two.wrong
    two.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_the_page_fits(browser: Any, served: Served, width: int, scheme: str) -> None:
    """Nothing sticks out at a phone's width, and the dark page is dark."""
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(served.url, timeout=SLOW_MS)
    page.wait_for_selector("#start", timeout=SLOW_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
    context.close()
