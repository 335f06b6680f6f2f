"""Every door of the app over raw HTTP, as a stranger tries it: not by gradio's client, which uploads what it gets."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.web.server import Settings
from app.web.visitors import Attempts
from tests.support.serving import FRAMES, Served, serving

TAKE_FILES = ("check", "people", "process", "folder")
WISH: dict[str, Any] = {
    "detector": "movenet", "lifter": "stcformer", "frames": 81, "person": "largest", "steps": 2, "refine": True,
    "looks": 0,
    "rotate": "auto",
}  # fmt: skip


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=60) as client:
        yield client


def as_file(path: object) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def arguments(endpoint: str, file: Any, **wish: Any) -> list[Any]:
    """The values that an endpoint takes, in order."""
    files = [file] if endpoint == "folder" else file
    chosen = {"check": (), "people": ("detector", "rotate")}.get(endpoint, tuple(WISH))
    return [files, *({**WISH, **wish}[name] for name in chosen)]


def call(http: httpx.Client, endpoint: str, data: Any, session: str = "stranger") -> tuple[bool, str]:
    """Whether an endpoint has answered, and what, through gradio's queue."""
    begun = http.post(f"/gradio_api/call/{endpoint}", json={"data": data, "session_hash": session})
    if begun.status_code != 200:
        return False, begun.text
    events = http.get(f"/gradio_api/call/{endpoint}/{begun.json()['event_id']}").text
    return "event: complete" in events, events


def run(http: httpx.Client, endpoint: str, data: Any, session: str = "stranger") -> tuple[bool, str]:
    """The same past the queue."""
    answer = http.post(f"/gradio_api/run/{endpoint}", json={"data": data, "session_hash": session})
    return answer.status_code == 200, answer.text


def upload(http: httpx.Client, video: Path) -> str:
    answer = http.post("/gradio_api/upload", files={"files": (video.name, video.read_bytes())})
    return str(answer.json()[0])


# --- S1: files -------------------------------------------------------------------------------------------------------


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


# --- S2: names, origins, headers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.7", "", "a@localhost"]
)
def test_another_host_is_refused(http: httpx.Client, host: str) -> None:
    for path in ("/", "/config", "/gradio_api/info", "/viewer/viewer.js"):
        assert http.get(path, headers={"host": host}).status_code == 421, path


def test_the_apps_own_names_are_answered(http: httpx.Client, served: Served) -> None:
    port = served.url.rsplit(":", 1)[1]
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "LOCALHOST"):
        assert http.get("/config", headers={"host": host}).status_code == 200, host


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost:3000", "http://localhost", "http://127.0.0.1", "file://"],
)
def test_another_pages_requests_are_refused(http: httpx.Client, origin: str) -> None:
    headers = {"origin": origin}
    files = {"files": ("a.mp4", b"0")}
    answers = [
        http.post("/gradio_api/upload", files=files, headers=headers),
        http.post("/gradio_api/run/choices", json={"data": []}, headers=headers),
        http.post("/gradio_api/queue/join", json={"data": []}, headers=headers),
        http.get("/config", headers=headers),
        http.options("/gradio_api/upload", headers={**headers, "access-control-request-method": "POST"}),
    ]
    for answer in answers:
        assert answer.status_code == 403, answer.url
        assert not [name for name in answer.headers if name.startswith("access-control-allow-origin")]


def test_what_another_page_embeds_is_refused_and_links_are_followed(http: httpx.Client, served: Served) -> None:
    embedded = {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}
    followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert http.get("/config", headers=embedded).status_code == 403
    assert http.get("/", headers=followed).status_code == 200
    assert http.post("/login", headers=followed).status_code == 403
    own = {"origin": served.url, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
    assert http.post("/gradio_api/run/choices", json={"data": []}, headers=own).status_code == 200


def test_every_answer_has_the_headers(http: httpx.Client) -> None:
    for path in ("/", "/config", "/viewer/viewer.js", "/gradio_api/info", "/nothing", "/gradio_api/file=/etc/passwd"):
        headers = http.get(path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY", path
        assert headers["referrer-policy"] == "no-referrer" and "server" not in headers, path
        assert "default-src" in headers["content-security-policy"], path


# --- S3: who may come in, and how much of it -----------------------------------------------------------------------


def test_what_the_page_does_not_need_is_closed(http: httpx.Client) -> None:
    for path in (
        "gradio_api/dev/reload", "gradio_api/openapi.json", "openapi.json", "docs", "gradio_api/runs",
        "gradio_api/token",
        "monitoring", "gradio_api/proxy=http://localhost/x", "gradio_api/vibe-code/", "gradio_api/deep_link",
        "gradio_api/stream/a/b/1/playlist.m3u8", "gradio_api/custom_component/a/b/c/d", "gradio_api/file=http://localhost/",
    ):  # fmt: skip
        assert http.get(f"/{path}").status_code == 404, path
    for path in (
        "gradio_api/component_server",
        "gradio_api/process_recording",
        "gradio_api/vibe-edit/",
        "gradio_api/stream/a",
    ):
        assert http.post(f"/{path}", json={}).status_code == 404, path
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "CONNECT"):
        assert http.request(method, "/config").status_code == 404, method


@pytest.mark.slow
def test_with_a_password_nothing_answers_before_it(served: Served) -> None:
    """With `served` running, whose networks are stand-ins."""
    with serving(Settings(port=0, user="ann", password="secret")) as closed, httpx.Client(base_url=closed.url) as http:
        assert http.get("/").status_code == 200
        gets = (
            "config", "viewer/viewer.js", "viewer/playback.js", "gradio_api/info", "gradio_api/heartbeat/x",
            "gradio_api/app_id",
            "gradio_api/queue/data?session_hash=x", "gradio_api/queue/status", "gradio_api/startup-events",
            "gradio_api/upload_progress?upload_id=x", "gradio_api/file=/etc/passwd", "gradio_api/call/choices/x",
        )  # fmt: skip
        for path in gets:
            assert http.get(f"/{path}").status_code == 401, path
        for path in ("openapi.json", "gradio_api/openapi.json", "gradio_api/dev/reload"):
            assert http.get(f"/{path}").status_code in (401, 404), path
        for path in ("cancel", "reset", "upload", "queue/join", "run/choices", "call/choices", "api/choices"):
            assert http.post(f"/gradio_api/{path}", json={"data": [], "session_hash": "x"}).status_code == 401, path
        forged = {f"access-token-unsecure-{name}": "x" for name in ("", "0", "None")}
        assert httpx.get(f"{closed.url}/config", cookies=forged).status_code == 401

        right = {"username": "ann", "password": "secret"}
        assert http.post("/login", data=right).status_code == 200
        assert http.get("/config").status_code == 200 and http.get("/viewer/viewer.js").status_code == 200

        wrong = {"username": "ann", "password": "Secret"}
        started = time.monotonic()
        answers = [httpx.post(f"{closed.url}/login", data=wrong).status_code for _ in range(Attempts.FREE + 1)]
        assert (
            answers == [400] * Attempts.FREE + [429] and time.monotonic() - started >= Attempts.FREE * Attempts.SLOW_S
        )
        assert httpx.post(f"{closed.url}/login", data=right).status_code == 429  # the right one has to wait as well


def test_wrong_passwords_cost_more_and_more_time() -> None:
    clock = [0.0]
    attempts = Attempts(lambda: clock[0])
    waits = []
    for _ in range(Attempts.FREE + 12):
        waits.append(attempts.wait_s("a"))
        clock[0] += waits[-1]
        attempts.failed("a")
    assert waits[: Attempts.FREE] == [0.0] * Attempts.FREE
    assert waits[Attempts.FREE : Attempts.FREE + 4] == [2.0, 4.0, 8.0, 16.0] and waits[-1] == Attempts.LONGEST_S
    assert attempts.wait_s("b") == 0.0
    attempts.succeeded("a")
    assert attempts.wait_s("a") == 0.0


def test_nobody_can_take_all_places(http: httpx.Client, served: Served, long_clip: Path) -> None:
    file = as_file(upload(http, long_clip))

    def begin(session: str) -> str:
        body = {"data": arguments("process", file), "session_hash": session}
        return str(http.post("/gradio_api/call/process", json=body).json()["event_id"])

    deadline = time.monotonic() + 60
    while served.desk.slot.busy() and time.monotonic() < deadline:
        time.sleep(0.05)
    try:
        begun = {begin("greedy"): "greedy" for _ in range(5)} | {begin(f"session {i}"): "one of many" for i in range(7)}
        while served.desk.slot.busy() < 6 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        assert served.desk.slot.busy() == 6  # the share of an address; "greedy" has three of them
        owners = [job.owner.session for job in served.desk.slot._jobs]
        assert max(owners.count(owner) for owner in owners) == 3
        assert len(begun) == 12
    finally:
        for job in list(served.desk.slot._jobs):
            job.cancel()
        for session in ("greedy", *(f"session {i}" for i in range(7))):
            served.desk.stop(served.desk.sessions.of(session))


def test_a_request_may_not_be_endless(http: httpx.Client) -> None:
    long = json.dumps({"data": ["x" * 2_000_000]}).encode()
    assert http.post("/gradio_api/run/choices", content=long).status_code == 413

    def drop_by_drop() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 100_000

    answer = http.post("/gradio_api/run/choices", content=drop_by_drop())
    assert answer.status_code in (400, 413)
    nested: Any = "x"
    for _ in range(200):
        nested = [nested]
    assert http.post("/gradio_api/run/check", json={"data": [nested]}).json()["error"]


def test_uploads_do_not_fill_the_disk(served: Served, http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.desk.uploads, "_most", 1_000_000)
    sent = {"files": ("a.mp4", b"0" * 900_000)}
    codes = [http.post("/gradio_api/upload", files=sent).status_code for _ in range(2)]
    assert 507 in codes


# --- S4: one sentence each -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", [call, run], ids=["queued", "direct"])
@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"steps": 1.5}, "whole number from 1 to 20"),
        ({"steps": "2"}, "whole number from 1 to 20"),
        ({"steps": True}, "whole number from 1 to 20"),
        ({"refine": "yes"}, "true or false"),
        ({"refine": 1}, "true or false"),
        ({"looks": True}, "looks a second"),
        ({"looks": None}, "looks a second"),
        ({"rotate": "45"}, "degrees or 'auto'"),
        ({"rotate": 90}, "degrees or 'auto'"),
        ({"frames": "abc"}, "no weights for T = abc"),
        ({"frames": 81.5}, "no weights for T = 81.5"),
        ({"frames": [81]}, "no weights for T"),
        ({"person": "99"}, "find them first"),
        ({"person": {"a": 1}}, "is nobody"),
        ({"detector": 3}, "no detector"),
        ({"detector": "/tmp/x.py"}, "no detector"),
        ({"lifter": ["stcformer"]}, "no lifter"),
    ],
)
def test_a_wrong_value_is_said_before_any_work(
    http: httpx.Client,
    served: Served,
    clip: tuple[Path, Path],
    ask: Callable[..., tuple[bool, str]],
    wish: dict[str, Any],
    words: str,
) -> None:
    data = arguments("process", as_file(upload(http, clip[0])), **wish)
    answered, said = ask(http, "process", data, "careless")
    assert not answered and words in said, said
    assert not served.desk.slot.busy()


@pytest.mark.parametrize("ask", [call, run], ids=["queued", "direct"])
def test_a_request_that_does_not_fit_gets_a_sentence(http: httpx.Client, ask: Callable[..., tuple[bool, str]]) -> None:
    for endpoint, data, words in [
        ("check", [], "takes 1: video"),
        ("process", [None], "takes 9: video, detector"),
        ("check", [3], "takes 1: video"),
        ("check", ["/etc/passwd"], "takes 1: video"),
        ("check", [{"path": 3}], "not uploaded here"),
        ("check", [{"path": "/etc/passwd", "meta": 3}], "not uploaded here"),
        ("check", [{"path": "/etc/passwd", "url": "http://localhost/x", "meta": {"_type": "x"}}], "not uploaded here"),
        ("check", [None], "no video yet"),
        ("folder", arguments("folder", None), "takes 9: videos"),
        ("folder", arguments("folder", {"path": None}), "takes 9: videos"),
        ("folder", arguments("process", None), "no videos yet"),
        ("folder", ["/etc/passwd", *arguments("process", None)[1:]], "takes 9: videos"),
    ]:
        answered, said = ask(http, endpoint, data)
        assert not answered and words in said and "upstream" not in said and "null" not in said, (endpoint, data, said)
