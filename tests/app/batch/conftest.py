"""A folder of clips, good and bad, and networks that are stand-ins."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.models import Models
from tests.support.batches import SIZE, video
from tests.support.fakes import fake_models, pictures
from tests.support.video_files import write_video


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch of this process loads stand-ins."""
    monkeypatch.setattr(Models, "load", classmethod(lambda cls, options: fake_models(options.refine)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good clips that differ in their suffix only, one below, and two bad ones."""
    folder = tmp_path / "clips"
    for name in ("a.mp4", "a.mov", "deep er/ümläut b.mkv"):
        video(folder / name)
    (folder / "text.mp4").write_text("no video at all")
    video(folder / "empty room.mp4")
    write_video(folder / "empty room.mp4", n=6, size=SIZE, pictures=pictures([False] * 6))
    return folder
