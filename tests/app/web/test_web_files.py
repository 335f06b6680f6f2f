"""Which files of this machine a stranger's request may name, and which are served."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.support.doors import TAKE_FILES, arguments, as_file, call, run, upload
from tests.support.serving import FRAMES, Served


@pytest.fixture
def outside(served: Served, clip: tuple[Path, Path], tmp_path: Path) -> dict[str, str]:
    """Things on this machine that are nobody's upload, by what they are."""
    private = tmp_path / "private.mp4"
    private.write_bytes(clip[0].read_bytes())
    link, pipe = served.desk.uploads.folder / "link.mp4", tmp_path / "pipe.mp4"
    link.unlink(missing_ok=True)
    link.symlink_to(private)
    os.mkfifo(pipe)
    result = served.desk.uploads.results / "of-somebody" / "side_by_side.mp4"
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_bytes(clip[0].read_bytes())
    up = "../" * 12
    return {
        "an absolute path": str(private),
        "a text file": "/etc/passwd",
        "a relative path": os.path.relpath(private),
        "a path with ..": f"{served.desk.uploads.folder}/{up}{str(private)[1:]}",
        "a symbolic link among the uploads": str(link),
        "another visitor's result": str(result),
        "a device that never ends": "/dev/zero",
        "a pipe that nobody fills": str(pipe),
        "a folder": str(tmp_path),
        "the folder of uploads": str(served.desk.uploads.folder),
        "an address": f"{served.url}/viewer/viewer.js",
        "an address of a file": f"file://{private}",
        "the process's own memory": "/proc/self/mem",
        "nothing": "",
        "no name at all": "a\0b",
    }


@pytest.mark.slow
@pytest.mark.parametrize("ask", [call, run], ids=["queued", "direct"])
@pytest.mark.parametrize("endpoint", TAKE_FILES)
def test_no_endpoint_takes_a_file_that_was_not_uploaded(
    http: httpx.Client, outside: dict[str, str], ask: Callable[..., tuple[bool, str]], endpoint: str
) -> None:
    for what, path in outside.items():
        started = time.monotonic()
        answered, said = ask(http, endpoint, arguments(endpoint, as_file(path)))
        assert not answered and "not uploaded here" in said, (what, said)
        assert "root:" not in said and time.monotonic() - started < 5, what


@pytest.mark.slow
@pytest.mark.parametrize("ask", [call, run], ids=["queued", "direct"])
def test_what_was_uploaded_is_taken(
    http: httpx.Client, clip: tuple[Path, Path], ask: Callable[..., tuple[bool, str]]
) -> None:
    file = as_file(upload(http, clip[0]))
    answered, said = ask(http, "check", [file])
    assert answered and f'"frames": {FRAMES}' in said.replace('":', '": ').replace("  ", " "), said
    for endpoint in ("people", "folder", "process"):
        answered, said = ask(http, endpoint, arguments(endpoint, file))
        assert answered, said


@pytest.mark.slow
def test_the_pages_own_events_take_no_other_files_either(
    http: httpx.Client, served: Served, outside: dict[str, str]
) -> None:
    """Events of the page have numbers instead of names, and may be sent with anything, in any order."""
    config = http.get("/config").json()
    tried = 0
    for event in config["dependencies"]:
        data = [as_file(outside["an absolute path"])] * max(1, len(event["inputs"]))
        body = {
            "data": data,
            "fn_index": event["id"],
            "session_hash": "stranger",
            "event_data": {"clip": "/etc/passwd"},
        }
        answer = http.post("/gradio_api/run/predict", json=body)
        tried += 1
        assert "private.mp4" not in answer.text and "root:" not in answer.text, (event["id"], answer.text[:300])
        assert answer.status_code == 500 or not event["inputs"], (event["id"], answer.text[:300])
    assert tried > 15 and not served.desk.slot.busy()


def test_only_uploads_results_and_examples_are_served(
    http: httpx.Client, outside: dict[str, str], clip: tuple[Path, Path]
) -> None:
    mine = upload(http, clip[0])
    for path in (mine, str(clip[0])):
        assert http.get(f"/gradio_api/file={path}").content == clip[0].read_bytes()
    for what, path in outside.items():
        if what != "another visitor's result" and "\0" not in path:  # a result's address is what gives it away
            assert http.get(f"/gradio_api/file={path}").status_code in (400, 404), what
    page = http.post("/gradio_api/upload", files={"files": ("x.html", b"<script>alert(1)</script>")}).json()[0]
    sent = http.get(f"/gradio_api/file={page}").headers
    assert "sandbox" in sent["content-security-policy"] and sent["x-content-type-options"] == "nosniff"


def test_a_visit_leaves_no_empty_files(http: httpx.Client, served: Served, clip: tuple[Path, Path]) -> None:
    file = as_file(upload(http, clip[0]))
    for _ in range(3):
        call(http, "check", [file], "tidy")
    folder = served.desk.uploads.folder
    assert not [
        path for path in folder.iterdir() if path.is_file() and not path.is_symlink() and not path.stat().st_size
    ]
