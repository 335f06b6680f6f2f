"""People on disk are the people that were found."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import people_file
from app.media.video import probe
from app.people import People, find_people
from app.progress import Silent
from estimators.errors import DataError
from estimators.observation import Observation
from tests.support.fakes import FakeDetector, pictures
from tests.support.video_files import write_video


@pytest.fixture
def people(tmp_path: Path) -> People:
    video = write_video(tmp_path / "clip.mp4", rate=Fraction(30000, 1001), pictures=pictures([True] * 9 + [False] * 3))
    return find_people(probe(video), FakeDetector(), Silent(), rotate="0")


def test_what_is_read_is_what_was_written(people: People, tmp_path: Path) -> None:
    seen = people.tracks[0]
    rng = np.random.default_rng(0)
    poses = {"pose_3d": rng.normal(size=(12, 17, 3)), "pose_3d_scores": rng.random((12, 17))}
    tracks = [seen, replace(seen, id=1, cuts=(4, 7), focal=500.0, **poses)]
    people = replace(people, tracks=tracks, warnings=["what was wrong, “so to say”"], turn=90)
    again = people_file.load(people_file.save(people, tmp_path / "kept" / "people.npz"))
    for name in ("sha256", "detector", "warnings", "every", "turn", "turn_found"):
        assert getattr(again, name) == getattr(people, name)
    clock, kept = people.clock, again.clock
    assert (kept.fps, kept.time_base, kept.constant, kept.start) == (
        clock.fps, clock.time_base, clock.constant, clock.start
    )  # fmt: skip
    np.testing.assert_array_equal(kept.timestamps, clock.timestamps)
    for before, after in zip(people.tracks, again.tracks, strict=True):
        assert set(before.arrays()) == set(after.arrays())
        for name, array in before.arrays().items():
            np.testing.assert_array_equal(after.arrays()[name], array)
            assert after.arrays()[name].dtype == array.dtype
        blank: dict[str, Any] = dict.fromkeys(before.arrays())
        assert replace(before, **blank) == replace(after, **blank)
    assert isinstance(again.tracks[1], Observation) and again.tracks[1].cuts == (4, 7)


@pytest.mark.parametrize("lie", ["no file", "other arrays", "newer", "unknown skeleton"])
def test_what_is_no_such_file_is_refused(people: People, tmp_path: Path, lie: str) -> None:
    path = people_file.save(people, tmp_path / "people.npz")
    arrays = dict(np.load(path))
    if lie == "no file":
        path.unlink()
    elif lie == "other arrays":
        np.savez(path, x=np.zeros(3))
    else:
        old, new = ('"format_version": 1', '"format_version": 2') if lie == "newer" else ("coco17", "coco18")
        arrays["meta"] = np.array(str(arrays["meta"]).replace(old, new))
        np.savez(path, **arrays)
    with pytest.raises(DataError, match=r"people|version 2"):
        people_file.load(path)
