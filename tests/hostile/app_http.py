"""What arrives at the app's port without its page: raw HTTP, with the server in the same process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator

import httpx

from app.web.server import Settings
from tests.support.serving import running

from .case import RIGHT, Case, Place
from .running import stand_in

AREA = "app: HTTP"
SECRET = "a secret of this machine"
ENDPOINTS = ("check", "people", "process", "folder")  # that take files
VALUES = ["movenet", "stcformer", 81, "largest", 2, True, 0, "auto"]  # what follows the file


def cases() -> Iterator[Case]:
    def case(name: str, act: Callable[[Place, httpx.Client], None], quick: bool = False) -> Case:
        return Case(
            AREA,
            name,
            lambda p: _served(p, act),
            RIGHT,
            lambda p: p.put("secret.txt", SECRET),
            quick,
            500,
            180,
            connects=True,
        )

    yield case("files from outside", _files_from_outside, quick=True)
    yield case("endpoints called with rubbish", _rubbish)
    yield case("uploads that are no videos, and odd names", _uploads)
    yield case("paths, methods and bodies that make no sense", _senseless)


def _served(place: Place, act: Callable[[Place, httpx.Client], None]) -> None:
    stand_in()
    with (
        running(Settings(port=0)) as (url, _),
        httpx.Client(base_url=url, timeout=30, headers={"Connection": "close"}) as client,
    ):
        act(place, client)
        assert client.get("/config").status_code == 200, "the app no longer answers"


def _call(client: httpx.Client, name: str, data: object) -> str:
    """What an endpoint answers, as text: the events of its queue."""
    begun = client.post(f"/gradio_api/call/{name}", json={"data": data})
    if begun.status_code != 200:
        return begun.text
    answer = client.get(f"/gradio_api/call/{name}/{begun.json()['event_id']}")
    return answer.text


def _run(client: httpx.Client, name: str, data: object) -> str:
    """The same without the queue."""
    return client.post(f"/gradio_api/run/{name}", json={"data": data}).text


def _files_from_outside(place: Place, client: httpx.Client) -> None:
    secret = place.inputs / "secret.txt"
    for path in (secret, "/etc/passwd", "/proc/self/environ", f"../../../../{secret}", "..%2f..%2fetc%2fpasswd"):
        for prefix in (
            "/gradio_api/file=",
            "/file=",
            "/viewer/",
            "/viewer/../",
            "/gradio_api/file=/viewer/",
            "/static/",
            "/assets/",
        ):
            answer = client.get(f"{prefix}{path}")
            assert SECRET not in answer.text and "root:" not in answer.text, (prefix, path)
    link, pipe = place.inputs / "link.mp4", place.inputs / "pipe.mp4"
    link.symlink_to(secret)
    os.mkfifo(pipe)
    paths = (
        secret, "/etc/passwd", "../../../../etc/passwd", link, pipe, place.inputs, "/dev/zero", "/dev/stdin",
        "/proc/self/environ",
        f"http://127.0.0.1:{place.listener}/x.mp4", f"file://{secret}", f"concat:{secret}", f"tcp://127.0.0.1:{place.listener}",
        "", ".", "/", "a\0b", "n" * 5000,
    )  # fmt: skip
    for path in map(str, paths):
        for name in ENDPOINTS:
            file = {"path": path, "meta": {"_type": "gradio.FileData"}}
            arguments = [
                [file] if name == "folder" else file,
                *(VALUES if name in ("process", "folder") else (VALUES[0], VALUES[-1])),
            ]
            for ask in (_call, _run):
                answer = ask(client, name, arguments[: 1 if name == "check" else None])
                assert "not uploaded here" in answer, (name, path, answer[:500])
                assert SECRET not in answer and "root:" not in answer, (name, path)
    link.unlink()
    pipe.unlink()


def _rubbish(place: Place, client: httpx.Client) -> None:
    for name in (*ENDPOINTS, "choices", "cancel", "nothing", "predict"):
        for data in (
            [],
            [None],
            [1, 2, 3],
            ["x"] * 50,
            [{"path": 3}],
            [[[]]],
            [None, {}, [], -1, "x", 1e308, "maybe"],
            [{"a": "b" * 100_000}],
        ):
            for ask in (_call, _run):
                answer = ask(client, name, data)
                assert "Traceback" not in answer and "upstream" not in answer, (name, data, answer[:500])


def _uploads(place: Place, client: httpx.Client) -> None:
    for name in ("x.mp4", "../../../x.mp4", "/tmp/x.mp4", "new\nline.mp4", "n" * 300 + ".mp4", "<b>.mp4", ".."):
        for data in (b"", b"hello", place.good("clip.mp4")[:700], b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"):
            answer = client.post("/gradio_api/upload", files={"files": (name, data)})
            if answer.status_code != 200:
                assert "Traceback" not in answer.text
                continue
            (path,) = answer.json()
            said = _call(client, "check", [{"path": path, "meta": {"_type": "gradio.FileData"}}])
            assert "event: error" in said and "Traceback" not in said and "root:" not in said, said[:500]


def _senseless(place: Place, client: httpx.Client) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        for path in (
            "/gradio_api/call/process",
            "/gradio_api/upload",
            "/gradio_api/queue/join",
            "/gradio_api/run/process",
            "/viewer/viewer.js",
            "/%00",
            "/" + "a" * 5000,
            "//etc/passwd",
        ):
            answer = client.request(method, path)
            assert "Traceback" not in answer.text, (method, path)
    for body in (
        b"",
        b"{",
        b"[" * 50_000,
        b'{"data": 1e999}',
        b"\xff\xfe",
        json.dumps({"data": [None] * 10_000}).encode(),
    ):
        for path in ("/gradio_api/call/process", "/gradio_api/queue/join", "/gradio_api/run/process"):
            answer = client.post(path, content=body, headers={"content-type": "application/json"})
            assert "Traceback" not in answer.text, (path, body[:20])
