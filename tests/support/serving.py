"""The app on a free port, in a thread of the test's own process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from app.web.server import Server, Settings, _listen, application


@contextmanager
def running(settings: Settings) -> Iterator[tuple[str, FastAPI]]:
    """Its address and the application behind it."""
    with _listen(settings) as listener, application(settings) as app:
        server = Server(app, log_level="critical", proxied=bool(settings.allowed_hosts))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", app
        server.should_exit = True
        thread.join(20)
