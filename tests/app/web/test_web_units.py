"""The parts of the browser app that need no server."""

from __future__ import annotations

import base64
import json
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import FRAMES, stand_in
from video_files import write_video

from app import pipeline
from app.curves import curves
from app.models import Models, Options
from app.motion import Motion
from app.quality import acceleration_and_jerk, reprojection_error
from app.web import about, choices, panels
from app.web.downloads import pack
from app.web.jobs import Cancelled, JobProgress, Slot, Snapshot
from app.web.kept import KeptModels
from app.web.limits import Limits, check_video
from app.web.playback import playback, save_playback
from app.web.server import Settings, _listen
from app.web.sessions import Sessions
from app.web.theme import theme
from app.web.work import process, safe_stem
from estimators.errors import ConfigError, VideoError


@pytest.fixture(scope="module")
def motion(clip: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Motion:
    folder = tmp_path_factory.mktemp("run") / "out"
    return pipeline.run(clip[0], folder, Options(video=False), models=stand_in()).motion


# --- what may come in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(seconds=0.1), "seconds long"),
        (Limits(frames=5), "frames"),
        (Limits(megapixels=0.001), "pixels"),
        (Limits(megabytes=0), "MB"),
    ],
)
def test_a_video_over_a_limit_is_refused_with_a_sentence(tmp_path: Path, limits: Limits, words: str) -> None:
    video = write_video(tmp_path / "a.mp4")
    with pytest.raises(VideoError, match=words):
        check_video(video, limits)
    assert len(check_video(video, Limits()).clock.ticks) == 12


def test_no_video_and_garbage_are_refused(garbage: Path) -> None:
    with pytest.raises(VideoError, match="no video yet"):
        check_video(None, Limits())
    with pytest.raises(VideoError, match=r"holiday\.mp4"):
        check_video(garbage, Limits())


def test_only_what_is_offered_can_be_chosen() -> None:
    lifter, frames = next((kind, windows[0]) for kind, windows in choices.lifters().items())
    options = choices.options("movenet", lifter, frames, "2", 3, False)
    assert options == Options(lifter=lifter, frames=frames, person="2", steps=3, refine=False)
    for wrong in (
        ("../../etc/config.py", lifter, frames, "all", 2, True),
        ("movenet", "/tmp/evil.safetensors", frames, "all", 2, True),
        ("movenet", lifter, 5, "all", 2, True),
        ("movenet", lifter, "../5", "all", 2, True),
        ("movenet", lifter, frames, "nobody", 2, True),
        ("movenet", lifter, frames, "all", 1000, True),
    ):
        with pytest.raises(ConfigError):
            choices.options(*wrong)


def test_a_person_by_number() -> None:
    assert choices.person("all", 3) == "all" and choices.person("number", 3.0) == "3"
    with pytest.raises(ConfigError, match="number"):
        choices.person("number", None)


# --- the slot --------------------------------------------------------------------------------------------------------


def test_a_running_and_a_waiting_job_can_be_cancelled() -> None:
    slot, begun = Slot(), threading.Event()

    def endless(progress: JobProgress) -> None:
        progress.start("Draw", 10)
        begun.set()
        while True:
            progress.update(1)
            time.sleep(0.01)

    first, second = slot.submit(endless), slot.submit(endless)
    assert begun.wait(5) and slot.busy() == 2 and second.progress.snapshot().stage == ""
    for job in (second, first):
        job.cancel()
        assert job.wait(2)
        with pytest.raises(Cancelled):
            job.result()
    slot.close()


def test_jobs_run_one_at_a_time() -> None:
    slot, inside, most = Slot(), [0], [0]

    def work(progress: JobProgress) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.02)
        inside[0] -= 1

    for job in [slot.submit(work) for _ in range(4)]:
        assert job.wait(5)
    assert most[0] == 1
    slot.close()


def test_progress_keeps_the_time_of_stages() -> None:
    progress = JobProgress()
    progress.start("Prepare", None)
    progress.start("Lift", 20)
    progress.update(5)
    snapshot = progress.snapshot()
    assert (snapshot.stage, snapshot.done, snapshot.total) == ("Lift", 5, 20)
    assert [name for name, _ in snapshot.finished] == ["Prepare"]
    assert Snapshot("Lift", 5, 20, 10.0).seconds_left == 30.0


# --- sessions --------------------------------------------------------------------------------------------------------


def test_a_session_ends_with_its_files_but_not_with_those_of_others(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "sessions", 60)
    one, two = sessions.of("one"), sessions.of("two")
    assert sessions.of("one") is one and one.folder != two.folder and "one" not in str(one.folder)
    shared, own = tmp_path / "shared.mp4", tmp_path / "own.mp4"
    for path in (shared, own):
        path.touch()
    one.uploads, two.uploads = {shared, own}, {shared}
    one.new_run().mkdir()
    sessions.close("one")
    assert not one.folder.exists() and not own.exists() and shared.exists()
    sessions.sweep(now=lambda: time.monotonic() + 61)
    assert not shared.exists()


def test_a_lost_connection_is_not_the_end(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path, 60, grace_s=0.2)
    back, gone = sessions.of("back"), sessions.of("gone")
    for session, key in ((back, "back"), (gone, "gone")):
        session.new_run().mkdir()
        sessions.close_soon(key)
    time.sleep(0.05)
    sessions.of("back")
    time.sleep(0.6)
    assert back.folder.exists() and not gone.folder.exists()


def test_a_session_keeps_its_last_runs(tmp_path: Path) -> None:
    session = Sessions(tmp_path, 60).of("one")
    for _ in range(6):
        session.new_run().mkdir()
    assert len(list(session.folder.iterdir())) == 3


# --- a run -----------------------------------------------------------------------------------------------------------


def test_a_run_leaves_a_whole_folder(clip: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Models, "load", classmethod(lambda cls, options: stand_in()))
    delivery = process(clip[0], tmp_path / "run", Options(), KeptModels(), JobProgress())
    assert all(path.is_file() for path in (*delivery.files, delivery.video, delivery.playback, delivery.archive))
    with zipfile.ZipFile(delivery.archive) as zipped:
        names = {Path(name).name for name in zipped.namelist()}
    assert names == {path.name for path in delivery.files} | {"README.txt"}
    assert {"motion.npz", "side_by_side.mp4", "quality.json", "motion.bvh"} <= names


def test_a_cancelled_run_leaves_nothing(
    clip: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Models, "load", classmethod(lambda cls, options: stand_in()))

    class StopsInDraw(JobProgress):
        def update(self, done: int) -> None:
            if self.snapshot().stage == "Draw" and done == 5:
                self.stop()
            super().update(done)

    with pytest.raises(Cancelled):
        process(clip[0], tmp_path / "session" / "run", Options(), KeptModels(), StopsInDraw())
    assert not list(tmp_path.rglob("*.*"))


def test_models_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    monkeypatch.setattr(Models, "load", classmethod(lambda cls, options: loaded.append(options) or stand_in()))
    kept = KeptModels()
    first = kept.get(Options())
    assert kept.get(Options(steps=5, person="all")) is first and len(loaded) == 1
    assert kept.get(Options(refine=False)).detector is first.detector
    for frames in range(1, 9):
        kept.get(Options(frames=frames))
    assert len(kept._kept) == 4


def test_odd_names_become_safe() -> None:
    assert safe_stem(Path("a/../My dance: final (2).mp4")) == "My-dance-final-2"
    assert safe_stem(Path("???.mp4")) == "video"


def test_a_zip_holds_files_under_one_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with zipfile.ZipFile(pack([tmp_path / "a.txt"], tmp_path / "all.zip", "clip")) as zipped:
        assert zipped.read("clip/a.txt") == b"hello"


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_curves_have_the_means_of_the_measures(motion: Motion) -> None:
    (person,) = motion.people
    found = curves(motion, person)
    for name, poses in (("lifted", person.lifted), ("refined", person.refined)):
        assert poses is not None
        mean = acceleration_and_jerk(poses[:, 1:], person.runs(), float(motion.fps))[0]
        assert np.nanmean(found["acceleration"][name]) == pytest.approx(mean)
        error = reprojection_error(person, poses, motion.image_size, motion.camera["focal_px"])
        assert np.nanmean(found["reprojection"][name]) == pytest.approx(error)  # all joints are trusted here
        assert found["bones"][name].shape == (FRAMES,)


def test_playback_holds_the_poses_and_the_truth(
    motion: Motion, clip: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.scene import Scene
    from app.web import playback as module

    module._bundled.cache_clear()
    monkeypatch.setattr(module, "demo_clips", lambda: {"walker": clip})
    data = json.loads(save_playback(playback(motion), tmp_path / "playback.json").read_text())
    module._bundled.cache_clear()
    person = data["people"][0]
    millimetres = np.frombuffer(base64.b64decode(person["refined"]), "<i2").reshape(FRAMES, 17, 3)
    refined = Scene(motion).refined
    assert refined is not None
    np.testing.assert_allclose(millimetres / 1000, refined[0], atol=0.0006)
    assert data["truth"] == "walker" and person["truth"] and data["errors"]["refined"]["mpjpe"] > 0
    assert len(data["timestamps"]) == len(person["provenance"]) == FRAMES
    crop = data["crop"]
    assert 0 < crop["width"] < crop["of_width"] and 0 < crop["height"] < crop["of_height"]


def test_text_from_outside_is_escaped() -> None:
    assert "<script>" not in panels.failed("<script>alert(1)</script>")
    assert "&lt;b&gt;" in panels.finished(1.0, 1, ["<b>bold</b> warning"])


def test_the_status_shows_frames_and_time_left() -> None:
    card = panels.running(Snapshot("Lift", 50, 200, 10.0, (("Prepare", 1.25),)), refine=True)
    assert "50 of 200 frames, 30 s left" in card and "width:25.0%" in card and "1.2 s" in card
    assert "Refine" not in panels.running(Snapshot("Lift"), refine=False)


def test_the_about_page_knows_the_models() -> None:
    cards = about.model_cards()
    assert "movenet-multipose" in cards and "Apache-2.0" in cards
    assert Limits().sentence() in about.about(Limits())


def test_the_theme_loads_no_font() -> None:
    assert not theme()._font_css and not theme()._stylesheets


# --- the server ------------------------------------------------------------------------------------------------------


def test_a_user_without_a_password_is_refused() -> None:
    assert Settings().auth is None and Settings().host == "127.0.0.1"
    with pytest.raises(ConfigError, match="belong together"):
        Settings(user="somebody")


def test_a_port_in_use_is_a_sentence() -> None:
    with _listen(Settings(port=0)) as listener:
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(ConfigError, match="--port"), _listen(Settings(port=port)):
            pass
