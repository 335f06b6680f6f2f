"""Which hosts, pages and addresses the gate lets through, and the headers of every answer."""

from __future__ import annotations

import httpx
import pytest

from tests.support.serving import Served


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
