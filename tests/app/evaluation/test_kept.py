"""What detectors find is kept, for the clip, the detector and the code that it is of."""

from pathlib import Path

import pytest

from app.evaluation import kept as module
from app.evaluation.kept import Kept, code_version
from app.media.video import probe
from tests.support.fakes import FakeDetector, pictures
from tests.support.video_files import write_video


class Counting(FakeDetector):
    def __init__(self, version: str = "1") -> None:
        self.looks, self.version = 0, version

    def detect(self, image):
        self.looks += 1
        return super().detect(image)

    def description(self):
        return {"name": "counting", "version": self.version}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_video(tmp_path / "clip.mp4", size=(160, 120), pictures=pictures([True] * 8))


def test_a_clip_is_looked_at_once(clip: Path, tmp_path: Path) -> None:
    kept, detector = Kept(tmp_path / "kept"), Counting()
    first, was_there = kept.find(probe(clip), detector)
    looks = detector.looks
    assert looks and not was_there
    second, was_there = kept.find(probe(clip), detector)
    assert was_there and detector.looks == looks
    assert (second.tracks[0].keypoints == first.tracks[0].keypoints).all()
    _, was_there = Kept().find(probe(clip), detector)
    assert not was_there and detector.looks == 2 * looks  # nothing is kept without a folder


@pytest.mark.parametrize("other", ["detector", "looks", "clip"])
def test_another_detector_other_looks_or_another_clip_are_found_anew(clip: Path, tmp_path: Path, other: str) -> None:
    kept = Kept(tmp_path / "kept")
    kept.find(probe(clip), Counting())
    detector = Counting("2" if other == "detector" else "1")
    if other == "clip":
        clip = write_video(tmp_path / "clip.mp4", size=(160, 120), pictures=pictures([True] * 9))
    _, was_there = kept.find(probe(clip), detector, looks=12 if other == "looks" else 0)
    assert not was_there
    assert len(list((tmp_path / "kept").rglob("*.npz"))) == 2


def test_what_other_code_has_found_is_stale(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, detector = tmp_path / "kept", Counting()
    Kept(folder).find(probe(clip), detector)
    monkeypatch.setattr(module, "code_version", lambda: "other")
    assert Kept(folder, stale=True).find(probe(clip), detector)[1]
    assert not Kept(folder).find(probe(clip), detector)[1]
    assert [path.stem.split("-")[1] for path in folder.rglob("*.npz")] == ["other"]


def test_the_code_is_other_code_if_it_does_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(text: str) -> str:
        (tmp_path / "estimators").mkdir(exist_ok=True)
        (tmp_path / "estimators" / "boxes.py").write_text(text)
        code_version.cache_clear()
        return code_version()

    monkeypatch.setattr(module, "_ROOT", tmp_path)
    try:
        first = version('"""Boxes."""\ndef f():\n    """One."""\n    return 1\n')
        assert version('"""Rectangles."""\n# said well\ndef f():\n    """Uno."""\n    return 1\n') == first
        assert version('"""Boxes."""\ndef f():\n    """One."""\n    return 2\n') != first
    finally:
        code_version.cache_clear()
