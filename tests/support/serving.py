"""The app on a free port, in a thread of the test's own process, and the stand-in networks that it runs with."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fastapi import FastAPI

from app.models import Models
from app.web.handlers import Desk
from app.web.server import Server, Settings, _listen, application
from tests.support.fakes import FakeDetector, Found, fake_models

FRAMES = 16  # of the short example clip
SLOW = (176, 144)  # pixels: on pictures of this size the detector takes its time
COUPLE = (256, 128)  # and on these it finds two people, the larger one right of ...
BETWEEN = 96


class PatientDetector(FakeDetector):
    """Finds a person in every bright frame, slowly on pictures of one size; two, side by side, on those of another."""

    def detect(self, image: np.ndarray) -> Found:
        if image.shape[1::-1] == SLOW:
            time.sleep(0.02)
        if image.shape[1::-1] != COUPLE:
            return super().detect(image)
        left, right = super().detect(image[:, :BETWEEN]), super().detect(image[:, BETWEEN:])
        points = np.concatenate([left.keypoints, right.keypoints + np.array([BETWEEN, 0], np.float32)])
        return Found(points, np.concatenate([left.scores, right.scores]))

    def detect_in(self, image: np.ndarray, boxes: np.ndarray, before: np.ndarray | None = None) -> Found:
        if image.shape[1::-1] != COUPLE:
            return super().detect_in(image, boxes, before)
        both = self.detect(image)
        inside = [int((box[0] + box[2]) / 2 > BETWEEN) for box in boxes]
        return Found(both.keypoints[inside], both.scores[inside])


def stand_in(refine: bool = True) -> Models:
    models = fake_models(refine)
    models.detector = PatientDetector()
    return models


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


@dataclass
class Served:
    """A running app."""

    url: str
    desk: Desk

    def folders(self) -> list[Path]:
        """Everything that lies in the sessions' directories."""
        return sorted(self.desk.uploads.results.rglob("*"))


@contextmanager
def serving(settings: Settings) -> Iterator[Served]:
    """Run the app in a thread."""
    with running(settings) as (url, app):
        yield Served(url, app.state.desk)
