"""`python -m tests.hostile.misbehaving`: the runner judged, by cases that do all that must not happen."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from estimators.errors import D3PError

from .case import EITHER, Case, End, Place
from .runner import run_all


def _raise(error: BaseException) -> None:
    raise error


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")


def _connect(place: Place) -> None:
    socket.create_connection(("127.0.0.1", place.listener), timeout=5).close()


WRONG: dict[str, Callable[[Place], object]] = {
    "traceback": lambda p: _raise(KeyError("x")),
    "unclear": lambda p: _raise(D3PError("")),
    "wrong result": lambda p: _raise(AssertionError()),
    "hang": lambda p: time.sleep(60),
    "crash": lambda p: os.kill(os.getpid(), 9),
    "memory": lambda p: np.ones(40 << 20).sum(),
    "code run": lambda p: p.canary.write_text("x"),
    "network": _connect,
    "stray file": lambda p: _write(p.inputs / "x"),
    End.REFUSED: lambda p: _raise(D3PError("This is wrong; do that.")),
    End.RIGHT: lambda p: _write(p.out / "x"),
}
STRAY: tuple[Callable[[Place], object], ...] = (
    lambda p: _write(p.root.parent / "stray"),
    lambda p: _write(p.out / ".x.partial-7.json"),
    lambda p: os.mkdir(p.root.parent / "stray-folder"),
    lambda p: os.symlink("/", p.root / "cwd" / "link"),
)


def main() -> int:
    """Returns 1 if anything was not noticed."""
    cases = [
        Case("wrong", how, lambda p, act=act: act(p) and None, EITHER, memory_mb=100, seconds=10)
        for how, act in WRONG.items()
    ]
    cases += [Case("stray", str(i), lambda p, act=act: act(p) and None, EITHER) for i, act in enumerate(STRAY)]
    cases.append(Case("code run", "process", lambda p: subprocess.run(["true"]) and None, EITHER))
    missed = []
    with tempfile.TemporaryDirectory() as scratch:
        for verdict in run_all(cases, Path(scratch), Path(scratch)):
            expected = (
                verdict.case.name
                if verdict.case.area == "wrong"
                else {"stray": "stray file"}.get(verdict.case.area, verdict.case.area)
            )
            if verdict.how != expected:
                missed.append(f"{expected}: {verdict.how} {verdict.detail}")
    print("\n".join(missed) or f"{len(cases)} noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
