"""The main job with stand-ins for the networks: lengths, gaps, times, and what it says of where it comes from."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from app import outputs
from app.motion import Motion
from app.options import Options
from app.outputs import OUTPUTS
from app.people import People
from app.picture.side_by_side import SideBySide
from app.web.playback import playback
from estimators.errors import ConfigError
from estimators.lifting import PictureLifter
from estimators.neutral import at_ease
from estimators.observation import Provenance
from estimators.pinhole import along_rays, rays_of
from tests.support.fakes import FakeDetector, Found, fake_models
from tests.support.runs import SIZE, Recorder, clip
from tests.support.video_files import decode, write_video


def test_a_run_with_exports_does_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The video is probed and hashed once; of a motion, the ground is found once and the measures are taken once."""
    counts: Counter[str] = Counter()

    def count(module: str, name: str) -> None:
        whole = getattr(importlib.import_module(module), name)

        def counted(*rest: object, **named: object) -> object:
            counts[f"{module}.{name}"] += 1
            return whole(*rest, **named)

        monkeypatch.setattr(f"{module}.{name}", counted)

    count("app.pipeline", "probe")
    count("app.media.video", "file_sha256")
    count("app.motion", "find_ground")
    count("app.pipeline", "quality")
    source = clip(tmp_path / "clip.mp4", [True] * 12)
    outputs.run(source, tmp_path / "out", models=fake_models(), exports=("bvh", "glb", "trc", "c3d", "csv", "json"))
    assert counts == {
        "app.pipeline.probe": 1, "app.media.video.file_sha256": 1, "app.motion.find_ground": 1,
        "app.pipeline.quality": 1,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 5, 81])
def test_every_length_gives_one_pose_a_frame(tmp_path: Path, n: int) -> None:
    source = clip(tmp_path / "clip.mp4", [True] * n)
    recorder = Recorder()
    result = outputs.run(source, tmp_path / "out", Options(), recorder, fake_models())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(OUTPUTS)
    assert [path.name for path in result.files] == list(OUTPUTS)
    motion = Motion.load(tmp_path / "out" / "motion.npz")
    assert len(motion) == n
    (person,) = motion.people
    assert person.refined is not None and person.refined.shape == (n, 17, 3)
    assert (person.provenance == Provenance.DETECTED).all()
    assert len(decode(tmp_path / "out" / "side_by_side.mp4")[0]) == n
    assert recorder.stages == [
        ("Prepare", None), ("Detect and track", n), ("Lift", n), ("Refine", n), ("Draw", n),
    ]  # fmt: skip
    assert recorder.done["Detect and track"] == recorder.done["Lift"] == recorder.done["Draw"] == n
    assert set(result.seconds) == {stage for stage, _ in recorder.stages}
    json.loads((tmp_path / "out" / "quality.json").read_text())


@pytest.mark.slow
def test_the_record_says_where_it_comes_from(tmp_path: Path) -> None:
    source = clip(tmp_path / "a clip.mp4", [True] * 20, rate=Fraction(24000, 1001))
    motion = outputs.run(source, tmp_path / "out", Options(steps=3), models=fake_models()).motion
    assert motion.fps == Fraction(24000, 1001) and motion.image_size == SIZE
    assert motion.meta["source"]["name"] == "a clip.mp4" and len(motion.meta["source"]["sha256"]) == 64
    assert motion.meta["models"]["lifter"] == {"name": "fake-lifter"}
    assert motion.meta["options"]["steps"] == 3
    assert motion.meta["camera"]["focal_px"] == pytest.approx(1.2 * 160)


@pytest.mark.slow
def test_a_detector_that_looks_seldom(tmp_path: Path) -> None:
    source = clip(tmp_path / "clip.mp4", [True] * 50, rate=Fraction(25))
    found = outputs.run(source, tmp_path / "out", Options(looks=12), models=fake_models())
    (person,) = found.motion.people
    assert person.counts() == {"detected": 26, "interpolated": 24, "missing": 0}  # every second frame, and the last
    assert (found.motion.shown_provenance(person) == Provenance.DETECTED).all()
    assert found.motion.looked is not None and np.flatnonzero(found.motion.looked).tolist() == [*range(0, 50, 2), 49]
    assert found.quality["frames_looked_at"] == 26
    assert found.quality["people"][0]["frames"] == {"detected": 50, "interpolated": 0, "missing": 0}
    assert person.refined is not None and np.isfinite(person.refined).all()
    assert len(decode(tmp_path / "out" / "side_by_side.mp4")[0]) == 50

    models = fake_models()
    again = outputs.run(source, tmp_path / "again", Options(looks=6), models=models, people=found.people)
    assert again.people.every == 4  # what was found twelve times a second is not what every fourth frame gives
    assert outputs.run(source, tmp_path / "all", models=models, people=again.people).people.every == 1


@pytest.mark.slow
def test_what_was_missed_is_shown_as_missed_whatever_found_the_people(tmp_path: Path) -> None:
    """Nobody is there in frames 21 and 30 to 33 of 50. A pick by picture looks at every frame, and so knows."""
    room = np.linspace(100, 160, SIZE[0])[None, :, None].repeat(SIZE[1], 0).repeat(3, 2)
    dimmed = {21, 30, 31, 32, 33}  # too dark to see anybody, and no cut to another scene
    frames = [(room * (0.6 if index in dimmed else 1)).astype(np.uint8) for index in range(50)]
    source = write_video(tmp_path / "clip.mp4", size=SIZE, rate=Fraction(25), pictures=frames)
    everybody = outputs.run(source, tmp_path / "all", Options(video=False), models=fake_models()).people

    def missed(people: People | None, looks: int) -> tuple[list[int], dict[str, int]]:
        result = outputs.run(
            source, tmp_path / "out", Options(looks=looks, video=False), models=fake_models(), people=people
        )
        motion = Motion.load(result.files[0])
        (person,) = motion.people
        shown = motion.shown_provenance(person)
        played = playback(motion)["people"][0]["provenance"]
        assert played == shown.tolist() and SideBySide(motion)._provenance[0].tolist() == played
        frames = result.quality["people"][0]["frames"]
        assert frames == motion.shown_counts(person)
        return np.flatnonzero(shown == Provenance.INTERPOLATED).tolist(), frames

    every = [21, 30, 31, 32, 33]
    assert missed(None, 0) == (every, {"detected": 45, "interpolated": 5, "missing": 0})
    assert missed(everybody, 12) == (every, {"detected": 45, "interpolated": 5, "missing": 0})
    # every second frame: 21 is not looked at; 29 and 33 lie between a frame that shows nobody and one that does
    assert missed(None, 12) == ([29, *every[1:]], {"detected": 45, "interpolated": 5, "missing": 0})


@pytest.mark.slow
def test_a_person_for_half_of_the_clip(tmp_path: Path) -> None:
    present = [False] * 20 + [True] * 25 + [False] * 30 + [True] * 25
    source = clip(tmp_path / "half.mp4", present)
    models = fake_models()
    motion = outputs.run(source, tmp_path / "out", Options(person="all"), models=models).motion
    seen = np.array([person.present for person in motion.people]).any(axis=0)
    np.testing.assert_array_equal(seen, present)
    for person in motion.people:
        assert np.isnan(person.lifted[~person.present]).all() and np.isfinite(person.lifted[person.present]).all()
    assert sorted(models.lifter.lengths) == [25, 25]  # type: ignore[attr-defined]
    assert len(decode(tmp_path / "out" / "side_by_side.mp4")[0]) == len(present)


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    """Frames of a decoded video that are alive at one time, in both passes."""
    import weakref

    source = clip(tmp_path / "clip.mp4", [True] * 120)
    alive: list[weakref.ref[np.ndarray]] = []
    most = 0

    class Watching(type(fake_models().detector)):  # type: ignore[misc]
        def detect(self, image: np.ndarray):  # type: ignore[no-untyped-def]
            nonlocal most
            alive.append(weakref.ref(image))
            most = max(most, sum(one() is not None for one in alive))
            return super().detect(image)

    models = fake_models()
    models.detector = Watching()
    outputs.run(source, tmp_path / "out", Options(video=False), models=models)
    assert 0 < most <= 8


@pytest.mark.slow
def test_runs_of_one_process_do_not_share_state(tmp_path: Path) -> None:
    models = fake_models()
    first = clip(tmp_path / "a.mp4", [True] * 12)
    once = outputs.run(first, tmp_path / "1", models=models).motion
    outputs.run(clip(tmp_path / "b.mp4", [False] * 3 + [True] * 30), tmp_path / "2", models=models)
    again = outputs.run(first, tmp_path / "3", models=models).motion
    np.testing.assert_array_equal(once.people[0].best, again.people[0].best)
    assert once.people[0].id == again.people[0].id == 0


class DeepDetector(FakeDetector):
    """Reads somebody's pose as well: as a camera sees an average person who faces it, looking straight at them."""

    def detect_in(self, image: np.ndarray, boxes: np.ndarray, before: np.ndarray) -> Found:
        found = super().detect_in(image, boxes, before)
        found.poses_3d = np.repeat(at_ease()[None], len(boxes), axis=0)  # type: ignore[attr-defined]
        found.poses_3d_scores = np.full((len(boxes), 17), 0.5)  # type: ignore[attr-defined]
        return found


def test_what_the_detector_reads_in_3d_goes_into_the_motion_and_can_be_the_lifted_pose(tmp_path: Path) -> None:
    there = [True] * 10 + [False] * 40 + [True] * 10
    source = clip(tmp_path / "clip.mp4", there)
    models = replace(fake_models(), detector=DeepDetector(), lifter=PictureLifter())
    motion = outputs.run(source, tmp_path / "out", Options(video=False), models=models).motion
    person = Motion.load(tmp_path / "out" / "motion.npz").people[0]
    assert person.present.tolist() == there
    given = np.isfinite(person.pose_3d).all(axis=(1, 2))
    assert given.tolist() == there and not person.pose_3d_scores[~given].any()
    ray = rays_of(person.keypoints_2d[given, 0], SIZE, motion.camera["focal_px"])
    expected = along_rays(np.repeat(at_ease()[None], given.sum(), axis=0), ray)
    np.testing.assert_allclose(person.pose_3d[given], expected, atol=1e-5)
    np.testing.assert_allclose(person.lifted[given], expected, atol=0.02)
    with pytest.raises(ConfigError, match="reads none"):
        outputs.run(source, tmp_path / "none", Options(), models=replace(fake_models(), lifter=PictureLifter()))
