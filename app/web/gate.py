"""The gate before the app: what it refuses, gradio never sees.

A request passes if it names this app (no page that a stranger's name server points here), comes from its own page or
from no page at all, asks for an address that the page or its API needs, is signed in where a password is set, and is no
larger than what is sent there can be. Every answer leaves with headers that keep browsers from framing, sniffing and
loading from elsewhere.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.bodies import Bounded, NotFitting, again, event_of, session_of, whole
from app.web.visitors import Attempts, Budget, Crowd, address_of, network

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_JSON_BYTES = 200_000  # of a request that is no upload
_FORM_BYTES = 100_000  # that a form adds to the files in it
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{0,5})?")

_RANGE = re.compile(r"bytes=[0-9]{1,15}-[0-9]{0,15}|bytes=-[0-9]{1,15}")

# Of each address. Gradio remembers 2000 sessions at a time, so nobody may begin that many while others are waiting.
_SESSIONS, _SESSIONS_S = 300, 600.0
_SEEN = 20_000  # sessions that are known to have begun
_REQUESTS = 250  # under way at once; an open page holds two
_UPLOADS_S = 3600.0
_UPLOAD_LEAST = 10_000_000  # bytes that an upload counts as, however small: files have to be looked after, too

# What may be asked for: with nobody signed in, and else. Gradio has more, for development and for other kinds of apps.
_OPEN = {
    "GET": re.compile(r"/|/(assets|static)/.+|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json"),
    "POST": re.compile(r"/login/?"),
}
_CLOSED = {
    "GET": re.compile(
        r"/config/?|/logout|/viewer/.+"
        r"|/gradio_api/(info/?|startup-events|app_id/?|login_check/?|heartbeat/[^/]{1,64}|queue/(data|status)"
        r"|upload_progress|theme\.css|call/(v2/)?[^/]+/[^/]+|file=.+)"
    ),
    "POST": re.compile(r"/gradio_api/((run|api|call|call/v2)/[^/]+/?|queue/join|upload|cancel|reset/?)"),
}
_FILE = "/gradio_api/file="
_UPLOAD = "/gradio_api/upload"
_LOGIN = "/login"
_LINKED = "/"  # where links from other pages may lead
_SAID_BY_PROXIES = ("x-forwarded-host", "x-forwarded-proto")
_NEVER_SAID = ("x-gradio-server",)  # gradio would take it for its own address

_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()",
    # Gradio's page has scripts inside and makes functions of text, so both are allowed; nothing from elsewhere is.
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
}
_FILE_POLICY = "default-src 'none'; sandbox"  # an upload may be a page with scripts; none of them runs


@dataclass(frozen=True)
class Rules:
    """What the gate goes by.

    Attributes:
        hosts: names by which the app may be asked for, in lower case.
        any_address: whether every numeric address will do as well: a page elsewhere can be made to ask for a name, but
            not for a number, without its own name showing.
        foreign: of the hosts, those before which another server stands (a proxy), whose pages have other ports.
        upload_bytes: of the files in one upload.
        share_bytes: that one address may upload in an hour; an upload as large as may be is always taken.
        readable: whether a file may be read, by its path.
        full: whether there is no room for so many more bytes.
        known: whether the page or its API has an event with this name or number.
        signed_in: whether a request's cookies are those of somebody signed in; None if no password is set.
    """

    hosts: frozenset[str]
    any_address: bool
    foreign: frozenset[str]
    upload_bytes: int
    share_bytes: int
    readable: Callable[[str], bool]
    full: Callable[[int], bool]
    known: Callable[[str | int], bool]
    signed_in: Callable[[Mapping[str, str]], bool] | None = None

    @classmethod
    def names(cls, host: str, allowed: tuple[str, ...]) -> tuple[frozenset[str], bool]:
        """`hosts` and `any_address` for an app that listens on `host` and that others call `allowed`."""
        names = {*LOOPBACK, host, *allowed}
        public = host not in LOOPBACK
        if public:
            names |= {socket.gethostname(), socket.getfqdn()}
        return frozenset(name.strip("[]").lower() for name in names), public


class Gate:
    """The gate, as ASGI middleware."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app, self._rules, self._attempts = app, rules, Attempts()
        self._crowd, self._sessions = Crowd(_REQUESTS), Budget(_SESSIONS, _SESSIONS_S)
        self._uploads = Budget(max(rules.share_bytes, rules.upload_bytes + _FORM_BYTES), _UPLOADS_S)
        self._seen: OrderedDict[str, None] = OrderedDict()  # sessions, the newest last
        self._coming = 0  # bytes of the uploads under way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # the app has no websockets; not accepting one closes it
            return
        is_file = scope["path"].startswith(_FILE)

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({**_HEADERS, **({"content-security-policy": _FILE_POLICY} if is_file else {})})
            await send(message)

        address = network(scope["client"][0] if scope.get("client") else "")
        with self._crowd.place(address) as room:
            refusal = self._refusal(Request(scope)) if room else (429, "Too many requests at once; try again later.")
            scope = self._without_claims(scope)
            if refusal is not None:
                await _refuse(*refusal, scope, receive, sealed)
            elif scope["path"].rstrip("/") == _LOGIN:
                await self._login(address, scope, receive, sealed)
            elif scope["path"] == _UPLOAD:
                await self._upload(address, scope, receive, sealed)
            elif scope["method"] == "POST":
                await self._small(address, scope, receive, sealed)
            else:
                await self._app(scope, Bounded(receive, _JSON_BYTES), sealed)

    # --- what is refused ---------------------------------------------------------------------------------------------

    def _refusal(self, request: Request) -> tuple[int, str] | None:
        """Status and sentence for a request that may not pass."""
        rules, path = self._rules, request.scope["path"]  # as it is routed by; `request.url` is made of `Host`
        if not self._is_ours(request.headers.getlist("host")):
            return 421, "This app is not called that; whoever runs it can give it another name."
        if self._is_foreign(request.headers, request.method, path):
            return 403, "Requests from other pages are not answered."
        method = "GET" if request.method == "HEAD" else request.method
        open_to_all = _matches(_OPEN, method, path)
        if not open_to_all and not _matches(_CLOSED, method, path):
            return 404, "There is nothing at this address."
        if not open_to_all and rules.signed_in is not None and not rules.signed_in(request.cookies):
            return 401, "Sign in first: this app asks for a name and a password."
        if path.startswith(_FILE) and not rules.readable(path.removeprefix(_FILE)):
            return 404, "There is no such file here."
        if (_length(request.headers) or 0) > (rules.upload_bytes + _FORM_BYTES if path == _UPLOAD else _JSON_BYTES):
            return 413, "More was sent than can be taken at once."
        return None

    def _is_ours(self, hosts: list[str]) -> bool:
        """Whether the one `Host` of a request is a name of this app."""
        name = _hostname(hosts[0]) if len(hosts) == 1 else None
        if name is None:
            return False
        return name in self._rules.hosts or (self._rules.any_address and address_of(name) is not None)

    def _is_foreign(self, headers: Headers, method: str, path: str) -> bool:
        """Whether a browser says that another page than ours has made it ask; following a link to us is no harm."""
        origins, host = headers.getlist("origin"), headers["host"].lower()
        for origin in origins:
            scheme, _, place = origin.lower().partition("://")
            own = place == host or _hostname(place) in self._rules.foreign
            if scheme not in ("http", "https") or not own:
                return True
        site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "")
        asked_by_page = site in ("cross-site", "same-site") and not origins
        return asked_by_page and not (mode == "navigate" and method in ("GET", "HEAD") and path == _LINKED)

    def _without_claims(self, scope: Scope) -> Scope:
        """The request without what only a proxy can know, unless there is one: gradio would believe anybody."""
        headers = Headers(scope=scope)
        named = _hostname(headers.get("x-forwarded-host", "").split(",")[0].strip())
        dropped = set(_NEVER_SAID)
        if not self._rules.foreign or ("x-forwarded-host" in headers and named not in self._rules.foreign):
            dropped.update(_SAID_BY_PROXIES)
        if not _RANGE.fullmatch(headers.get("range", "")):  # gradio stumbles over several
            dropped.add("range")
        return {**scope, "headers": [pair for pair in scope["headers"] if pair[0].decode("latin-1") not in dropped]}

    # --- what is sent ------------------------------------------------------------------------------------------------

    async def _small(self, address: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on a request for an event, if there is such a one and its sender does not begin ever new sessions."""
        body = await whole(receive, _JSON_BYTES)
        if body is None:
            await _refuse(413, "More was sent than can be taken at once, or too slowly.", scope, receive, send)
            return
        try:
            session, event = session_of(body), event_of(scope["path"], body)
        except NotFitting as error:
            await _refuse(400, str(error), scope, receive, send)
            return
        if event is not None and not self._rules.known(event):
            await _refuse(404, "There is no such endpoint.", scope, receive, send)
        elif (session is None or session not in self._seen) and not self._sessions.take(address):
            words = "Too many sessions were begun from there; keep to one session_hash, or try again in a few minutes."
            await _refuse(429, words, scope, receive, send)
        else:
            if session is not None:
                self._seen[session] = None
                self._seen.move_to_end(session)
                while len(self._seen) > _SEEN:
                    self._seen.popitem(last=False)
            await self._app(scope, again(body, receive), send)

    async def _upload(self, address: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on an upload, if there is room for it and its sender has not taken too much of that."""
        length = _length(Headers(scope=scope))
        if length is None:
            await _refuse(411, "Say how much is sent, with Content-Length.", scope, receive, send)
            return
        self._coming += length  # before anything is waited for: others may ask at the same time
        try:
            if await run_in_threadpool(self._rules.full, self._coming):
                words = "There is no room for more uploads now; try again in a few minutes."
                await _refuse(507, words, scope, receive, send)
            elif not self._uploads.take(address, max(length, _UPLOAD_LEAST)):
                words = "Too much was uploaded from there in the last hour; try again later."
                await _refuse(429, words, scope, receive, send)
            else:
                await self._app(scope, Bounded(receive, length), send)
        except ClientDisconnect:  # broken off; nobody waits for an answer
            return
        finally:
            self._coming -= length

    # --- signing in --------------------------------------------------------------------------------------------------

    async def _login(self, address: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a password on, unless too many wrong ones have come from there; a wrong one is answered slowly."""
        wait = self._attempts.wait_s(address)
        if wait > 0:
            words = f"Too many wrong passwords; try again in {wait:.0f} seconds."
            answer = JSONResponse({"detail": words, "error": words}, 429, {"retry-after": f"{wait:.0f}"})
            await answer(scope, receive, send)
            return
        self._attempts.failed(address)  # until it turns out to be right: others may be tried at the same time

        async def slowed(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] < 400:
                    self._attempts.succeeded(address)
                else:
                    await asyncio.sleep(Attempts.SLOW_S)
            await send(message)

        await self._app(scope, Bounded(receive, _FORM_BYTES), slowed)


async def _refuse(status: int, words: str, scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"detail": words, "error": words}, status)(scope, receive, send)


def _length(headers: Headers) -> int | None:
    """How many bytes follow, by the headers."""
    stated = headers.get("content-length", "")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 16 else None


def _matches(addresses: dict[str, re.Pattern[str]], method: str, path: str) -> bool:
    return method in addresses and addresses[method].fullmatch(path) is not None


def _hostname(place: str) -> str | None:
    """The host of HOST or HOST:PORT, in lower case and without brackets; None where it is anything more."""
    found = _HOST.fullmatch(place.lower())
    return found[1].strip("[]") if found else None
