"""Detectors side by side: tables of made-up measurements say what was made up, and the command measures tiny clips."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import outputs
from app.cli import main
from app.evaluation.accuracy import ClipResult
from app.evaluation.detector_tables import Comparison
from app.evaluation.detectors import Measured
from app.evaluation.eyes import Seen
from app.models import Models
from estimators.errors import ConfigError
from tests.app.evaluation.test_accuracy import SIZE, write_truth
from tests.support.fakes import FakeDetector, FakeLifter, fake_models, pictures, use
from tests.support.video_files import write_video

N = 20


def measured(name: str, off_mm: float, found: int = N, error: float = 0.02) -> Measured:
    """A clip whose joints but the hip are off by so much in 3D, and by `error` of the height in 2D."""
    there = np.arange(N) < found
    target = np.random.default_rng(0).normal(0, 0.3, (found, 17, 3))
    target[:, 0] = 0
    moved = target + np.where(np.arange(17) > 0, off_mm / 1000, 0)[:, None] * [1, 0, 0]
    predicted = {"lifted": target + 2 * (moved - target), "refined": moved}
    runs = [slice(0, found)] if found else []
    result = ClipResult(name, N, 25.0, found / N, 2.0, predicted if found else {}, target, runs, {"flaw": ["dark"]})
    nothing = np.zeros(N, bool)
    seen = Seen(
        errors=np.where(there[:, None], error, np.nan) * np.ones(17),
        scores=np.where(there[:, None], 0.9, 0) * np.ones(17),
        ghosts=(~there).astype(int), swapped=nothing, jitter=np.where(there, 1.0, np.nan), others=0,
    )  # fmt: skip
    return Measured(name, seen, {"stc": result})


@pytest.fixture
def compared() -> Comparison:
    return Comparison(
        {
            "old": [measured("a", 100), measured("b", 50), measured("c", 40, found=10)],
            "new": [measured("a", 80, error=0.01), measured("b", 54), measured("c", 40)],
        }
    )


def test_means_weigh_frames(compared: Comparison) -> None:
    old, new = (compared.poses(name, "stc") for name in ("old", "new"))
    part = 16 / 17
    assert old["refined"]["mpjpe"].value == pytest.approx(part * (20 * 100 + 20 * 50 + 10 * 40) / 50)
    assert new["lifted"]["mpjpe"].value == pytest.approx(2 * part * (80 + 54 + 40) / 3)
    assert new["refined"]["acceleration"].value == pytest.approx(0, abs=1e-6)
    assert old["refined"]["mpjpe"].low < old["refined"]["mpjpe"].value < old["refined"]["mpjpe"].high
    sight = compared.sight("old")
    assert sight["found"].value == pytest.approx(100 * 50 / 60) and sight["ghosts"].value == pytest.approx(
        100 * 10 / 60
    )
    assert sight["error"].value == pytest.approx(2) and sight["right"].value == 100
    assert compared.sight_difference("new")["error"].value == pytest.approx((1 + 2 + 2) / 3 - 2)


def test_differences_are_paired(compared: Comparison) -> None:
    part, less = 16 / 17, compared.difference("new", "stc")
    assert less.errors["mpjpe"].value == pytest.approx(part * ((80 + 54 + 40) / 3 - (2000 + 1000 + 400) / 50))
    assert less.same["mpjpe"].value == pytest.approx(part * (20 * -20 + 20 * 4 + 10 * 0) / 50)  # c: 10 frames, alike
    assert less.counts == (1, 1) and less.worst == ("b", pytest.approx(4 * part))
    assert list(less.with_a_word) == ["b"]


def test_the_tables_name_clips_that_are_worse(compared: Comparison) -> None:
    text = compared.markdown()
    assert "| new, stc | b | +3.8 |" in text and "| new less old |" in text
    assert "| flaw: dark | 3 | 64.0 / " in text and "; 2.00 %; 83 % |" in text
    json.dumps(compared.numbers(), allow_nan=False)
    assert compared.numbers()["differences"]["new, stc"]["clips_mpjpe"]["a"] == pytest.approx(-20 * 16 / 17)


def test_a_clip_that_only_one_has_found_is_in_no_pair() -> None:
    compared = Comparison(
        {"old": [measured("a", 30), measured("b", 90, 0)], "new": [measured("a", 30), measured("b", 90)]}
    )
    less = compared.difference("new", "stc")
    assert set(less.clips) == {"a"} and less.same["mpjpe"].value == pytest.approx(0)
    assert less.errors["mpjpe"].value == pytest.approx(30 * 16 / 17)
    assert compared.sight("old")["found"].value == 50
    json.dumps(compared.numbers(), allow_nan=False)
    assert "b" not in [line.split("|")[2].strip() for line in compared.markdown().splitlines() if "|" in line]


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Two clips in which the person is found, and one in which nobody is."""
    folder = tmp_path / "suite"
    folder.mkdir()
    for name, there in (("one", True), ("two", True), ("empty", False)):
        video = write_video(folder / f"{name}.mp4", size=SIZE, pictures=pictures([there] * 12))
        if there:
            person = outputs.run(video, tmp_path / "out", models=fake_models()).motion.people[0]
            assert person.refined is not None
            points = FakeDetector().detect(np.full((*SIZE[::-1], 3), 200, np.uint8)).keypoints
        write_truth(video, person.refined, np.repeat(points, 12, 0))
    return folder


def test_the_command_measures_keeps_and_draws(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, fake_models)
    told, drawn, kept = (tmp_path / name for name in ("told.json", "drawn.png", "kept"))
    command = ["evaluate", "detectors", str(clips), "--detector", "movenet", "--keep", str(kept)]
    assert main([*command, "--detector", "other", "--json", str(told), "--plot", str(drawn)]) == 0
    numbers = json.loads(told.read_text())[str(clips)]
    assert numbers["clips"] == ["empty", "one", "two"] and numbers["frames"] == 36
    assert numbers["sight"]["movenet"]["found"]["value"] == pytest.approx(200 / 3)
    assert numbers["poses"]["movenet, stcformer"]["refined"]["mpjpe"]["value"] == pytest.approx(0, abs=0.01)
    assert numbers["each"]["movenet"]["empty"]["error"] is None
    assert drawn.stat().st_size > 1000 and len(list(kept.rglob("*.npz"))) == 2  # the same file twice is one clip
    shown = capsys.readouterr().out
    assert "other less movenet" in shown
    monkeypatch.setattr(FakeDetector, "detect", pytest.fail)
    assert main(command) == 0  # from what was kept
    assert capsys.readouterr().out.splitlines()[3:6] == shown.splitlines()[3:6]


def test_a_lifter_that_needs_what_a_detector_does_not_give_is_left_out(
    clips: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Choosy(FakeLifter):
        def lift(self, *args: Any, **more: Any) -> np.ndarray:
            raise ConfigError("This detector reads no poses from pictures.")

    use(monkeypatch, fake_models)
    monkeypatch.setattr(Models, "load_lifter", lambda one: Choosy() if one.lifter == "choosy" else FakeLifter())
    command = ["evaluate", "detectors", str(clips), "--detector", "movenet"]
    assert main([*command, "--lifter", "choosy", "--lifter", "stcformer"]) == 0
    told = capsys.readouterr()
    assert "movenet, choosy is left out. This detector reads no poses" in " ".join(told.err.split())
    assert "| movenet, stcformer |" in told.out and "| movenet, choosy |" not in told.out


def test_a_folder_without_clips_is_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "detectors", str(tmp_path)]) == 2
    assert "No clips with ground truth" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--json", "nowhere/x.json"], ["--plot", "x.doc"], ["--plot", "nowhere/x.png"]])
def test_where_nothing_can_be_written_is_told_at_once(clips: Path, wrong: list[str], capsys) -> None:
    assert main(["evaluate", "detectors", str(clips), *wrong]) == 2
    assert wrong[1] in capsys.readouterr().err
