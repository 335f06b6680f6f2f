"""What a run costs is measured, and does not grow with the clip beyond a few bytes a frame."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from app import cli
from app.cli.demo import choose
from app.evaluation.cost import loop
from estimators.errors import ConfigError
from tests.support.paths import environment
from tests.support.video_files import decode, read_number, write_video


def test_a_loop_goes_to_and_fro_and_is_as_long_as_asked(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", n=4, rate=10)
    pictures, times, rate = decode(loop(clip, tmp_path / "loop.mp4", 1.1))
    assert [read_number(picture) for picture in pictures] == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2]
    np.testing.assert_allclose(times, np.arange(11) / 10)
    assert rate == 10
    with pytest.raises(ConfigError, match="no frame"):
        loop(clip, tmp_path / "loop.mp4", 0.01)


@pytest.mark.slow
def test_the_command_tells_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    video, _ = next(iter(choose(None, everything=False).values()))
    began = time.perf_counter()
    assert cli.main(["bench", str(video), "--seconds", "0.4", "--json"]) == 0
    took = time.perf_counter() - began
    told = json.loads(capsys.readouterr().out)
    (run,) = told["runs"]
    stages = {stage["name"]: stage for stage in run["stages"]}
    assert next(iter(stages)) == "Load"
    assert {"Prepare", "Detect and track", "Lift", "Refine", "Draw", "Between"} <= set(stages)
    assert all(stage["peak_mb"] > 50 for stage in stages.values())
    assert sum(stage["seconds"] for stage in stages.values()) < took
    assert stages["Load"]["seconds"] > 0.1 and stages["Detect and track"]["seconds"] > 0.05  # networks were at work
    for stage in stages.values():
        assert stage["ms_per_frame"] == pytest.approx(1000 * stage["seconds"] / run["frames"], abs=0.51 / run["frames"])
    assert run["peak_mb"] == max(stage["peak_mb"] for stage in stages.values())
    assert run["seconds"] == pytest.approx(
        sum(one["seconds"] for name, one in stages.items() if name != "Load"), abs=0.01
    )


@pytest.mark.slow
def test_memory_for_pictures_hardly_grows_with_the_length_of_a_clip(tmp_path: Path) -> None:
    """300 MB more for 15,000 frames are 20 kB a frame; one picture of this clip takes 230 kB."""
    command = [sys.executable, "-m", "tests.support.memory_growth", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, env=environment())
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout) < 20_000


@pytest.mark.slow
def test_the_command_compares_the_networks_with_torch(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "--networks", "5", "--json"]) == 0
    networks = {one["name"]: one for one in json.loads(capsys.readouterr().out)["networks"]}
    assert set(networks) == {"movenet-multipose", "movenet-thunder", "blazepose-heavy", "blazepose-full"}
    for network in networks.values():
        assert network["engine"].startswith("onnxruntime")
        assert 1 < network["engine_ms"]["low"] <= network["engine_ms"]["median"] <= network["engine_ms"]["high"]
        assert network["ratio"]["median"] < 0.8  # 0.4 to 0.5 is what it is
