"""Who may come in, and how much of the app each visitor may have."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.web.server import Settings
from app.web.visitors import Attempts
from tests.support.doors import arguments, as_file, upload
from tests.support.serving import Served, serving


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
