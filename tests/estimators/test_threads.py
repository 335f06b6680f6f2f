"""Threads: as many as there are cores for them, and asleep while they wait."""

import os
import subprocess
import sys

import pytest

from estimators import threads
from estimators.processes import own_environment


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", 4), ("150000 100000", 2), ("5000 100000", 1), ("800000 100000", 4), ("0 0", 4), ("", 4)],
)
def test_cores_are_those_of_the_container(monkeypatch, tmp_path, quota, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(threads, "_QUOTA", tmp_path / "cpu.max")
    assert threads.cores() == 4  # without such a file
    (tmp_path / "cpu.max").write_text(quota + "\n")
    assert threads.cores() == expected


@pytest.mark.parametrize(("quota", "expected"), [("max 100000", None), ("200000 100000", "2"), ("9900000 100000", "4")])
def test_torch_is_told_of_a_quota(monkeypatch, tmp_path, quota, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(threads, "_QUOTA", tmp_path / "cpu.max")
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setenv("OMP_NUM_THREADS", "")  # so that it is put back as it was
    monkeypatch.delenv("OMP_NUM_THREADS")
    threads.be_a_good_neighbour()
    assert os.environ.get("OMP_NUM_THREADS") == expected
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    threads.be_a_good_neighbour()
    assert os.environ["OMP_NUM_THREADS"] == "3"


@pytest.mark.parametrize("package", ["estimators", "refiner", "app", "app.d3prefiner"])
@pytest.mark.parametrize(("before", "after"), [(None, "passive"), ("active", "active")])
def test_waiting_threads_sleep_whatever_is_imported_first(package, before, after):
    environment = own_environment()
    environment.pop("OMP_WAIT_POLICY", None)
    if before:
        environment["OMP_WAIT_POLICY"] = before
    told = f"import os, sys, {package}; print('torch' in sys.modules, os.environ['OMP_WAIT_POLICY'])"
    done = subprocess.run([sys.executable, "-c", told], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", after]
