"""Weights from a server that sends what it should not."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

from estimators.detection import zoo

from .cards import AREA
from .case import REFUSED, Case, Place, d3p


class _Server(BaseHTTPRequestHandler):
    """Answers as `server.answer` says."""

    def do_GET(self) -> None:
        self.server.answer(self)  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None: ...


def _body(status: int, data: bytes, headers: dict[str, str] | None = None) -> Callable[[_Server], None]:
    def answer(request: _Server) -> None:
        request.send_response(status)
        for key, value in (headers or {"Content-Length": str(len(data))}).items():
            request.send_header(key, value)
        request.end_headers()
        request.wfile.write(data)

    return answer


def _endless(request: _Server) -> None:
    request.send_response(200)
    request.end_headers()
    try:
        while True:
            request.wfile.write(bytes(1 << 20))
    except OSError:
        return


def _slow(request: _Server) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000000")
    request.end_headers()
    try:
        for _ in range(200):
            request.wfile.write(b"x")
            request.wfile.flush()
            time.sleep(0.5)
    except OSError:
        return


def _get(answer: Callable[[_Server], None]) -> Callable[[Place], None]:
    def act(place: Place) -> None:
        server = HTTPServer(("127.0.0.1", 0), _Server)
        server.answer = answer  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.environ["D3P_ZOO"] = f"http://127.0.0.1:{server.server_port}"
        os.environ["D3P_CACHE"] = str(place.out)
        zoo.TIMEOUT_S = 3
        zoo.MAX_BYTES, zoo.MAX_SECONDS = 20 << 20, 8
        try:
            d3p("weights", "get", "rtmpose-t")
        finally:
            left = [path for path in place.out.rglob("*") if path.is_file()]
            assert not left, f"kept {left}"

    return act


def cases() -> Iterator[Case]:
    answers: dict[str, Callable[[_Server], None]] = {
        "another file": _body(200, b"hello"), "nothing": _body(200, b""), "not there": _body(404, b"no"),
        "an error": _body(500, b"no"),
        "cut short": _body(200, b"x", {"Content-Length": "1000"}),
        "10^15 bytes announced": _body(200, b"x", {"Content-Length": str(10**15)}),
        "a length that is no number": _body(200, b"x", {"Content-Length": "many"}),
        "sent to a file": _body(302, b"", {"Location": "file:///etc/passwd"}),
        "sent in a circle": _body(302, b"", {"Location": "/again"}),
        "no HTTP": lambda request: request.wfile.write(b"\xff\xfe hello\r\n\r\n"),
        "endless": _endless, "a byte every half second": _slow,
    }  # fmt: skip
    for what, answer in answers.items():
        yield Case(AREA, f"get: {what}", _get(answer), REFUSED, connects=True, quick=what == "another file", seconds=60)
    for name in ("nothing", "", "../../x", "rtmpose-t/../x", "n" * 5000, "[/bold]", "a\nb"):
        yield Case(AREA, f"get {name[:20]!r}", lambda p, n=name: d3p("weights", "get", "--", n), REFUSED)
