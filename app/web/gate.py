"""The gate before the app: what it refuses, gradio never sees.

A request passes if it names this app (no page that a stranger's name server points here), comes from its own page or from
no page at all, asks for an address that the page or its API needs, is signed in where a password is set, and is no larger
than what is sent there can be. Every answer leaves with headers that keep browsers from framing, sniffing and loading from
elsewhere.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_JSON_BYTES = 1_000_000  # of a request that is no upload
_FORM_BYTES = 100_000  # that a form adds to the files in it

# What may be asked for: with nobody signed in, and else. Gradio has more, for development and for other kinds of apps.
_OPEN = {
    "GET": re.compile(r"/|/(assets|static)/.+|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json"),
    "POST": re.compile(r"/login/?"),
}
_CLOSED = {
    "GET": re.compile(
        r"/config/?|/logout|/viewer/.+"
        r"|/gradio_api/(info/?|startup-events|app_id/?|login_check/?|heartbeat/[^/]+|queue/(data|status)|upload_progress"
        r"|theme\.css|call/(v2/)?[^/]+/[^/]+|file=.+)"
    ),
    "POST": re.compile(r"/gradio_api/((run|api|call|call/v2)/[^/]+/?|queue/join|upload|cancel|reset/?)"),
}
_FILE = "/gradio_api/file="
_UPLOAD = "/gradio_api/upload"
_LOGIN = "/login"

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
        "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; "
        "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
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
        readable: whether a file may be read, by its path.
        full: whether there is no room for so many more bytes.
        signed_in: whether a request's cookies are those of somebody signed in; None if no password is set.
    """

    hosts: frozenset[str]
    any_address: bool
    foreign: frozenset[str]
    upload_bytes: int
    readable: Callable[[str], bool]
    full: Callable[[int], bool]
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

        refusal = self._refusal(Request(scope))
        if refusal is not None:
            status, words = refusal
            await JSONResponse({"detail": words, "error": words}, status)(scope, receive, sealed)
        elif scope["path"].rstrip("/") == _LOGIN:
            await self._login(scope, receive, sealed)
        else:
            await self._app(scope, _Bounded(receive, self._most(scope)), sealed)

    # --- what is refused ---------------------------------------------------------------------------------------------

    def _refusal(self, request: Request) -> tuple[int, str] | None:
        """Status and sentence for a request that may not pass."""
        rules, path = self._rules, request.url.path
        if not self._is_ours(request.headers.getlist("host")):
            return 421, "This app is not called that; start it with --allowed-host NAME to give it another name."
        if self._is_foreign(request.headers, request.method):
            return 403, "Requests from other pages are not answered."
        method = "GET" if request.method == "HEAD" else request.method
        open_to_all = _matches(_OPEN, method, path)
        if not open_to_all and not _matches(_CLOSED, method, path):
            return 404, "There is nothing at this address."
        if not open_to_all and rules.signed_in is not None and not rules.signed_in(request.cookies):
            return 401, "Sign in first: this app asks for a name and a password."
        if path.startswith(_FILE) and not rules.readable(path.removeprefix(_FILE)):
            return 404, "There is no such file here."
        stated = request.headers.get("content-length", "0")
        length = int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 16 else 0
        if length > self._most(request.scope):
            return 413, "More was sent than can be taken at once."
        if path == _UPLOAD and rules.full(length):
            return 507, "There is no room for more uploads now; try again in a few minutes."
        return None

    def _most(self, scope: Scope) -> int:
        """How many bytes may be sent."""
        return self._rules.upload_bytes + _FORM_BYTES if scope["path"] == _UPLOAD else _JSON_BYTES

    def _is_ours(self, hosts: list[str]) -> bool:
        """Whether the one `Host` of a request is a name of this app."""
        name = _hostname(f"//{hosts[0]}") if len(hosts) == 1 else None
        if name is None:
            return False
        return name in self._rules.hosts or (self._rules.any_address and _is_address(name))

    def _is_foreign(self, headers: Headers, method: str) -> bool:
        """Whether a browser says that another page than ours has made it ask. Following a link is no harm."""
        origins, host = headers.getlist("origin"), headers["host"].lower()
        for origin in origins:
            own = urlsplit(origin.lower()).netloc == host or _hostname(origin.lower()) in self._rules.foreign
            if not own:
                return True
        site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "")
        asked_by_page = site in ("cross-site", "same-site") and not origins
        return asked_by_page and not (mode == "navigate" and method in ("GET", "HEAD"))

    # --- signing in --------------------------------------------------------------------------------------------------

    async def _login(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a password on, unless too many wrong ones have come from there; a wrong one is answered slowly."""
        address = network(scope["client"][0] if scope.get("client") else "")
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

        await self._app(scope, _Bounded(receive, _FORM_BYTES), slowed)


class Attempts:
    """Wrong passwords by network address: after a few, the next is refused for twice as long each time."""

    SLOW_S = 1.0  # before a wrong password is answered
    FREE, LONGEST_S = 5, 300.0
    _KEPT, _FORGOTTEN_S = 10_000, 3600.0

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures: dict[str, tuple[int, float]] = {}  # how many, and when the last

    def wait_s(self, address: str) -> float:
        """Seconds until this address may try again."""
        count, last = self._failures.get(address, (0, 0.0))
        if count < self.FREE:
            return 0.0
        return max(0.0, last + min(2.0 ** min(1 + count - self.FREE, 20), self.LONGEST_S) - self._now())

    def failed(self, address: str) -> None:
        """A password was wrong."""
        count, last = self._failures.pop(address, (0, 0.0))
        fresh = self._now() - last > self._FORGOTTEN_S
        self._failures[address] = (1 if fresh else count + 1, self._now())
        while len(self._failures) > self._KEPT:
            self._failures.pop(next(iter(self._failures)))

    def succeeded(self, address: str) -> None:
        """It was right."""
        self._failures.pop(address, None)


class _Bounded:
    """What a client sends, up to so many bytes; at more it is as if the client had gone."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._left = receive, most

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        return message if self._left >= 0 else {"type": "http.disconnect"}


def network(address: str) -> str:
    """The network address that one visitor is taken to have: of IPv6, where everybody has billions, the first half."""
    if not _is_address(address):
        return address
    number = ipaddress.ip_address(address)
    return str(ipaddress.ip_network((number, 64), strict=False)) if number.version == 6 else address


def _matches(addresses: dict[str, re.Pattern[str]], method: str, path: str) -> bool:
    return method in addresses and addresses[method].fullmatch(path) is not None


def _hostname(address: str) -> str | None:
    """The host of an address, in lower case and without brackets."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises where it is none
        return None if parts.username is not None else parts.hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
