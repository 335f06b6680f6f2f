"""The app behind a port: private by default, whole without a network."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import fastapi
import gradio as gr
import uvicorn
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles
from gradio import route_utils as gradio_uploads

from app.options import Options
from app.web.bodies import StrictParser
from app.web.gate import Gate, Rules
from app.web.handlers import Desk
from app.web.limits import Limits
from app.web.page import STATIC, build_page
from app.web.sessions import Sessions
from app.web.theme import theme
from app.web.uploads import Uploads
from demo_videos.truth import demo_clips
from estimators.errors import ConfigError

QUEUE = 64  # events in gradio's own queue; who computes waits in the desk's slot


@dataclass(frozen=True)
class Settings:
    """How the app is run.

    Attributes:
        host, port: where it listens; port 0 takes a free one.
        user, password: asked for, if given.
        allowed_hosts: names that the app has besides `host` and those of this machine; behind a proxy, the proxy's.
        limits: of one run.
        grace_s: how long files stay after their page was closed; connections are sometimes lost for a moment.
        max_age_s: files this old are deleted, even if their page is still open; longer than a full queue takes.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    user: str | None = None
    password: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    max_age_s: int = 6 * 3600
    grace_s: float = 120.0

    def __post_init__(self) -> None:
        if bool(self.user) != bool(self.password):
            raise ConfigError("A user's name and a password belong together; give both or neither.")

    @property
    def auth(self) -> tuple[str, str] | None:
        """User and password, if they are asked for."""
        return (self.user, self.password) if self.user and self.password else None


@contextmanager
def application(settings: Settings) -> Iterator[fastapi.FastAPI]:
    """The app, ready to be served, with a directory that only this user can read and that goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="d3p-app-"))
    before = os.environ.get("GRADIO_TEMP_DIR")
    os.environ["GRADIO_TEMP_DIR"] = str(folder)  # gradio's name for where uploads go
    examples = demo_clips()
    uploads = Uploads(folder, [video for video, _ in examples.values()], settings.limits.stored_megabytes * 1e6)
    desk = Desk(Sessions(uploads, settings.max_age_s, settings.grace_s), settings.limits, uploads)
    over = threading.Event()
    every_s = max(0.05, min(600, settings.max_age_s, settings.grace_s / 4))
    threading.Thread(target=_sweep, args=(desk.sessions, every_s, over), daemon=True).start()
    try:
        yield _mounted(settings, desk, examples)
    finally:
        over.set()
        desk.slot.close()
        desk.sessions.close_all()
        shutil.rmtree(folder, ignore_errors=True)
        if before is None:
            os.environ.pop("GRADIO_TEMP_DIR", None)
        else:
            os.environ["GRADIO_TEMP_DIR"] = before


def _sweep(sessions: Sessions, every_s: float, over: threading.Event) -> None:
    """Close old sessions again and again, also while nobody comes by."""
    while not over.wait(every_s):
        sessions.sweep()


def _mounted(settings: Settings, desk: Desk, clips: dict[str, tuple[Path, Path]]) -> fastapi.FastAPI:
    blocks = build_page(desk, clips, settings.max_age_s)
    blocks.queue(max_size=QUEUE, default_concurrency_limit=4)
    desk.slot.submit(lambda progress: desk.kept.get(Options()))  # while the first visitor chooses a video
    api = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    static = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    static.add_middleware(GZipMiddleware, minimum_size=2000)
    static.mount("/", StaticFiles(directory=STATIC))
    api.mount("/viewer", static)
    api.state.desk = desk
    gradio_uploads.GradioMultiPartParser = StrictParser  # type: ignore[misc]  # there is no other way to choose one
    gr.mount_gradio_app(
        api,
        blocks,
        path="/",
        root_path="",  # else that of GRADIO_ROOT_PATH, which another program may have left
        server_name=settings.host,
        server_port=settings.port,
        footer_links=["api"],
        run_history=False,
        auth=settings.auth,
        allowed_paths=[str(video) for video, _ in clips.values()],  # else only the directory of uploads can be read
        show_error=False,
        max_file_size=f"{settings.limits.megabytes}mb",
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        favicon_path=str(STATIC / "icon.svg"),
        theme=theme(),
        css_paths=[STATIC / "page.css"],
    )
    api.add_middleware(Gate, rules=_rules(settings, desk, blocks, _pages(api)))
    return api


def _rules(settings: Settings, desk: Desk, blocks: gr.Blocks, pages: list[gr.routes.App]) -> Rules:
    """The gate's, with gradio's own record of events and of who is signed in."""
    events = {name for number, event in blocks.fns.items() for name in (number, event.api_name)}

    def signed_in(cookies: Mapping[str, str]) -> bool:
        names = [f"access-token-{kind}{page.cookie_id}" for page in pages for kind in ("", "unsecure-")]
        return any(page.tokens.get(cookies.get(name, "")) is not None for page in pages for name in names)

    hosts, any_address = Rules.names(settings.host, settings.allowed_hosts)
    return Rules(
        hosts=hosts,
        any_address=any_address,
        foreign=frozenset(name.lower() for name in settings.allowed_hosts),
        upload_bytes=settings.limits.megabytes * settings.limits.clips * 1_048_576,  # gradio counts MiB
        share_bytes=settings.limits.stored_megabytes * 250_000,  # a quarter
        readable=desk.uploads.readable,
        full=desk.uploads.full,
        known=lambda event: event in events,
        signed_in=signed_in if settings.auth else None,
    )


def _pages(app: fastapi.FastAPI) -> list[gr.routes.App]:
    """Gradio's apps that are mounted in `app`."""
    mounted = [getattr(route, "app", None) for route in app.routes]
    return [page for page in mounted if isinstance(page, gr.routes.App)]


class Server(uvicorn.Server):
    """Uvicorn, which at its end tells gradio to let go of the pages that are still open."""

    def __init__(self, app: fastapi.FastAPI, log_level: str = "warning", proxied: bool = False) -> None:
        """`proxied`: whether a proxy of this machine says whom it asks for; else anybody could claim to be anybody."""
        super().__init__(
            uvicorn.Config(
                app, log_level=log_level, timeout_graceful_shutdown=3, server_header=False, proxy_headers=proxied
            )
        )
        self._pages = _pages(app)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams that pages listen to, then the rest."""
        for page in self._pages:
            page.stop_event.set()
        await super().shutdown(sockets)


def serve(settings: Settings, on_ready: Callable[[str], None] | None = None) -> None:
    """Run the app until it is interrupted; `on_ready` is told its address.

    Raises:
        ConfigError: nothing can listen there.
    """
    with _listen(settings) as listener, application(settings) as app:
        host, port = listener.getsockname()[:2]
        server = Server(app, proxied=bool(settings.allowed_hosts))
        if on_ready:
            on_ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
        server.run(sockets=[listener])


@contextmanager
def _listen(settings: Settings) -> Iterator[socket.socket]:
    """A socket on the host and port: taken before anything is built, so that a port in use is said at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"Nothing can listen on {settings.host} port {settings.port}: {reason}; choose another port."
        ) from error
    with listener:
        yield listener
