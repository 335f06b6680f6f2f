"""One run for the app: a whole folder or none, and a zip of what can be taken home."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from app.options import Options
from app.web.delivery import deliver, safe_stem
from app.web.downloads import pack
from app.web.jobs import Cancelled, JobProgress
from app.web.kept import KeptModels
from tests.support.fakes import use
from tests.support.serving import stand_in


def test_a_run_leaves_a_whole_folder(clip: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, stand_in)
    delivery = deliver(clip[0], tmp_path / "run", Options(), KeptModels(), JobProgress())
    assert all(path.is_file() for path in (*delivery.files, delivery.video, delivery.playback, delivery.archive))
    with zipfile.ZipFile(delivery.archive) as zipped:
        names = {Path(name).name for name in zipped.namelist()}
    assert names == {path.name for path in delivery.files} | {"README.txt"}
    assert {"motion.npz", "side_by_side.mp4", "quality.json", "motion.bvh"} <= names


def test_a_cancelled_run_leaves_nothing(
    clip: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, stand_in)

    class StopsInDraw(JobProgress):
        def update(self, done: int) -> None:
            if self.snapshot().stage == "Draw" and done == 5:
                self.stop()
            super().update(done)

    with pytest.raises(Cancelled):
        deliver(clip[0], tmp_path / "session" / "run", Options(), KeptModels(), StopsInDraw())
    assert not list(tmp_path.rglob("*.*"))


def test_odd_names_become_safe() -> None:
    assert safe_stem(Path("a/../My dance: final (2).mp4")) == "My-dance-final-2"
    assert safe_stem(Path("???.mp4")) == "video"


def test_a_zip_holds_files_under_one_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with zipfile.ZipFile(pack({"a/b.txt": tmp_path / "a.txt"}, tmp_path / "all.zip", "clip")) as zipped:
        assert zipped.read("clip/a/b.txt") == b"hello"
