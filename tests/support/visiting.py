"""A visitor with a real headless Chromium, cut off from the outside network."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SLOW_MS = 180_000  # machines that test are busy machines
WEBGL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]  # in software


@contextmanager
def chromium(camera: Path) -> Iterator[Any]:
    """The browser, its webcam showing a file; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install '.[dev]'")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    arguments = [
        *WEBGL, "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


class Visit:
    """A session of its own, and everything that went wrong in it."""

    def __init__(self, browser: Any, url: str, **window: Any) -> None:
        window = {"viewport": {"width": 1280, "height": 900}, "accept_downloads": True, **window}
        self.context = browser.new_context(**window)
        self.context.set_default_timeout(SLOW_MS)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.began = time.monotonic()
        self.page.on("console", lambda line: self._note(line.type == "error", f"console: {line.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("response", lambda got: self._note(got.status >= 400, f"{got.status}: {got.url}"))
        self.page.on("request", lambda sent: self._outside(sent.url, url))
        self.page.on("requestfailed", self._failed)
        self.page.goto(url)
        self.page.wait_for_selector("#start")
        self.page.wait_for_function("sessionStorage.getItem('d3p-visit')")  # the app knows the visitor

    def _note(self, wrong: bool, what: str) -> None:
        if wrong:
            self.wrong.append(what)

    def _outside(self, address: str, url: str) -> None:
        self._note(not address.startswith((url, "data:", "blob:")), f"outside: {address}")

    def _failed(self, request: Any) -> None:
        # the page itself gives up a stream at its end, and a video that is replaced
        self._note(request.failure != "net::ERR_ABORTED", f"failed: {request.url} {request.failure}")

    def seen(self) -> str:
        """What the page says, with what went wrong, for somebody who cannot look at it."""
        return "\n".join([self.page.inner_text("body"), *self.wrong])

    def upload(self, path: Path) -> None:
        if self.page.query_selector(
            "#video button[aria-label=Clear]"
        ):  # gradio takes another one only after the first is gone
            self.page.click("#video button[aria-label=Clear]")
        self.page.set_input_files("#video input[type=file]", path)
        self.page.wait_for_selector(f"#status [data-state]:has-text('{path.name}')")

    def wait_for(self, state: str) -> str:
        self.page.wait_for_selector(f"#status [data-state={state}]")
        return self.page.inner_text("#status")

    def run(self) -> None:
        self.page.click("#start")
        self.wait_for("done")
        self.page.wait_for_selector(".d3p-viewer[data-ready=true]")

    def viewer(self, name: str) -> str:
        return self.page.get_attribute(".d3p-viewer", f"data-{name}")
