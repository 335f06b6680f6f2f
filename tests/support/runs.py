"""A clip in which somebody is there or not, and one who notes what a run tells."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from app.progress import Silent
from tests.support.fakes import pictures
from tests.support.video_files import write_video

SIZE = (160, 120)  # pixels


def clip(path: Path, present: list[bool], rate: Fraction | int = 30, **options: object) -> Path:
    """A video with somebody in the frames that say so; options are those of `write_video`."""
    return write_video(path, size=SIZE, rate=rate, pictures=pictures(present, *SIZE), **options)  # type: ignore[arg-type]


class Recorder(Silent):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int | None]] = []
        self.done: dict[str, int] = {}
        self.warnings: list[str] = []

    def start(self, stage: str, total: int | None) -> None:
        self.stages.append((stage, total))

    def update(self, done: int) -> None:
        stage = self.stages[-1][0]
        assert done >= self.done.get(stage, 0)
        self.done[stage] = done

    def warn(self, message: str) -> None:
        self.warnings.append(message)
