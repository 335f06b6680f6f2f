"""Clips for a folder, and nobody who looks on while they are processed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.batch.clips import Clip
from tests.support.fakes import pictures
from tests.support.video_files import write_video

SIZE = (160, 120)
RECIPE = {"options": "as they were"}


def video(path: Path, present: int = 10, grey: bool = False) -> Path:
    """Somebody in `present` frames; or four grey ones, on which `DyingDetector` dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = [np.full((120, 160, 3), 120, np.uint8)] * 4 if grey else pictures([True] * present)
    return write_video(path, n=4 if grey else present, size=SIZE, pictures=frames)


def clip_of(path: Path, output: Path) -> Clip:
    """A video as a clip of a batch, whose results go below `output`."""
    return Clip(path, path.name, output / path.name)


def quiet(name: str, stage: str, done: int, total: int | None) -> None:
    """Progress that nobody is told of."""
