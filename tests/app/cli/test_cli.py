"""The command line: what it prints, its exit codes, and that a look at the help costs nothing."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from app import cli, outputs
from app.cli.run import add_pipeline_arguments, options
from app.evaluation import accuracy
from app.models import Models
from app.motion import Motion
from app.options import PRESETS, Options
from demo_videos.truth import Truth, save_truth
from estimators.errors import DataError, VideoError
from tests.support.fakes import fake_models, pictures
from tests.support.paths import ROOT, environment
from tests.support.video_files import write_sound, write_video


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Models, "load", classmethod(lambda cls, options: fake_models(options.refine)))
    monkeypatch.setenv("COLUMNS", "140")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_video(tmp_path / "clip.mp4", size=(160, 120), pictures=pictures([True] * 12))


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        ([], ("stcformer", 81, 2, 0)),
        (["--preset", "fast"], ("stcformer", 27, 1, 12)),
        (["--preset", "fast", "--lifter", "mixste", "--steps", "3"], ("mixste", 27, 3, 12)),
        (["--preset", "fast", "--looks", "0"], ("stcformer", 27, 1, 0)),
        (["--frames", "27"], ("stcformer", 27, 2, 0)),
    ],
)
def test_a_preset_names_what_is_not_chosen(arguments: list[str], chosen: tuple[str, int, int, int]) -> None:
    parser = argparse.ArgumentParser()
    add_pipeline_arguments(parser)
    found = options(parser.parse_args(arguments))
    assert (found.lifter, found.frames, found.steps, found.looks) == chosen


def test_the_defaults_are_those_of_the_best_preset() -> None:
    assert {key: getattr(Options(), key) for key in PRESETS["best"]} == PRESETS["best"]


def test_every_command_module_is_listed() -> None:
    modules = {path.stem for path in (ROOT / "app" / "cli").iterdir() if not path.stem.startswith("_")}
    assert modules == {name.replace("-", "_") for name in cli.COMMANDS}


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([name, "--help"])
    assert stop.value.code == 0
    assert f"d3p {name}" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from app.cli import main\n"
        "for arguments in (['--help'], ['run', '--help'], ['demo', '--help']):\n"
        "    try: main(arguments)\n"
        "    except SystemExit: pass\n"
        "heavy = {'torch', 'mmpose', 'cv2', 'av', 'scipy', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_run_says_what_was_found_and_where_it_is(
    clip: Path, tmp_path: Path, fakes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", str(clip), "-o", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    for stage in ("Detect and track: 12 frames", "Lift: 12 frames", "Refine: 12 frames", "Draw: 12 frames"):
        assert stage in printed
    assert "\x1b" not in printed and "\r" not in printed  # piped: plain lines, no bars
    for name in outputs.OUTPUTS:
        assert str(tmp_path / "out" / "clip" / name) in printed
        assert (tmp_path / "out" / "clip" / name).is_file()
    (row,) = [line for line in printed.splitlines() if line.strip().startswith("0 ")]
    assert row.split()[:4] == ["0", "12", "0", "0"]
    assert len(Motion.load(tmp_path / "out" / "clip" / "motion.npz")) == 12


def test_bad_inputs_end_with_one_sentence_and_exit_code_2(
    clip: Path, tmp_path: Path, fakes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    (tmp_path / "empty.mp4").touch()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[:-1500])
    dark = write_video(tmp_path / "dark.mp4", size=(160, 120), pictures=pictures([False] * 12))
    out = tmp_path / "out"
    for arguments in (
        ["none.mp4"], [str(text)], [str(tmp_path / "empty.mp4")], [str(cut)], [str(write_sound(tmp_path / "s.mp4"))],
        [str(dark)], [str(clip), "--person", "9"], [str(clip), "--steps", "0"], [str(tmp_path)],
    ):  # fmt: skip
        assert cli.main(["run", *arguments, "-o", str(out)]) == 2, arguments
        captured = capsys.readouterr()
        assert captured.err.startswith("error: ") and captured.err.count("\n") == 1, arguments
        assert not out.exists()


def test_several_videos_each_have_a_folder_and_a_bad_one_does_not_stop_the_rest(
    clip: Path, tmp_path: Path, fakes: None, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    same = write_video(tmp_path / "clip.mov", size=(160, 120), pictures=pictures([True] * 8))
    last = write_video(tmp_path / "last.mkv", size=(160, 120), pictures=pictures([True] * 9))
    out = tmp_path / "out"
    videos = [str(clip), str(text), str(tmp_path / "none.mp4"), str(same), str(last)]
    assert cli.main(["run", *videos, "-o", str(out), "--no-video"]) == 1
    captured = capsys.readouterr()
    assert [line[: len("FAILED")] for line in captured.err.splitlines()] == ["FAILED"] * 2
    assert str(text) in captured.err and "No such file" in captured.err and "3 done, 2 failed" in captured.out
    lengths = {folder.name: len(Motion.load(folder / "motion.npz")) for folder in out.iterdir()}
    assert lengths == {"clip.mp4": 12, "clip.mov": 8, "last": 9}
    assert cli.main(["run", str(clip), str(last), "-o", str(tmp_path / "two"), "--no-video"]) == 0
    assert sorted(folder.name for folder in (tmp_path / "two").iterdir()) == ["clip", "last"]


def test_videos_whose_results_would_meet_are_refused_before_any_work(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other" / clip.name
    other.parent.mkdir()
    other.write_bytes(clip.read_bytes())
    for videos in ([clip, other], [clip, clip]):
        assert cli.main(["run", *map(str, videos), "-o", str(tmp_path / "out")]) == 2
        assert "one folder, clip.mp4" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "x.npz", "--to", "bvh", "--height", "1,82"], "'1,82' has a comma; write 1.82, with a point."),
        (["export", "x.npz", "--to", "bvh", "--height", "1.82m"], "'1.82m' is not a number"),
        (["run", "x.mp4", "--focal", "900,5"], "write 900.5"),
        (["run", "x.mp4", "--focal", "nan"], "'nan' is not a number"),
        (["bench", "--seconds", "1", "inf"], "'inf' is not a number"),
        (["train", "x.py", "--minutes", "0,5"], "write 0.5"),
    ],
)
def test_a_number_that_is_none_is_one_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert (
        stop.value.code == 2 and said in last and f"argument {arguments[-2 if 'inf' not in arguments else 1]}" in last
    )


def test_a_wrong_option_is_exit_code_2() -> None:
    for arguments in ([], ["fly"], ["run"], ["run", "x.mp4", "--device", "tpu"], ["run", "x.mp4", "--steps", "two"]):
        with pytest.raises(SystemExit) as stop:
            cli.main(arguments)
        assert stop.value.code == 2


def test_weights_that_are_not_there_are_named(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", str(clip), "--lifter", "nonsense", "--frames", "5", "-o", str(tmp_path / "out")]) == 2
    assert "nonsense-5" in capsys.readouterr().err


def test_the_app_without_its_libraries_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("app.web.MODULES", ("gradio", "a_library_of_this_name"))
    assert cli.main(["app", "--port", "0"]) == 2
    captured = capsys.readouterr()
    assert "pip install 'd3prefiner[app]'" in captured.err and captured.err.count("\n") == 1


def test_ctrl_c_is_130_and_leaves_nothing(
    clip: Path, tmp_path: Path, fakes: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.picture.side_by_side import SideBySide

    def interrupted(*arguments: object) -> np.ndarray:
        raise KeyboardInterrupt

    monkeypatch.setattr(SideBySide, "draw", interrupted)
    assert cli.main(["run", str(clip), "-o", str(tmp_path / "out")]) == 130
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_termination_cleans_up(tmp_path: Path) -> None:
    source = write_video(tmp_path / "long.mp4", size=(160, 120), pictures=pictures([True] * 120))
    code = (
        "import sys, time; from app import cli; from app.models import Models\n"
        "from app.picture.side_by_side import SideBySide\n"
        "from tests.support.fakes import fake_models\n"
        "Models.load = classmethod(lambda cls, options: fake_models())\n"
        "draw = SideBySide.draw\n"
        "def slow(self, index, picture):\n"
        "    if index == 20: print('drawing', file=sys.stderr, flush=True)\n"
        "    if index >= 20: time.sleep(0.3)\n"  # the signal comes before the end
        "    return draw(self, index, picture)\n"
        "SideBySide.draw = slow\n"
        f"sys.exit(cli.main(['run', {str(source)!r}, '-o', {str(tmp_path / 'out')!r}]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env=environment(),
    )  # fmt: skip
    assert process.stderr is not None and process.stderr.readline() == "drawing\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 143
    process.stderr.close()
    assert not (tmp_path / "out").exists()


def make_truth(path: Path, poses: np.ndarray, size: tuple[int, int]) -> Path:
    n = len(poses)
    flat = np.zeros((n, 17, 2), np.float32)
    save_truth(
        path,
        Truth(
            joints_3d=poses + np.float32([0.5, 0.2, 4]), keypoints_2d=flat, coco_2d=flat, focal=np.full(2, 100.0),
            center=np.array(size) / 2, rotation=np.eye(3), translation=np.zeros(3), fps=Fraction(30), image_size=size,
            meta={},
        ),
    )  # fmt: skip
    return path


@pytest.mark.slow
def test_demo_compares_with_the_truth(
    clip: Path, tmp_path: Path, fakes: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refined = outputs.run(clip, tmp_path / "first", models=fake_models()).motion.people[0].refined
    assert refined is not None
    truth = refined + np.float32([0.03, 0, 0]) * (np.arange(17) > 0)[:, None]  # 30 mm off in 16 of 17 joints
    clips = {"walk": (clip, make_truth(tmp_path / "walk.npz", truth, (160, 120)))}
    monkeypatch.setattr("demo_videos.truth.demo_clips", lambda: clips)
    assert cli.main(["demo", "-o", str(tmp_path / "out")]) == 0
    row = [line for line in capsys.readouterr().out.splitlines() if "walk" in line][-1].split()
    assert row[0] == "walk" and row[2] == "→"
    assert float(row[3]) == pytest.approx(30 * 16 / 17, abs=0.1)
    assert float(row[1]) > float(row[3])  # the lifted depth wobbles, the refined one does not
    assert float(row[6]) < float(row[3])  # Procrustes takes part of the shift away
    assert (tmp_path / "out" / "walk" / "side_by_side.mp4").is_file()
    assert cli.main(["demo", "--clip", "swim"]) == 2
    assert "there are walk" in capsys.readouterr().err


def test_demo_refuses_the_truth_of_another_clip(clip: Path, tmp_path: Path, fakes: None) -> None:
    motion = outputs.run(clip, tmp_path / "out", models=fake_models()).motion
    longer = np.zeros((20, 17, 3), np.float32)
    from demo_videos.truth import load_truth

    with pytest.raises(DataError, match="20 frames"):
        accuracy.compare(motion, load_truth(make_truth(tmp_path / "x.npz", longer, (160, 120))))


def test_errors_are_typed() -> None:
    with pytest.raises(VideoError):
        outputs.run("nothing.mp4", "nowhere", models=fake_models())
