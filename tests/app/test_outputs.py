"""What a run writes, and what is left of one that is refused, cancelled or killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app import outputs
from app.options import Options
from app.pipeline import estimate
from estimators.errors import ConfigError, NobodyFoundError, PersonError, VideoError
from tests.support.fakes import fake_models
from tests.support.paths import environment
from tests.support.runs import Recorder, clip


def test_computing_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = clip(tmp_path / "clip.mp4", [True] * 12)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    before = sorted(tmp_path.rglob("*"))
    made = estimate(source, models=fake_models())
    assert made.quality["people"][0]["refined"]["jerk"] is not None
    assert made.doubts[0].shape == (12, 17, 2)
    assert sorted(tmp_path.rglob("*")) == before
    written = outputs.write(made, tmp_path / "here" / "out")
    assert written.estimate is made and all(file.is_file() for file in written.files)


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


def test_a_folder_of_a_files_name_is_no_place_for_any_file(tmp_path: Path) -> None:
    made = estimate(clip(tmp_path / "clip.mp4", [True] * 5), Options(video=False), models=fake_models())
    out = tmp_path / "out"
    outputs.write(made, out, ["csv"])
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    (out / "motion.bvh").mkdir()
    with pytest.raises(ConfigError, match=r"motion\.bvh: that is a folder"):
        outputs.write(made, out, ["bvh"])
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before
    assert outputs.write(made, out, ["trc"]).files[-1].is_file() and not (out / "motion.csv").exists()


def test_an_unknown_format_is_said_before_the_work(tmp_path: Path) -> None:
    recorder = Recorder()
    with pytest.raises(ConfigError, match="xyz"):
        outputs.run(tmp_path / "none.mp4", tmp_path / "out", progress=recorder, exports=["xyz"], models=fake_models())
    assert recorder.stages == []


def test_options_have_the_last_word_whether_to_refine(tmp_path: Path) -> None:
    made = estimate(clip(tmp_path / "clip.mp4", [True] * 5), Options(refine=False), models=fake_models())
    assert made.motion.people[0].refined is None and made.motion.models["refiner"] is None
    assert made.doubts == {}
