"""The short version of the corpus and of the kill tests. `make hostile` and `make kill` run the long ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="cases run in forked processes"),
    pytest.mark.slow,
]


def _command(*arguments: str, seconds: int) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("GRADIO_TEMP_DIR", None)  # of an app that a test before this one is serving
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
        env=environment,
    )


def test_hostile_input_ends_well() -> None:
    """In a process of its own: the parent of the forks must not have computed anything."""
    done = _command("tests.hostile", "--quick", "--jobs", "2", seconds=900)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_the_corpus_is_large_and_covers_every_area() -> None:
    code = (
        "import json; from collections import Counter; from tests.hostile.corpus import AREAS, all_cases\n"
        "print(json.dumps([len(AREAS), Counter(case.area for case in all_cases())]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    areas, counts = json.loads(done.stdout)
    assert sum(counts.values()) >= 200 and len(counts) >= areas


def test_the_runner_notices_what_must_not_happen(tmp_path: Path) -> None:
    """Cases that misbehave in every way that is watched for."""
    done = _command("tests.hostile.misbehaving", seconds=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_a_batch_survives_kills() -> None:
    done = _command(
        "tests.hostile.kill", "--kills", "2", "--clips", "4", "--training-kills", "0", "--stand-ins", seconds=1500
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "| SIGKILLs of the whole process group | 2 |" in done.stdout


def test_a_killed_training_ends_with_the_same_weights() -> None:
    done = _command("tests.hostile.kill", "--kills", "0", "--training-kills", "1", "--lifter-only", seconds=1500)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
