"""The main job with stand-ins for the networks: lengths, gaps, times, files, and what is left after a failure."""

from __future__ import annotations

import importlib
import json
import signal
import subprocess
import sys
from collections import Counter
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
from app.pipeline import estimate
from app.progress import Silent
from app.web.playback import playback
from estimators.errors import ConfigError, D3PError, NobodyFoundError, PersonError, VideoError
from estimators.observation import Provenance
from tests.support.fakes import fake_models, pictures
from tests.support.paths import environment
from tests.support.video_files import decode, set_display_matrix, write_video

SIZE = (160, 120)


def clip(path: Path, present: list[bool], rate: Fraction | int = 30, **options: object) -> Path:
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


def test_computing_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = clip(tmp_path / "clip.mp4", [True] * 12)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    before = sorted(tmp_path.rglob("*"))
    made = estimate(source, models=fake_models())
    assert made.quality["people"][0]["refined"]["jerk"] is not None
    assert made.disagreement[0].shape == (12, 17)
    assert sorted(tmp_path.rglob("*")) == before
    written = outputs.write(made, tmp_path / "here" / "out")
    assert written.estimate is made and all(file.is_file() for file in written.files)


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


@pytest.mark.slow
def test_variable_rate(tmp_path: Path) -> None:
    times_ms = [0, 33, 66, 100, 300, 333, 366, 1000, 1017, 1034, 1051, 2000]
    source = clip(tmp_path / "vfr.mp4", [True] * 12, times_ms=times_ms, b_frames=0)
    motion = outputs.run(source, tmp_path / "out", models=fake_models()).motion
    np.testing.assert_allclose(motion.timestamps, np.array(times_ms) / 1000, atol=1e-9)
    _, in_times, in_rate = decode(source)
    _, out_times, out_rate = decode(tmp_path / "out" / "side_by_side.mp4")
    np.testing.assert_allclose(out_times, in_times, atol=1e-6)
    assert out_rate == in_rate


@pytest.mark.slow
def test_a_phone_held_upright(tmp_path: Path) -> None:
    source = set_display_matrix(clip(tmp_path / "phone.mp4", [True] * 10), (0, 1, -1, 0))
    motion = outputs.run(source, tmp_path / "out", models=fake_models()).motion
    assert motion.image_size == (120, 160)
    ankles, head = motion.people[0].keypoints_2d[5, [3, 6], 1].mean(), motion.people[0].keypoints_2d[5, 10, 1]
    assert ankles - head > 60


def test_odd_size(tmp_path: Path) -> None:
    source = write_video(
        tmp_path / "odd.mp4", size=(161, 121), pix_fmt="yuv444p", pictures=pictures([True] * 8, 161, 121)
    )
    motion = outputs.run(source, tmp_path / "out", models=fake_models()).motion
    assert motion.image_size == (161, 121)
    picture = decode(tmp_path / "out" / "side_by_side.mp4")[0][0]
    assert picture.shape[0] % 2 == picture.shape[1] % 2 == 0


@pytest.mark.slow
def test_a_truncated_video_is_used_with_a_warning(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    bright = [rng.integers(150, 255, (120, 160, 3), dtype=np.uint8) for _ in range(40)]
    whole = write_video(tmp_path / "whole.mp4", size=SIZE, pictures=bright, movflags="+faststart")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    recorder = Recorder()
    result = outputs.run(cut, tmp_path / "out", progress=recorder, models=fake_models())
    assert 20 <= len(result.motion) < 40
    assert recorder.warnings == result.warnings and any("truncated" in warning for warning in result.warnings)
    assert len(decode(tmp_path / "out" / "side_by_side.mp4")[0]) == len(result.motion)


@pytest.mark.slow
def test_without_refiner_and_without_video(tmp_path: Path) -> None:
    source = clip(tmp_path / "clip.mp4", [True] * 10)
    outputs.run(source, tmp_path / "out", models=fake_models())
    result = outputs.run(source, tmp_path / "out", Options(refine=False, video=False), models=fake_models(refine=False))
    assert result.motion.people[0].refined is None and result.motion.people[0].sigma is None
    assert "Refine" not in result.seconds and "Draw" not in result.seconds
    # no picture of the earlier run remains beside the new motion
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["motion.npz", "quality.html", "quality.json"]


def test_nobody_and_nobody_of_that_id_leave_nothing(tmp_path: Path) -> None:
    empty = clip(tmp_path / "empty.mp4", [False] * 20)
    full = clip(tmp_path / "full.mp4", [True] * 20)
    target = tmp_path / "deep" / "out"
    with pytest.raises(NobodyFoundError):
        outputs.run(empty, target, models=fake_models())
    with pytest.raises(PersonError):
        outputs.run(full, target, Options(person="7"), models=fake_models())
    with pytest.raises(VideoError):
        outputs.run(tmp_path / "none.mp4", target, models=fake_models())
    assert not (tmp_path / "deep").exists()


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["Prepare", "Detect and track", "Lift", "Refine", "Draw"])
def test_a_run_cancelled_in_any_stage_leaves_the_earlier_results(tmp_path: Path, stage: str) -> None:
    class Cancelled(Exception):
        pass

    class Canceller(Recorder):
        def update(self, done: int) -> None:
            super().update(done)
            if self.stages[-1][0] == stage and done >= 5:
                raise Cancelled

        def start(self, name: str, total: int | None) -> None:
            super().start(name, total)
            if name == stage == "Prepare":
                raise Cancelled

    out = tmp_path / "results" / "clip"
    outputs.run(clip(tmp_path / "clip.mp4", [True] * 10), out, models=fake_models())
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    longer = clip(tmp_path / "clip.mp4", [True] * 20)
    with pytest.raises(Cancelled):
        outputs.run(longer, out, progress=Canceller(), models=fake_models())
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in out.parent.iterdir()] == ["clip"]


@pytest.mark.slow
def test_a_killed_run_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    source = clip(tmp_path / "clip.mp4", [True] * 120)
    code = (
        "from app import outputs; from app.progress import Silent; from tests.support.fakes import fake_models\n"
        "class Tell(Silent):\n"
        "    def start(self, stage, total): self.stage = stage\n"
        "    def update(self, done):\n"
        "        if self.stage == 'Draw' and done == 20: print('drawing', flush=True)\n"
        f"outputs.run({str(source)!r}, {str(tmp_path / 'out' / 'clip')!r}, progress=Tell(), models=fake_models())"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment(), text=True)
    assert process.stdout is not None and process.stdout.readline() == "drawing\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not (tmp_path / "out" / "clip").exists()
    left = list((tmp_path / "out").iterdir())
    assert all(path.name.startswith(".") and ".partial-" in path.name for path in left)


def test_places_that_cannot_be_written_are_refused_before_the_work(tmp_path: Path) -> None:
    source = clip(tmp_path / "clip.mp4", [True] * 5)
    file = tmp_path / "file"
    file.touch()
    for target in (file, file / "below"):
        recorder = Recorder()
        with pytest.raises(ConfigError, match="file"):
            outputs.run(source, target, progress=recorder, models=fake_models())
        assert recorder.stages == []


def test_options_that_make_no_sense() -> None:
    for change in ({"steps": 0}, {"frames": 0}, {"looks": -1}):
        with pytest.raises(D3PError):
            Options(**change)  # type: ignore[arg-type]
    assert Options(lifter="mixste", frames=27).lifter_weights == "mixste-27"
    assert Options().refiner_weights == "refiner-stcformer-81"
    assert Options(lifter="my/own.safetensors").refiner_weights == "my/refiner-own.safetensors"


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
