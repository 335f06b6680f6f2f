"""Files and folders are written whole or not at all, whoever else writes them at the same time."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from estimators.errors import ConfigError
from estimators.files import complete_file, complete_folder, partial_name


def test_a_file_is_there_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.npz"
    with complete_file(path) as temporary:
        temporary.write_bytes(b"half")
        assert temporary.suffix == ".npz" and temporary.name.startswith(".") and not path.exists()
    assert path.read_bytes() == b"half" and os.listdir(path.parent) == ["file.npz"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(ValueError, match="in between"), complete_file(path) as temporary:
        temporary.write_text("new")
        raise ValueError("in between")
    with pytest.raises(ConfigError, match=r"file\.txt: disk full"), complete_file(path):
        raise OSError("disk full")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["file.txt"]


def test_two_threads_do_not_write_into_each_others_file(tmp_path: Path) -> None:
    path, both_open = tmp_path / "file.txt", threading.Barrier(2, timeout=20)

    def write(text: str) -> None:
        with complete_file(path) as temporary:
            temporary.write_text(text)
            both_open.wait()
            assert temporary.read_text() == text

    threads = [threading.Thread(target=write, args=(letter * 1000,)) for letter in "ab"]
    failed: list[threading.ExceptHookArgs] = []
    before, threading.excepthook = threading.excepthook, failed.append
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.excepthook = before
    assert not failed and path.read_text() in {"a" * 1000, "b" * 1000} and os.listdir(tmp_path) == ["file.txt"]


def test_what_a_killed_process_left_goes_and_what_a_living_one_writes_stays(tmp_path: Path) -> None:
    dead, living = (tmp_path / f"{partial_name('file')}0-{process}.txt" for process in (2**22 + 1, os.getppid()))
    dead.touch()
    living.touch()
    with complete_file(tmp_path / "file.txt") as temporary:
        temporary.touch()
    assert sorted(os.listdir(tmp_path)) == sorted([living.name, "file.txt"])


def test_a_folder_gets_all_files_or_none(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    with pytest.raises(ValueError, match="in between"), complete_folder(folder) as staging:
        (staging / "one").touch()
        raise ValueError("in between")
    assert not (tmp_path / "new").exists()
    with complete_folder(folder) as staging:
        (staging / "one").touch()
    assert os.listdir(folder) == ["one"] and os.listdir(folder.parent) == ["out"]
