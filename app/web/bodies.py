"""What clients send: read in bounds of size and time, and looked at before gradio remembers any of it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from gradio.route_utils import GradioMultiPartParser, MultiPartException
from starlette.datastructures import Headers
from starlette.types import Message, Receive

SLOWEST_S = 30.0  # for all of a small body, and for each piece of a large one
_SESSION = re.compile(r"[ -~]{1,64}")
_OWN_BY_NAME = re.compile(r"/gradio_api/(?:run|api|call|call/v2)/([^/]+)/?")
_BY_NUMBER = re.compile(r"/gradio_api/(?:(?:run|api)/[^/]+/?|queue/join)")


class Bounded:
    """A body as it arrives, up to so many bytes and never slower than `SLOWEST_S` a piece; beyond that it is as if the
    client had gone."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._left, self._over = receive, most, False

    async def __call__(self) -> Message:
        """The next piece."""
        if self._over:  # what comes now is the client's going away, which may take its time
            return await self._receive()
        try:
            async with asyncio.timeout(SLOWEST_S):
                message = await self._receive()
        except TimeoutError:
            return {"type": "http.disconnect"}
        self._left -= len(message.get("body", b""))
        self._over = not message.get("more_body", False)
        return message if self._left >= 0 else {"type": "http.disconnect"}


async def whole(receive: Receive, most: int) -> bytes | None:
    """All of a body; None if it is longer than `most` bytes or takes longer than `SLOWEST_S`."""
    bounded, body, more = Bounded(receive, most), b"", True
    try:
        async with asyncio.timeout(SLOWEST_S):
            while more:
                message = await bounded()
                if message["type"] == "http.disconnect":
                    return None
                body += message.get("body", b"")
                more = message.get("more_body", False)
    except TimeoutError:
        return None
    return body


def again(body: bytes, receive: Receive) -> Receive:
    """A body that was read, to be read once more."""
    unread = [body]

    async def read() -> Message:
        return {"type": "http.request", "body": unread.pop(), "more_body": False} if unread else await receive()

    return read


class NotFitting(Exception):
    """The words for a request that is not handed on."""


def session_of(body: bytes) -> str | None:
    """The session that a JSON body names; None if it names none.

    Raises:
        NotFitting: it is no JSON, or the name is none.
    """
    name = _parsed(body).get("session_hash")
    if name is not None and not (isinstance(name, str) and _SESSION.fullmatch(name)):
        raise NotFitting("A session_hash has 1 to 64 characters, of ASCII.")
    return name


def event_of(path: str, body: bytes) -> str | int | None:
    """Name or number of the event that a request is for; None where requests name none.

    Raises:
        NotFitting: see `session_of`; the number is none.
    """
    number = _parsed(body).get("fn_index") if _BY_NUMBER.fullmatch(path) else None
    if number is not None:
        if type(number) is not int:
            raise NotFitting("An fn_index is a whole number.")
        return number
    named = _OWN_BY_NAME.fullmatch(path)
    return named[1] if named else None


def _parsed(body: bytes) -> dict[str, Any]:
    """A JSON object; empty for what is some other JSON, which gradio refuses.

    Raises:
        NotFitting: it is no JSON.
    """
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise NotFitting("What was sent is no JSON that can be read here.") from None
    return found if isinstance(found, dict) else {}


class StrictParser(GradioMultiPartParser):
    """Gradio's reader of uploads, which takes nothing but files and leaves nothing of an upload that does not arrive:
    its own holds text fields of any length in memory, and keeps the temporary files of uploads that are broken off."""

    files_taken = 100  # a folder with more is refused later, with a sentence

    def __init__(self, headers: Headers, stream: Any, **settings: Any) -> None:
        super().__init__(headers, stream, **{**settings, "max_files": self.files_taken, "max_fields": 0})

    def on_headers_finished(self) -> None:
        """Take the next file, unless it is none."""
        super().on_headers_finished()
        if self._current_part.field_name != "files":
            raise MultiPartException('Uploads are fields called "files".')

    async def parse(self) -> Any:
        """The files.

        Raises:
            MultiPartException: something else was sent.
        """
        try:
            return await super().parse()
        except BaseException:
            for file in self._files_to_close_on_error:
                file.close()
                Path(file.name).unlink(missing_ok=True)
            raise
