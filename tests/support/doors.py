"""The app's doors over raw HTTP, as a stranger tries them: gradio's client would upload what it gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

TAKE_FILES = ("check", "people", "process", "folder")  # endpoints
WISH: dict[str, Any] = {
    "detector": "thunder+blazepose",
    "lifter": "stcformer",
    "frames": 81,
    "person": "largest",
    "steps": 2,
    "refine": True,
    "looks": 0,
    "rotate": "auto",
}


def as_file(path: object) -> dict[str, Any]:
    """How a request names a file."""
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
    """The path by which the app knows the uploaded video."""
    answer = http.post("/gradio_api/upload", files={"files": (video.name, video.read_bytes())})
    return str(answer.json()[0])
