"""Several videos as one job."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from app import outputs
from app.options import Options
from app.web import panels
from app.web.folder import FolderRun
from app.web.jobs import Cancelled, JobProgress, Snapshot
from app.web.kept import KeptModels
from app.web.limits import Limits
from estimators.errors import VideoError
from tests.support.fakes import use
from tests.support.serving import FRAMES, stand_in


@pytest.mark.slow
def test_a_bad_clip_stops_none_of_the_others(
    clip: tuple[Path, Path], garbage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, stand_in)
    whole = outputs.run

    def breaks(video: Path, *rest: Any, **named: Any) -> outputs.Result:
        if video.stem == "broken":
            raise RuntimeError("secret")
        return whole(video, *rest, **named)

    monkeypatch.setattr(outputs, "run", breaks)
    broken = shutil.copy(clip[0], tmp_path / "broken.mp4")
    (tmp_path / "other").mkdir()
    twin = Path(shutil.copy(clip[0], tmp_path / "other" / "walker.mp4"))
    folder = FolderRun([clip[0], garbage, Path(broken), twin], Limits())
    assert set(folder.outcomes) == {"holiday.mp4"}
    delivery = folder.process(tmp_path / "run", Options(), KeptModels(), JobProgress())
    told = {one.name: one for one in delivery.outcomes}
    assert {name for name, one in told.items() if one.status == "done"} == {"walker.mp4", "walker-2.mp4"}
    assert "holiday.mp4" in str(told["holiday.mp4"].error)
    assert "secret" not in str(told["broken.mp4"].error) and "not your fault" in str(told["broken.mp4"].error)
    with zipfile.ZipFile(delivery.archive) as zipped:
        names = set(zipped.namelist())
        everything = b"".join(zipped.read(name) for name in names)
    assert {f"d3p-folder/{name}" for name in ("README.txt", "report.html", "report.json")} <= names
    assert {f"d3p-folder/{name}/motion.npz" for name in ("walker.mp4", "walker-2.mp4")} <= names
    assert b"secret" not in everything and not any(name.endswith("done.json") for name in names)
    for text in (delivery.table, delivery.report.read_text()):  # whole by themselves
        assert "data:image/jpeg" in text and "href=" not in text and text.count("<tr>") == 5


@pytest.mark.slow
def test_a_cancelled_folder_leaves_nothing(
    clip: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, stand_in)
    (tmp_path / "other").mkdir()
    twin = Path(shutil.copy(clip[0], tmp_path / "other" / "walker.mp4"))
    folder = FolderRun([clip[0], twin], Limits())

    class StopsInTheSecond(JobProgress):
        def update(self, done: int) -> None:
            if folder.current == "walker-2.mp4" and self.snapshot().stage == "Draw":
                self.stop()
            super().update(done)

    with pytest.raises(Cancelled):
        folder.process(tmp_path / "session" / "run", Options(), KeptModels(), StopsInTheSecond())
    assert not list((tmp_path / "session").rglob("*.*")) and folder.outcomes["walker.mp4"].status == "done"


def test_too_many_videos_are_refused(clip: tuple[Path, Path]) -> None:
    with pytest.raises(VideoError, match="no videos yet"):
        FolderRun([], Limits())
    with pytest.raises(VideoError, match="3 videos; at most 2"):
        FolderRun([clip[0]] * 3, Limits(clips=2))
    with pytest.raises(VideoError, match=f"{2 * FRAMES} frames in all; at most {FRAMES}"):
        FolderRun([clip[0]] * 2, Limits(folder_frames=FRAMES))


def test_the_card_of_a_folder_names_every_clip(clip: tuple[Path, Path], garbage: Path) -> None:
    folder = FolderRun([clip[0], garbage, clip[0]], Limits())
    assert "2 of the videos" in panels.folder_accepted(folder) and "holiday.mp4" in panels.folder_accepted(folder)
    folder.current = "walker.mp4"
    card = panels.folder_running(folder, Snapshot("Lift", 5, 20, 1.0))
    assert "1 of 3 videos" in card and "5 of 20 frames" in card and "Lift them to 3D" in card
    assert card.count("d3p-stage-failed") == card.count("d3p-stage-now") == card.count("d3p-stage-open") == 1
