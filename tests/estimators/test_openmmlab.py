"""What pip cannot install by itself: whoever needs it says so in one sentence, and one command installs it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from estimators import openmmlab
from estimators.errors import SetupError
from tests.support.paths import ROOT, environment

# As after `pip install` alone: nothing finds the three.
ABSENT = """
import importlib.util, sys
really = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name in ("mmengine", "mmcv", "mmpose") else really(name, *more)
from app.cli import main
"""
COMMANDS = {
    "demo": ["demo", "-o", "out"],
    "run": ["run", str(ROOT / "demo_videos/walker.mp4"), "-o", "out"],
    "batch": ["batch", str(ROOT / "demo_videos"), "-o", "out"],
    "app": ["app", "--port", "0"],
    "train": ["train", str(ROOT / "refiner/training/configs/tiny.py"), "--data", "mocap.npz"],
    "weights get": ["weights", "get", "rtmo-t"],
}


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_every_command_that_needs_them_says_what_to_run(tmp_path: Path) -> None:
    calls = "".join(f"print(main({arguments!r}), flush=True)\n" for arguments in COMMANDS.values())
    done = run(ABSENT + calls, tmp_path)
    assert done.returncode == 0, done.stderr
    codes = [line for line in done.stdout.splitlines() if line.isdigit()]
    assert codes == ["2"] * len(COMMANDS), done.stdout + done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(said) == len(COMMANDS) and "Traceback" not in done.stderr
    assert all("mmpose" in line and "`d3p setup`" in line for line in said), said
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_everything_is_installed_where_the_tests_run() -> None:
    openmmlab.require()
    assert openmmlab.outstanding() == [] and openmmlab.install() == []


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Distribution -> release, empty at first; tests add to it."""
    there: dict[str, str] = {}
    monkeypatch.setattr(openmmlab, "_version", there.get)
    return there


def test_what_is_outstanding(nothing_installed: dict[str, str]) -> None:
    every = [f"{name}=={release}" for name, release in openmmlab.pins().items()]
    assert openmmlab.outstanding() == every and len(every) == 3
    nothing_installed["mmpose"] = "0.29.0"  # another release is as good as none
    assert openmmlab.outstanding() == every
    nothing_installed.update(openmmlab.pins())
    assert openmmlab.outstanding() == []
    del nothing_installed["mmcv-lite"]
    assert openmmlab.outstanding() == [f"mmcv-lite=={openmmlab.pins()['mmcv-lite']}"]
    nothing_installed["mmcv"] = "2.1.0"  # the full one holds all that the lite one does, and more
    assert openmmlab.outstanding() == []


def test_the_running_python_installs_exactly_the_pins(
    nothing_installed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = []

    def pretend(command: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        nothing_installed.update(openmmlab.pins())
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", pretend)
    wanted = openmmlab.outstanding()
    assert openmmlab.install() == wanted
    (command,) = commands
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert command[-4:] == ["--no-deps", *wanted]


@pytest.mark.usefixtures("nothing_installed")
def test_a_failing_pip_is_one_sentence_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda command, check: subprocess.CompletedProcess(command, 1))
    with pytest.raises(SetupError, match=r"mmpose==1\.3\.2 could not be installed, .*-m pip install .*--no-deps"):
        openmmlab.install()


@pytest.mark.usefixtures("nothing_installed")
def test_without_pip_uv_does_it_and_without_both_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    really = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "pip" else really(name, *more))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    with pytest.raises(SetupError, match="neither pip nor uv"):
        openmmlab.install()
    uv, log = tmp_path / "uv", tmp_path / "log"
    uv.write_text(f'#!/bin/sh\necho "$@" > {log}\nexit 1\n')
    uv.chmod(0o755)
    with pytest.raises(SetupError, match="could not be installed"):
        openmmlab.install()
    assert log.read_text().startswith(f"pip install --python {tmp_path}/python --no-deps mmengine==")
