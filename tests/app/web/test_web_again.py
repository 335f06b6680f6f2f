"""A page that is loaded again, or come back to, shows what it showed before; nobody else's does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.web.jobs import Cancelled
from tests.support.serving import FRAMES, Served
from tests.support.visiting import Visit

TOKEN = "sessionStorage.getItem('d3p-visit')"


@pytest.fixture
def visit(browser: Any, served: Served) -> Iterator[Visit]:
    visit = Visit(browser, served.url)
    yield visit
    # a page that is left gives up its streams
    assert not [line for line in visit.wrong if "Abort" not in line and "Connection errored out" not in line]
    visit.context.close()


def test_a_result_is_there_after_reloading_and_going_back(visit: Visit, clip: tuple[Path, Path]) -> None:
    page = visit.page
    visit.upload(clip[0])
    page.click("#preset label:has-text('Fast')")
    page.click("#lifter label:has-text('mixste')")
    page.click("#who label:has-text('Everyone')")
    visit.run()
    video, seen = page.get_attribute(".v-film", "src"), page.inner_text("#numbers")
    assert f"{FRAMES} detected, 0 interpolated" in seen  # as the timeline and the video draw it, whatever was looked at

    def there() -> None:
        visit.wait_for("done")
        page.wait_for_selector(".d3p-viewer[data-ready=true]")
        assert page.get_attribute(".v-film", "src") == video and page.inner_text("#numbers") == seen
        for choice in (
            "#preset label:has-text('Fast')",
            "#lifter label:has-text('mixste')",
            "#who label:has-text('Every')",
        ):
            page.wait_for_selector(f"{choice} input:checked")
        page.wait_for_selector(f"#video :text('{clip[0].stem}')")
        page.wait_for_function("document.querySelector('#preview video').videoWidth > 0")
        assert page.evaluate("scrollY") == 0  # where one was, not where the result is

    page.evaluate("scrollTo(0, 0)")
    page.reload()
    there()
    page.goto("about:blank")
    page.go_back()
    there()
    page.click("#video button[aria-label=Clear]")
    page.wait_for_selector("#start[disabled]")
    page.reload()
    page.wait_for_function(f"{TOKEN} && document.querySelector('#status')")
    page.wait_for_timeout(1500)
    assert not page.is_visible(".v-film") and not page.is_visible("#preview")  # taken away is taken away


def test_a_run_goes_on_while_its_page_is_loaded_again(visit: Visit, served: Served, long_clip: Path) -> None:
    page = visit.page
    visit.upload(long_clip)
    page.click("#start")
    page.wait_for_selector(".d3p-bar")
    (job,) = (job for one in served.desk.sessions._sessions.values() for job in one.jobs if not job.done())
    page.reload()
    page.wait_for_selector("#start[disabled]")
    page.wait_for_selector(".d3p-bar")
    assert not job.done() and served.desk.slot.busy() == 1
    page.click("#cancel")
    page.wait_for_selector("#status:has-text('Cancelled')")
    page.wait_for_selector("#start:not([disabled])")
    assert job.wait(20)


def test_a_run_that_nobody_comes_back_to_is_stopped(browser: Any, served: Served, long_clip: Path) -> None:
    visit = Visit(browser, served.url)
    visit.upload(long_clip)
    visit.page.click("#start")
    visit.page.wait_for_selector(".d3p-bar")
    (job,) = (job for one in served.desk.sessions._sessions.values() for job in one.jobs if not job.done())
    visit.context.close()
    assert job.wait(served.desk.sessions.grace_s + 60)
    with pytest.raises(Cancelled):
        job.result()


def test_a_folder_is_there_after_reloading(visit: Visit, clip: tuple[Path, Path], garbage: Path) -> None:
    page = visit.page
    page.click("[role=tab]:has-text('Folder')")
    page.set_input_files("#folder-videos input[type=file]", [clip[0], garbage])
    page.wait_for_selector("#folder-status:has-text('One video can be processed')")
    page.click("#folder-start:not([disabled])")
    page.wait_for_selector("#folder-status [data-state=done]")
    page.reload()
    page.click("[role=tab]:has-text('Folder')")
    page.wait_for_selector("#folder-status [data-state=done]:has-text('1 of 2 videos')")
    assert "holiday.mp4" in page.inner_text("#folder-report") and "walker" in page.inner_text("#folder-videos")


def test_an_old_result_does_not_stay_under_a_new_video(visit: Visit, clip: tuple[Path, Path], nobody: Path) -> None:
    page = visit.page
    visit.upload(clip[0])
    visit.run()
    page.click("#video button[aria-label=Clear]")
    page.wait_for_selector(".v-film", state="hidden")
    visit.upload(nobody)
    assert not page.is_visible(".v-film") and not page.is_visible("#numbers")


def test_only_the_secret_opens_a_session(browser: Any, served: Served, clip: tuple[Path, Path]) -> None:
    one, two = Visit(browser, served.url), Visit(browser, served.url)
    one.upload(clip[0])
    one.run()
    token, own = one.page.evaluate(TOKEN), two.page.evaluate(TOKEN)
    assert token != own and len(token) >= 43  # 256 bits
    assert token not in one.page.url and token not in one.page.get_attribute(".v-film", "src")

    with one.page.expect_request(lambda sent: token in (sent.post_data or "")) as caught:
        one.page.reload()
    asked, hashes = caught.value.post_data_json, list(served.desk.sessions._sessions)
    for number, guess in enumerate((token, token[:-1], token.lower(), "", None, "x" * 43, "\ud800é", *hashes)):
        sent = {**asked, "data": [guess], "session_hash": f"somebody{number}"}
        answer = httpx.post(
            caught.value.url, content=json.dumps(sent), headers={"content-type": "application/json"}
        ).text
        assert ("walker" in answer) == (guess == token) == (token in answer)
    two.page.evaluate("sessionStorage.setItem('d3p-visit', 'not' + sessionStorage.getItem('d3p-visit'))")
    two.page.reload()
    two.page.wait_for_selector("#status:has-text('has been deleted')")  # it is said that something is gone
    assert not two.page.is_visible(".v-film")
    one.context.close()
    two.context.close()
