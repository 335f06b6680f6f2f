"""What runs inside a worker, wherever that is: the networks, loaded once, and one clip after the other."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.batch.clips import Clip
from app.batch.outcome import Outcome, Treatment, process_clip
from app.models import Models
from estimators.errors import D3PError

Event = tuple[str, str, int, int | None]  # clip's name, stage, steps done, steps in all
TELL_EVERY_S = 0.1


class Reporting:
    """An `app.progress.Progress` that turns into events, a few a second."""

    def __init__(self, name: str, tell: Callable[[Event], None]) -> None:
        self._name, self._tell = name, tell
        self._stage = ""
        self._total: int | None = None
        self._told = 0.0

    def start(self, stage: str, total: int | None) -> None:
        self._stage, self._total = stage, total
        self._tell((self._name, stage, 0, total))

    def update(self, done: int) -> None:
        now = time.monotonic()
        if now - self._told >= TELL_EVERY_S:
            self._told = now
            self._tell((self._name, self._stage, done, self._total))

    def finish(self) -> None: ...

    def warn(self, message: str) -> None: ...


class ClipWorker:
    """Works through clips, each treated alike, with so many threads for torch and OpenCV each."""

    def __init__(self, treatment: Treatment, threads: int, tell: Callable[[Event], None]) -> None:
        self._treatment, self._threads, self._tell = treatment, threads, tell
        self._models: Models | None = None

    def process(self, clip: Clip) -> Outcome | D3PError:
        """What came of a clip; an error, as a value (it has a way to go), if the networks cannot be loaded."""
        if self._models is None:
            self._share_the_cores()
            try:
                self._models = self._treatment.load(self._treatment.options)
            except D3PError as error:
                return error
        return process_clip(clip, self._treatment, self._models, Reporting(clip.name, self._tell))

    def _share_the_cores(self) -> None:
        import cv2
        import torch

        torch.set_num_threads(self._threads)
        cv2.setNumThreads(self._threads)
