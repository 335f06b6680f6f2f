"""A folder of clips: everything in it is found, nothing is lost, and a second run does only what is left."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from app import cli, outputs
from app.batch import marker
from app.batch.clips import Clip, find_clips
from app.batch.outcome import Outcome, Treatment, process_clip
from app.batch.pool import run_here, run_on
from app.batch.processes import Processes
from app.batch.report import write_report
from app.media.video import VideoReader
from app.models import Models
from app.motion import Motion
from app.options import Options
from app.progress import Silent
from estimators.errors import ConfigError, WeightsError
from tests.support.batches import SIZE, quiet, video
from tests.support.fakes import fake_models, load_dying, load_fakes, load_nothing, load_noting, pictures
from tests.support.video_files import write_sound, write_video

RECIPE = {"options": "as they were"}


def clip_of(path: Path, output: Path) -> Clip:
    return Clip(path, path.name, output / path.name)


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
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


def batch(folder: Path, output: Path, *options: str) -> int:
    return cli.main(["batch", str(folder), "-o", str(output), *options])


# --- which clips ---------------------------------------------------------------------------------------------------


def test_videos_are_found_wherever_they_are_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b.MP4", "x/y/a.mov", "x/.hidden/c.mp4", ".d.mp4", "x/notes.txt", "out/b.MP4/side_by_side.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "x" / "circle").symlink_to(tmp_path, target_is_directory=True)
    output = tmp_path / "out"
    clips = find_clips(tmp_path, output).clips
    assert [clip.name for clip in clips] == ["b.MP4", "x/y/a.mov"]
    assert [clip.folder for clip in clips] == [output / "b.MP4", output / "x" / "y" / "a.mov"]
    assert [clip.name for clip in find_clips(tmp_path, output, include=["*.mov"]).clips] == ["x/y/a.mov"]
    assert [clip.name for clip in find_clips(tmp_path, output, exclude=["x/*"]).clips] == ["b.MP4"]
    with pytest.raises(ConfigError, match=r"b\.MP4: not asked for"):
        find_clips(tmp_path, output, include=["*.avi"])
    with pytest.raises(ConfigError, match="not a folder"):
        find_clips(tmp_path / "b.MP4", output)


def test_a_gif_is_a_video_and_what_is_none_is_named_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    video(folder / "a.mp4")
    levels = [Image.new("RGB", SIZE, (level,) * 3) for level in (200, 210, 220)]
    levels[0].save(folder / "b.gif", save_all=True, append_images=levels[1:], duration=40)
    (folder / "download 7").write_bytes((folder / "a.mp4").read_bytes())  # no suffix at all
    (folder / "c.dat").write_bytes((folder / "a.mp4").read_bytes())
    write_sound(folder / "song.mp4").rename(folder / "song.dat")
    (folder / "sound.wav").write_bytes(bytes(100))
    levels[0].save(folder / "photo.jpg")
    levels[0].save(folder / "photo.png")
    (folder / "photo.png").rename(folder / "photo.raw")
    (folder / "notes.txt").write_text("notes")
    (folder / "noise.bin").write_bytes(np.random.default_rng(0).bytes(100_000))
    (folder / "._a.mp4").write_bytes(bytes(100))
    (folder / ".cache").mkdir()
    (folder / "circle").symlink_to(folder, target_is_directory=True)
    os.mkfifo(folder / "pipe.dat")
    found = find_clips(folder, tmp_path / "out", exclude=["c.*"])
    assert [clip.name for clip in found.clips] == ["a.mp4", "b.gif", "download 7"]
    why = {one.name: one.why for one in found.left_out}
    assert list(why) == sorted(why)
    assert why == {
        "._a.mp4": "hidden", ".cache/": "hidden", "circle/": "a linked folder", "notes.txt": "text",
        "photo.jpg": "a picture",
        "photo.raw": "is an image, not a video", "sound.wav": "sound without pictures", "pipe.dat": "is no file",
        "song.dat": "holds only sound, no pictures to find people in",
        "c.dat": "not asked for by its name",
        "noise.bin": why["noise.bin"],
    }  # fmt: skip
    assert "not a video" in why["noise.bin"] or "damaged" in why["noise.bin"]
    assert len(list(VideoReader(folder / "b.gif"))) == 3


def test_a_folder_without_videos_is_told_what_it_holds(tmp_path: Path) -> None:
    for name in ("a.txt", "b.jpg", "c.json", "d.wav"):
        (tmp_path / name).write_text("x")
    with pytest.raises(
        ConfigError, match=r"no videos .* a.txt: text; b.jpg: a picture; c.json: no video; and 1 more\.$"
    ):
        find_clips(tmp_path, tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"no videos in [^,]*empty\.$"):
        find_clips(tmp_path / "empty", tmp_path / "out")


# --- the command ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_good_clips_are_done_bad_ones_are_reported_and_a_second_run_does_what_is_left(
    folder: Path, tmp_path: Path, fakes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    assert batch(folder, output) == 1
    printed = capsys.readouterr().out
    assert "3 done, 0 skipped, 2 failed" in printed and "FAILED text.mp4" in printed
    for name in ("a.mp4", "a.mov", "deep er/ümläut b.mkv"):
        assert len(Motion.load(output / name / "motion.npz")) == 10
        assert {"side_by_side.mp4", "quality.json", "thumbnail.jpg", "log.txt", "done.json"} < {
            file.name for file in (output / name).iterdir()
        }
    for name in ("text.mp4", "empty room.mp4"):
        assert sorted(file.name for file in (output / name).iterdir()) == ["failed.json", "log.txt"]
        assert "failed" in (output / name / "log.txt").read_text()
    report = json.loads((output / "report.json").read_text())
    errors = {one["name"]: one["error"] for one in report["clips"] if one["error"]}
    assert set(errors) == {"text.mp4", "empty room.mp4"} and "Nobody was seen" in errors["empty room.mp4"]
    page = (output / "report.html").read_text(encoding="utf-8")
    assert "deep%20er/%C3%BCml%C3%A4ut%20b.mkv/thumbnail.jpg" in page and "Nobody was seen" in page

    before = (output / "a.mp4" / "motion.npz").stat().st_mtime_ns
    assert batch(folder, output) == 1
    printed = capsys.readouterr().out
    assert "0 done, 3 skipped, 2 failed" in printed and "failed before, unchanged: text.mp4" in printed
    assert (output / "a.mp4" / "motion.npz").stat().st_mtime_ns == before
    again = (output / "report.html").read_text(encoding="utf-8")
    assert (
        "Nobody was seen" in again and again.count(">10<") == page.count(">10<") == 3
    )  # frames, as the first run said

    video(folder / "text.mp4")  # mended: it is tried again
    assert batch(folder, output) == 1
    assert "1 done, 3 skipped, 1 failed" in capsys.readouterr().out
    assert not (output / "text.mp4" / "failed.json").exists()

    assert batch(folder, output, "--exclude", "text*", "empty*") == 0
    assert batch(folder, output, "--exclude", "text*", "empty*", "--redo") == 0
    assert (output / "a.mp4" / "motion.npz").stat().st_mtime_ns > before


def test_a_dry_run_writes_nothing(
    folder: Path, tmp_path: Path, fakes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch(folder, tmp_path / "out", "--dry-run") == 0
    assert capsys.readouterr().out.count("to do") == 5
    assert not (tmp_path / "out").exists()


def test_what_is_left_out_is_said_everywhere(tmp_path: Path, fakes: None, capsys: pytest.CaptureFixture[str]) -> None:
    folder, output = tmp_path / "clips", tmp_path / "out"
    video(folder / "a.mp4")
    for number in range(12):
        (folder / f"<b>{number:02}.txt").write_text("x")
    assert batch(folder, output, "--dry-run") == 0
    assert capsys.readouterr().out.count(".txt: text") == 12
    assert batch(folder, output, "--no-video") == 0
    printed = capsys.readouterr().out
    assert printed.count(".txt: text") == 10 and "2 more, all named in the report" in printed
    report = json.loads((output / "report.json").read_text())
    assert len(report["left_out"]) == 12 and report["left_out"][0] == {"name": "<b>00.txt", "why": "text"}
    page = (output / "report.html").read_text()
    assert page.count(".txt: text") == 12 and "&lt;b&gt;00.txt" in page and "<b>00" not in page


def test_what_makes_no_sense_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video(tmp_path / "clips" / "a.mp4")
    for options, message in (
        (["--workers", "0"], "at least 1"),
        (["--to", "fbx"], "fbx"),
        (["--lifter", "nothing"], "nothing-81"),
        (["--detector", "x.py", "--checkpoint", "y.pth"], "no checkpoint"),
    ):
        assert batch(tmp_path / "clips", tmp_path / "out", *options) == 2
        assert message in capsys.readouterr().err
    assert batch(tmp_path / "nowhere", tmp_path / "out") == 2
    assert not (tmp_path / "out").exists()


# --- what counts as done -------------------------------------------------------------------------------------------


@pytest.fixture
def done(tmp_path: Path) -> Clip:
    clip = clip_of(video(tmp_path / "a.mp4"), tmp_path / "out")
    treatment = Treatment(Options(video=False), (), RECIPE, load_fakes)
    assert process_clip(clip, treatment, fake_models(), Silent()).status == "done"
    assert marker.what_is_done(clip.path, clip.folder, RECIPE)
    return clip


def test_a_clip_is_done_as_long_as_nothing_has_changed(done: Clip) -> None:
    assert not marker.what_is_done(done.path, done.folder, {"options": "others"})
    os.utime(done.path)  # touched, not changed
    assert marker.what_is_done(done.path, done.folder, RECIPE)
    data = bytearray(done.path.read_bytes())
    data[-1] ^= 1  # changed, of the same size
    done.path.write_bytes(data)
    assert not marker.what_is_done(done.path, done.folder, RECIPE)


@pytest.mark.parametrize("name", ["motion.npz", "quality.json", "done.json"])
def test_a_clip_with_a_damaged_result_is_not_done(done: Clip, name: str) -> None:
    file = done.folder / name
    file.write_bytes(file.read_bytes()[:-5])
    assert not marker.what_is_done(done.path, done.folder, RECIPE)
    file.unlink()
    assert not marker.what_is_done(done.path, done.folder, RECIPE)


def test_options_and_weights_are_part_of_the_recipe_and_the_device_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = {"sha256": "one"}
    monkeypatch.setattr(marker.weights, "find", lambda name: Path(name).with_suffix(".safetensors"))
    monkeypatch.setattr(marker.weights, "read_card", lambda path: dict(cards))
    first = marker.recipe(Options())
    assert json.loads(json.dumps(first)) == first
    assert marker.recipe(Options(device="cpu")) == first
    assert marker.recipe(Options(steps=1)) != first and marker.recipe(Options(), ["bvh"]) != first
    cards["sha256"] = "another"
    assert marker.recipe(Options()) != first
    with pytest.raises(WeightsError, match="no checkpoint"):
        marker.recipe(Options(checkpoint="nowhere.pth"))


def test_what_a_killed_run_left_is_cleaned_up_and_its_clip_done_again(done: Clip) -> None:
    leftovers = [
        done.folder.parent / f".{done.folder.name}.partial-abc",
        done.folder.parent / f"..{done.folder.name}.partial-abc.partial-def",  # the pipeline's, for its part of it
    ]
    for leftover in leftovers:
        leftover.mkdir()
        (leftover / "motion.npz").write_bytes(b"half")
    (done.folder / "motion.npz").write_bytes(b"half a motion")
    treatment = Treatment(Options(video=False), (), RECIPE, load_fakes)
    assert process_clip(done, treatment, fake_models(), Silent()).status == "done"
    assert not any(leftover.exists() for leftover in leftovers) and len(Motion.load(done.folder / "motion.npz")) == 10


def test_an_error_nobody_foresaw_fails_its_clip_only(tmp_path: Path) -> None:
    class Broken:
        def lift(self, *args: object, **kwargs: object) -> None:
            raise IndexError("out of bounds")

        def description(self) -> dict:
            return {}

    clip = clip_of(video(tmp_path / "a.mp4"), tmp_path / "out")
    models = replace(fake_models(), lifter=Broken())  # type: ignore[arg-type]
    outcome = process_clip(clip, Treatment(Options(), (), RECIPE), models, Silent())
    assert outcome.status == "failed" and "IndexError: out of bounds" in str(outcome.error)
    assert "Traceback" in (clip.folder / "log.txt").read_text()
    assert [file.name for file in clip.folder.iterdir()] == ["log.txt"]


# --- several processes ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_workers_give_the_results_of_one(folder: Path, tmp_path: Path) -> None:
    treatment = Treatment(Options(video=False), (), RECIPE, load_fakes)
    seen: set[str] = set()
    outcomes = {}
    for workers in (1, 2):
        clips = find_clips(folder, tmp_path / str(workers)).clips
        if workers == 1:
            outcomes[workers] = list(run_here(clips, treatment, quiet))
        else:
            watch = lambda name, stage, done, total: seen.add(name)  # noqa: E731
            outcomes[workers] = sorted(run_on(lambda: Processes(treatment, 2), clips, watch), key=lambda one: one.name)
    status = [[(one.name, one.status, one.error, one.frames) for one in outcomes[workers]] for workers in (1, 2)]
    assert sorted(status[0]) == status[1] and len(status[1]) == 5
    assert seen == {clip.name for clip in clips}
    for name in ("a.mp4", "a.mov", "deep er/ümläut b.mkv"):
        one, two = (Motion.load(tmp_path / workers / name / "motion.npz").people[0] for workers in "12")
        np.testing.assert_array_equal(one.best, two.best)


@pytest.mark.slow
def test_workers_load_the_networks_once_each_and_divide_the_cores(tmp_path: Path) -> None:
    clips = [clip_of(video(tmp_path / f"{name}.mp4"), tmp_path / "out") for name in "abcdef"]
    treatment = Treatment(Options(detector=str(tmp_path / "loads"), video=False), (), RECIPE, load_noting)
    assert {one.status for one in run_on(lambda: Processes(treatment, 2), clips, quiet)} == {"done"}
    loads = [line.split() for line in (tmp_path / "loads").read_text().splitlines()]
    share = str(max(1, torch.get_num_threads() // 2))
    assert 1 <= len({process for process, *_ in loads}) == len(loads) <= 2  # a quick one may do all
    assert {(threads, more) for _, threads, more in loads} == {(share, share)}


@pytest.mark.slow
def test_a_clip_that_kills_its_worker_takes_no_other_with_it(tmp_path: Path) -> None:
    paths = [video(tmp_path / f"{name}.mp4", grey=name == "b") for name in "abcd"]
    clips = [clip_of(path, tmp_path / "out") for path in paths]
    treatment = Treatment(Options(video=False), (), RECIPE, load_dying)
    outcomes = {one.name: one for one in run_on(lambda: Processes(treatment, 2), clips, quiet)}
    assert {name: one.status for name, one in outcomes.items()} == {
        "a.mp4": "done", "b.mp4": "failed", "c.mp4": "done", "d.mp4": "done",
    }  # fmt: skip
    assert "died 3 times (exit code 9)" in str(outcomes["b.mp4"].error)


@pytest.mark.slow
def test_a_clip_whose_worker_died_by_accident_is_done_all_the_same(tmp_path: Path) -> None:
    clips = [clip_of(video(tmp_path / "b.mp4", grey=True), tmp_path / "out")]
    treatment = Treatment(Options(detector=str(tmp_path / "died"), video=False), (), RECIPE, load_dying)
    (outcome,) = run_on(lambda: Processes(treatment, 1), clips, quiet)
    assert outcome.status == "done" and (tmp_path / "died").exists()


@pytest.mark.slow
def test_networks_that_do_not_load_are_one_clear_error(tmp_path: Path) -> None:
    clips = [clip_of(video(tmp_path / f"{name}.mp4"), tmp_path / "out") for name in "ab"]
    with pytest.raises(WeightsError, match="damaged"):
        list(run_on(lambda: Processes(Treatment(Options(), (), RECIPE, load_nothing), 2), clips, quiet))


# --- the report ----------------------------------------------------------------------------------------------------


def test_the_page_shows_text_as_text(tmp_path: Path) -> None:
    name = "<script>alert(1)</script> & co.mp4"
    clip = Clip(tmp_path / name, name, tmp_path / "out" / "x.mp4")
    (tmp_path / "out").mkdir()
    quality = {"lifted": {"acceleration": 12.345}, "refined": {"acceleration": None}}
    outcomes = [Outcome(name, "done", frames=3, people=1, quality=quality, warnings=["<b>odd</b>"])]
    _, page = write_report(tmp_path / "out", [clip], outcomes, {}, 1.0)
    text = page.read_text()
    assert "<script>" not in text and "&lt;script&gt;" in text and "&lt;b&gt;odd" in text
    assert "12.3 → –" in text
    assert outputs.SIDE_BY_SIDE not in text  # there is none


@pytest.mark.slow
def test_workers_are_ours_in_a_folder_with_modules_of_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("app", "pickle", "socket"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(9)\n")
    clip = Clip(video(tmp_path / "a.mp4"), "a.mp4", tmp_path / "out" / "a.mp4")
    monkeypatch.chdir(tmp_path)
    (outcome,) = run_on(lambda: Processes(Treatment(Options(video=False), (), RECIPE, load_fakes), 1), [clip], quiet)
    assert outcome.status == "done", outcome.error
