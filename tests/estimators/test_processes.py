"""Processes that we start run our code, in a folder with an `app.py` and a `pickle.py` of the user's own too."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from estimators import processes
from estimators.processes import ROOT, module_command, own_environment, safe_path

THEIRS = ("app", "estimators", "refiner", "demo_videos", "pickle", "socket", "runpy", "threading")


@pytest.fixture
def their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, whose modules leave a trace where they are run."""
    for name in THEIRS:
        (tmp_path / f"{name}.py").write_text(
            f"open({str(tmp_path / 'trace')!r}, 'a').write({name!r})\nraise SystemExit(9)\n"
        )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def where(module: str) -> str:
    """The file of a module, in a process of its own."""
    code = f"import {module}; print({module}.__file__)"
    command = [sys.executable, "-P", "-c", code]
    return subprocess.run(command, env=own_environment(), capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("paths", [None, "", os.pathsep, os.pathsep + "elsewhere"])
def test_modules_that_we_start_are_ours(their_folder: Path, monkeypatch: pytest.MonkeyPatch, paths: str | None) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    if paths is not None:
        monkeypatch.setenv("PYTHONPATH", paths)  # an empty part of it is the current folder
    done = subprocess.run(module_command("app", "--help"), env=own_environment(), capture_output=True, text=True)
    assert done.returncode == 0 and "Video to refined 3D human motion" in done.stdout, done.stderr
    assert Path(where("refiner")).is_relative_to(ROOT)
    assert not (their_folder / "trace").exists()


def test_without_it_theirs_are_run(their_folder: Path) -> None:
    assert subprocess.run([sys.executable, "-m", "app", "--help"]).returncode == 9
    assert (their_folder / "trace").read_text() == "app"


def test_spawned_processes_look_where_this_one_does(their_folder: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=os.getcwd)
    with safe_path():
        process.start()
    process.join(60)
    assert process.exitcode == 0 and not (their_folder / "trace").exists()


def test_the_environment_is_as_it_was_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    with safe_path():
        assert os.environ["PYTHONSAFEPATH"] == "1"
    assert "PYTHONSAFEPATH" not in os.environ
    monkeypatch.setenv("PYTHONSAFEPATH", "yes")
    with pytest.raises(KeyboardInterrupt), safe_path():
        raise KeyboardInterrupt
    assert os.environ["PYTHONSAFEPATH"] == "yes"


def test_an_installed_package_keeps_its_place_after_pythons_own_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", "/theirs", ""]))
    assert own_environment()["PYTHONPATH"] == os.pathsep.join([str(ROOT), "/theirs"])
    monkeypatch.setattr(processes.sysconfig, "get_path", lambda name: str(ROOT))
    told = own_environment(D3P_WEIGHTS="here")
    assert told["PYTHONPATH"] == "/theirs" and told["D3P_WEIGHTS"] == "here" and told["PYTHONSAFEPATH"] == "1"
