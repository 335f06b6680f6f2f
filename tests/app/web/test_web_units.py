"""The parts of the browser app that need no server."""

from __future__ import annotations

import base64
import json
import shutil
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from app import outputs
from app.models import Models
from app.motion import Motion
from app.options import Options
from app.quality.curves import curves
from app.quality.measures import acceleration_and_jerk, reprojection_error
from app.web import about, choices, panels
from app.web.delivery import deliver, safe_stem
from app.web.downloads import pack
from app.web.folder import FolderRun
from app.web.jobs import Cancelled, JobProgress, Slot, Snapshot
from app.web.kept import KeptModels
from app.web.limits import Limits, check_video
from app.web.people import Portrait, _clear_frame, find
from app.web.pictures import people_cards
from app.web.playback import playback, save_playback
from app.web.server import Settings, _listen
from app.web.sessions import Sessions
from app.web.theme import theme
from app.web.uploads import Uploads
from estimators.errors import ConfigError, NobodyFoundError, VideoError
from estimators.observation import Observation, Provenance
from tests.support.fakes import STANDING, pictures, use
from tests.support.serving import FRAMES, stand_in
from tests.support.video_files import write_video


@pytest.fixture(scope="module")
def motion(clip: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Motion:
    folder = tmp_path_factory.mktemp("run") / "out"
    return outputs.run(clip[0], folder, Options(video=False), models=stand_in()).motion


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
    asked = choices.defaults().asked

    def wished(**other: Any) -> Options:
        return choices.Wish({**asked, **other}).options()

    assert wished() == Options()
    assert wished(person="2", steps=3, refine=False) == Options(person="2", steps=3, refine=False)
    assert wished(looks=12) == Options(looks=12)
    assert wished(rotate="270") == Options(rotate="270")
    wrong: list[dict[str, Any]] = [
        {"detector": "../../etc/config.py"},
        {"lifter": "/tmp/evil.safetensors"},
        {"frames": 5},
        {"frames": "../5"},
        {"person": "nobody"},
        {"person": "pick"},
        {"steps": 1000},
        {"steps": 1.5},
        {"looks": -1},
        {"looks": "12"},
        {"rotate": "45"},
        {"rotate": 90},
    ]
    for change in wrong:
        with pytest.raises(ConfigError):
            wished(**change)


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
    sessions = Sessions(Uploads(tmp_path), 60)
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
    sessions = Sessions(Uploads(tmp_path), 60, grace_s=0.2)
    back, gone = sessions.of("back"), sessions.of("gone")
    for session, key in ((back, "back"), (gone, "gone")):
        session.new_run().mkdir()
        sessions.close_soon(key)
    time.sleep(0.05)
    sessions.of("back")
    sessions.sweep()
    assert gone.folder.exists()
    sessions.sweep(now=lambda: time.monotonic() + 0.6)
    assert back.folder.exists() and not gone.folder.exists()


def test_a_session_keeps_its_last_runs(tmp_path: Path) -> None:
    session = Sessions(Uploads(tmp_path), 60).of("one")
    for _ in range(6):
        session.new_run().mkdir()
    assert len(list(session.folder.iterdir())) == 3 + 1  # those before, and the new one


# --- a run -----------------------------------------------------------------------------------------------------------


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


def test_each_network_is_loaded_once_and_none_that_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[tuple[str, object]] = []

    def load(kind: str, name: Callable[[Options], object]) -> Any:
        return staticmethod(lambda options: loaded.append((kind, name(options))) or object())

    monkeypatch.setattr(Models, "load_detector", load("detector", lambda options: options.detector))
    monkeypatch.setattr(Models, "load_lifter", load("lifter", lambda options: options.lifter_weights))
    monkeypatch.setattr(Models, "load_refiner", load("refiner", lambda options: options.refiner_weights))
    kept = KeptModels()
    detector = kept.detector("movenet")
    assert loaded == [("detector", "movenet")]
    first = kept.get(Options())
    assert first.detector is detector and sorted(kind for kind, _ in loaded) == ["detector", "lifter", "refiner"]
    again = kept.get(Options(steps=5, person="all"))
    assert (again.detector, again.lifter, again.refiner) == (detector, first.lifter, first.refiner)
    plain = kept.get(Options(refine=False))
    assert (plain.detector, plain.lifter, plain.refiner) == (detector, first.lifter, None) and len(loaded) == 3
    other = kept.get(Options(detector="rtmpose-t"))
    assert (other.lifter, other.refiner) == (first.lifter, first.refiner)
    assert other.detector is kept.detector("rtmpose-t") and loaded[3:] == [("detector", "rtmpose-t")]
    kept.get(Options(frames=27))
    assert loaded[4:] == [("lifter", "stcformer-27"), ("refiner", "refiner-stcformer-27")]
    for frames in range(1, 9):  # the last four of a kind are kept
        kept.get(Options(frames=frames))
    before = len(loaded)
    for frames in range(5, 9):
        kept.get(Options(frames=frames))
    assert len(loaded) == before and kept.get(Options(frames=1)) and len(loaded) == before + 2


def test_odd_names_become_safe() -> None:
    assert safe_stem(Path("a/../My dance: final (2).mp4")) == "My-dance-final-2"
    assert safe_stem(Path("???.mp4")) == "video"


def test_a_zip_holds_files_under_one_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with zipfile.ZipFile(pack({"a/b.txt": tmp_path / "a.txt"}, tmp_path / "all.zip", "clip")) as zipped:
        assert zipped.read("clip/a/b.txt") == b"hello"


# --- the people of a video -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_people_are_found_once(clip: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = stand_in()
    use(monkeypatch, lambda: models)
    kept = KeptModels()
    progress = JobProgress()
    found = find(clip[0], "movenet", "auto", kept, progress)
    (one,) = found.portraits
    assert (one.id, one.share, one.largest) == (0, 1.0, True)
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(one.picture), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (168, 126, 3)
    assert [name for name, _ in progress.snapshot().finished] == ["Prepare", "Detect and track"]

    def never(image: np.ndarray) -> None:
        raise AssertionError("the people were known")

    monkeypatch.setattr(models.detector, "detect", never)
    deliver(
        clip[0], tmp_path / "fast", Options(looks=12), kept, JobProgress(), found.people
    )  # every frame is more than that
    again = deliver(clip[0], tmp_path / "run", Options(), kept, JobProgress(), found.people)
    assert again.result.people is found.people and again.result.motion.people[0].id == 0
    other = write_video(tmp_path / "other.mp4")
    with pytest.raises(AssertionError, match="were known"):  # another video: they do not fit
        deliver(other, tmp_path / "other", Options(), kept, JobProgress(), found.people)


def test_nobody_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, stand_in)
    dark = write_video(tmp_path / "dark.mp4", pictures=pictures([False] * 12))
    with pytest.raises(NobodyFoundError, match="Nobody was seen"):
        find(dark, "movenet", "auto", KeptModels(), JobProgress())


def test_a_picture_comes_from_a_frame_in_which_the_person_is_clear() -> None:
    size = np.array([0.5, 0.5, 0.95, 1.0, 1.0])  # seen well from frame 2 on
    keypoints = (STANDING[None] * 100 * size[:, None, None] + 50).astype(np.float32)
    provenance = np.full(5, Provenance.DETECTED, np.uint8)
    track = Observation(keypoints, np.full((5, 17), 0.9, np.float32), provenance, (300, 300), Fraction(25))
    assert _clear_frame(track) == 2


def test_the_cards_of_several_people_offer_everyone() -> None:
    two = [Portrait(0, 1.0, False, "AA"), Portrait(3, 0.127, True, "AA")]
    cards = people_cards(two)
    assert "in every frame" in cards and "in 13 % of frames" in cards and "data-person='all'" in cards
    assert cards.count("aria-checked='true'") == 1 and "aria-checked='true' data-person='3'" in cards
    assert "data-person='all'" not in people_cards(two[:1])


# --- several videos --------------------------------------------------------------------------------------------------


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


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_curves_have_the_means_of_the_measures(motion: Motion) -> None:
    (person,) = motion.people
    found = curves(motion, person)
    for name, poses in (("lifted", person.lifted), ("refined", person.refined)):
        assert poses is not None
        mean = acceleration_and_jerk(poses[:, 1:], person.runs(), float(motion.fps))[0]
        assert np.nanmean(found["acceleration"][name]) == pytest.approx(mean)
        error = reprojection_error(motion, person, poses)
        assert np.nanmean(found["reprojection"][name]) == pytest.approx(error)  # all joints are trusted here
        assert found["bones"][name].shape == (FRAMES,)


def test_playback_says_which_joints_are_guesses(motion: Motion) -> None:
    (person,) = motion.people
    assert playback(replace(motion, people=(replace(person, believed=None),)))["people"][0]["believed"] is None
    believed = person.known.copy()
    believed[:, 3] = False
    told = playback(replace(motion, people=(replace(person, believed=believed),)))["people"][0]["believed"]
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(told), np.uint8).reshape(-1, 17), believed)


def test_playback_holds_the_poses_and_the_truth(
    motion: Motion, clip: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.picture.scene import Scene
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
        with pytest.raises(ConfigError, match="another port"), _listen(Settings(port=port)):
            pass
