"""Ways round the gate: claims in headers, sessions that are nobody's or too many, uploads that are none."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.web.choices import defaults
from app.web.jobs import Job
from app.web.server import Settings
from app.web.sessions import Sessions
from app.web.uploads import Uploads
from app.web.visitors import Attempts
from tests.support.serving import Served, serving


def raw(url: str, request: str, body: bytes = b"") -> str:
    """What is answered to bytes as they are."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 20) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body)
        return connection.recv(100_000).decode("latin-1")


# --- what is claimed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x-forwarded-host", "x-gradio-server"])
def test_no_header_gives_the_app_another_address(http: httpx.Client, name: str) -> None:
    claim = {name: "http://evil.example" if name == "x-gradio-server" else "evil.example", "x-forwarded-proto": "https"}
    for path in ("/", "/config", "/gradio_api/info"):
        assert "evil.example" not in http.get(path, headers=claim).text, path
    assert "evil.example" not in http.get("/gradio_api/info").text  # gradio keeps what the first has asked for
    assert http.get("/config", headers=claim).json()["root"] == str(http.base_url).rstrip("/")


def test_what_another_program_has_left_in_the_environment_gives_it_none_either(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_ROOT_PATH", "https://evil.example/app")
    with serving(Settings(port=0)) as app:
        assert httpx.get(f"{app.url}/config").json()["root"] == app.url


@pytest.mark.slow
def test_a_header_is_no_way_to_more_passwords(served: Served) -> None:
    """With `served` running, whose networks are stand-ins."""
    wrong = {"username": "ann", "password": "Secret"}
    with serving(Settings(port=0, user="ann", password="secret")) as app, httpx.Client(base_url=app.url) as closed:
        codes = [
            closed.post("/login", data=wrong, headers={"x-forwarded-for": f"192.0.2.{count}"}).status_code
            for count in range(Attempts.FREE + 2)
        ]
    assert codes == [400] * Attempts.FREE + [429] * 2


@pytest.mark.parametrize(
    "host", ["localhost/assets/x", "localhost?", "localhost#a", "[::1]x", "localhost\\@evil", "127.1", "localhost."]
)
def test_a_host_is_a_host_and_nothing_else(served: Served, host: str) -> None:
    for path in ("/viewer/viewer.js", "/gradio_api/app_id"):
        answer = raw(served.url, f"GET {path} HTTP/1.1\nHost: {host}\nConnection: close")
        assert answer.startswith("HTTP/1.1 421"), answer[:200]


@pytest.mark.parametrize("origin", ["http://[", "http://{own}/ x", "ftp://{own}", "http://a@{own}", "{own}"])
def test_an_origin_is_an_origin_and_nothing_else(served: Served, origin: str) -> None:
    own = served.url.removeprefix("http://")
    sent = f"GET /config HTTP/1.1\nHost: {own}\nOrigin: {origin.format(own=own)}\nConnection: close"
    assert raw(served.url, sent).startswith("HTTP/1.1 403")


def test_no_link_signs_anybody_out(http: httpx.Client) -> None:
    followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert http.get("/logout", headers=followed).status_code == 403
    assert http.get("/logout", headers={**followed, "sec-fetch-site": "same-origin"}).status_code == 302


@pytest.mark.parametrize("span", ["1-2-3", "0-1,3-4", "-", "a-b", "1" * 5000 + "-" + "2" * 5000])
def test_a_part_of_a_file_that_is_none_is_the_whole(http: httpx.Client, clip: tuple[Path, Path], span: str) -> None:
    whole = clip[0].read_bytes()
    assert http.get(f"/gradio_api/file={clip[0]}", headers={"range": f"bytes={span}"}).content == whole
    assert http.get(f"/gradio_api/file={clip[0]}", headers={"range": "bytes=2-5"}).content == whole[2:6]


# --- sessions --------------------------------------------------------------------------------------------------------


def test_who_names_no_session_has_none_of_anybody_elses(http: httpx.Client, served: Served, long_clip: Path) -> None:
    path = http.post("/gradio_api/upload", files={"files": (long_clip.name, long_clip.read_bytes())}).json()[0]
    data = [{"path": path, "meta": {"_type": "gradio.FileData"}}, *defaults().asked.values()]
    answers: list[httpx.Response] = []
    sent = threading.Thread(
        target=lambda: answers.append(http.post("/gradio_api/run/process", json={"data": data}, timeout=120))
    )
    sent.start()
    deadline = time.monotonic() + 60

    def running() -> list[Job]:
        return [job for job in served.desk.slot._jobs if job.owner.session and not job.done()]

    while not running() and not answers and time.monotonic() < deadline:
        time.sleep(0.05)
    with httpx.Client(base_url=served.url, timeout=60) as stranger:
        said = stranger.post("/gradio_api/run/cancel", json={"data": []}).json()
    assert not answers, answers[0].text
    (job,) = running()
    assert said["data"] == [{"cancelled": 0}] and not job.progress._stop.is_set()
    job.cancel()
    sent.join(60)
    assert "cancelled" in answers[0].text


@pytest.mark.parametrize("name", ["a" * 65, "", "a\n", "ä", 3, ["a"], {}])
@pytest.mark.parametrize("path", ["run/choices", "call/choices", "queue/join", "cancel"])
def test_a_session_has_a_short_name(http: httpx.Client, name: Any, path: str) -> None:
    body = {"data": [], "session_hash": name, "fn_index": 0, "event_id": "x"}
    assert http.post(f"/gradio_api/{path}", json=body).status_code == 400
    assert http.get(f"/gradio_api/heartbeat/{'a' * 65}").status_code == 404


@pytest.mark.parametrize("event", [999, -1, 10**30, "0", 1.0, True, [1]])
def test_an_event_that_is_none_is_said_to_be_none(http: httpx.Client, event: Any) -> None:
    for path in ("run/choices", "run/predict", "queue/join"):
        answer = http.post(f"/gradio_api/{path}", json={"data": [], "fn_index": event, "session_hash": "odd"})
        assert answer.status_code in (400, 404) and answer.json()["error"], answer.text
    for path in ("run/nothing", "call/nothing", "call/v2/nothing", "api/nothing"):
        assert http.post(f"/gradio_api/{path}", json={"data": []}).json()["error"] == "There is no such endpoint."


def test_what_is_no_json_is_said_to_be_none(http: httpx.Client) -> None:
    for body in (b"{", b"[" * 100_000, b'{"data": ' + b"9" * 10_000 + b"}", b"\xff\xfe", b'{"a":' * 30_000):
        answer = http.post("/gradio_api/run/choices", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400 and "no JSON" in answer.json()["error"], answer.text


def test_leaving_often_starts_no_threads(tmp_path: Path) -> None:
    sessions = Sessions(Uploads(tmp_path), 60)
    sessions.of("one")
    before = threading.active_count()
    for _ in range(50):
        sessions.close_soon("one")
    assert threading.active_count() == before


def test_sessions_are_not_endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.sessions._MOST", 3)
    sessions = Sessions(Uploads(tmp_path), 60)
    first = sessions.of("0")
    for number in range(1, 6):
        sessions.of(str(number))
    assert len(sessions._sessions) == 3 and sessions.of("0") is not first


# --- uploads ---------------------------------------------------------------------------------------------------------


def there(served: Served) -> set[Path]:
    return {path for path in served.desk.uploads.folder.iterdir() if path.is_file()}


def test_an_upload_is_of_files(http: httpx.Client, served: Served) -> None:
    before = there(served)
    for sent in ({"files": {"other": ("a.mp4", b"0" * 9000)}}, {"data": {"text": "x" * 9000}, "files": {"b": b""}}):
        answer = http.post("/gradio_api/upload", **sent)
        assert answer.status_code == 400, answer.text
    text = b'--b\r\nContent-Disposition: form-data; name="files"\r\n\r\n' + b"x" * 5_000_000 + b"\r\n--b--\r\n"
    kind = {"content-type": "multipart/form-data; boundary=b"}
    assert http.post("/gradio_api/upload", content=text, headers=kind).status_code == 400
    assert http.post("/gradio_api/upload", files={"files": ("a.mp4", b"0" * 6_000_000)}).status_code == 413
    assert http.post("/gradio_api/upload", content=iter([text]), headers=kind).status_code == 411
    assert there(served) == before


def test_an_upload_that_is_broken_off_leaves_nothing(served: Served) -> None:
    before = there(served)
    head = (
        f"POST /gradio_api/upload HTTP/1.1\nHost: {served.url.removeprefix('http://')}\n"
        "Content-Type: multipart/form-data; boundary=b\nContent-Length: 5000000"
    ).replace("\n", "\r\n")
    part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.mp4"\r\n\r\n' + b"0" * 1_000_000
    host, port = served.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), 20)
    connection.sendall(head.encode() + b"\r\n\r\n" + part)
    deadline = time.monotonic() + 20
    while there(served) == before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert there(served) != before
    connection.close()
    while there(served) != before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert there(served) == before


def test_uploads_that_nobody_names_go(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    sessions = Sessions(uploads, 60)
    named, left, half = tmp_path / "a" / "a.mp4", tmp_path / "b" / "b.mp4", tmp_path / "tmp123"
    result = uploads.results / "c" / "c.mp4"
    for path in (named, left, half, result):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    sessions.of("one").uploads = {named}
    sessions.sweep()
    assert left.exists() and half.exists()  # they may still be named
    uploads.forget_unnamed({named}, -1)
    assert named.exists() and result.exists() and not left.parent.exists() and not half.exists()
