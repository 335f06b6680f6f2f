"""`d3p export` and `d3p run --to`: which files appear, and that mistakes end in one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from app import cli
from app.export import FORMATS, export, parse_formats
from app.models import Models
from app.motion import Motion
from estimators.errors import ConfigError
from tests.support.fakes import fake_models, pictures
from tests.support.motions import motion_of, walking
from tests.support.video_files import write_video

ONE_PERSON = {"motion.bvh", "motion.bvh.json", "motion.trc", "motion.c3d", "motion.glb", "motion.csv", "motion.json"}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return motion_of([walking(8)], missing=slice(2, 4)).save(tmp_path / "clip" / "motion.npz")


def test_all_formats_beside_the_motion(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["export", str(saved), "--to", ",".join(FORMATS)]) == 0
    assert {path.name for path in saved.parent.iterdir()} == {"motion.npz", *ONE_PERSON}
    printed = capsys.readouterr()
    assert {Path(line).name for line in printed.out.splitlines()} == ONE_PERSON
    assert printed.err == ""


def test_another_folder_height_and_space(saved: Path, tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    arguments = ["--to", "csv", "-o", str(target), "--height", "1.9", "--space", "camera"]
    assert cli.main(["export", str(saved), *arguments]) == 0
    assert [path.name for path in target.iterdir()] == ["motion.csv"]
    root = np.array((target / "motion.csv").read_text().splitlines()[1].split(",")[4:7], float)
    before = Motion.load(saved).people[0].root[0]
    scale = root[2] / before[2]
    assert np.allclose(root, scale * before, atol=1e-3) and scale > 1.05


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "bvh,fbx"], "fbx"),
        (["--to", ","], "No format"),
        (["--to", "bvh", "--height", "180"], "metres"),
        (["--to", "bvh", "--space", "moon"], "moon"),
    ],
)
def test_mistakes_end_in_one_sentence(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert cli.main(["export", str(saved), "-o", str(tmp_path / "new"), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_a_library_that_is_missing(
    saved: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "c3d", None)
    monkeypatch.delitem(sys.modules, "app.export.c3d_points", raising=False)
    assert cli.main(["export", str(saved), "--to", "csv,c3d"]) == 2
    assert "pip install c3d" in capsys.readouterr().err
    assert [path.name for path in saved.parent.iterdir()] == ["motion.npz"]


def test_files_that_are_no_motion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.npz"
    other.write_bytes(b"not an archive")
    for path in (other, tmp_path / "nowhere.npz", tmp_path):
        assert cli.main(["export", str(path), "--to", "csv"]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["other.npz"]


def test_a_failure_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.export.glb.write", broken)
    with pytest.raises(KeyboardInterrupt):
        export(motion_of([walking(3)]), ["bvh", "glb"], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_formats_are_read_as_people_write_them() -> None:
    assert parse_formats(" BVH, .glb,bvh ,") == ("bvh", "glb")
    with pytest.raises(ConfigError, match="xyz"):
        parse_formats("xyz")


def test_run_writes_the_formats_beside_the_motion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Models, "load", classmethod(lambda cls, options: fake_models(options.refine)))
    clip = write_video(tmp_path / "clip.mp4", size=(160, 120), pictures=pictures([True] * 6))
    command = ["run", str(clip), "-o", str(tmp_path / "out"), "--no-video"]
    assert cli.main([*command, "--to", "bvh,json"]) == 0
    folder = tmp_path / "out" / "clip"
    made = {"motion.npz", "quality.json", "quality.html", "motion.bvh", "motion.bvh.json", "motion.json"}
    assert {path.name for path in folder.iterdir()} == made
    printed = capsys.readouterr().out
    assert all(str(folder / name) in printed for name in made)

    assert cli.main([*command, "--to", "csv"]) == 0  # what an earlier run exported shows another motion
    assert {path.name for path in folder.iterdir()} == {"motion.npz", "quality.json", "quality.html", "motion.csv"}
    assert cli.main([*command, "--to", "nothing"]) == 2
