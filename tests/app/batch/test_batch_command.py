"""The command: nothing is lost, and a second run does only what is left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app import cli
from app.motion import Motion
from tests.support.batches import video


def batch(folder: Path, output: Path, *options: str) -> int:
    return cli.main(["batch", str(folder), "-o", str(output), *options])


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
