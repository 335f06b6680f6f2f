"""What a case is, and what it may use."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app import cli
from estimators.errors import D3PError


class End(StrEnum):
    """How a case may end well."""

    RIGHT = "right result"
    REFUSED = "clear error"


RIGHT, REFUSED = frozenset({End.RIGHT}), frozenset({End.REFUSED})
EITHER = RIGHT | REFUSED  # damage that may or may not matter


@dataclass(frozen=True)
class Place:
    """Where a case lives: `root` is watched, and nothing may be written but in `out`.

    Attributes:
        inputs: for the case's own files, made before it begins.
        out: the output folder; not there yet.
        material: good files to start from, shared by all cases; see `material`.
        listener: port on this machine at which nobody may knock.
    """

    root: Path
    material: Path
    listener: int

    @property
    def inputs(self) -> Path:
        return self.root / "in"

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def canary(self) -> Path:
        """Appears if code from a file is run."""
        return self.root / "canary"

    def good(self, name: str) -> bytes:
        """A good file's bytes."""
        return (self.material / name).read_bytes()

    def put(self, name: str, data: bytes | str) -> Path:
        """An input of the case."""
        path = self.inputs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        prepare: makes the inputs; may do anything.
        act: what is tested; raises what the program raises, or AssertionError about a result that is wrong.
        ends: how it may end.
        quick: part of the short version.
        memory_mb: that the process may grow by. seconds: that it may take.
        as_nobody: without the right of root to read and write what its mode forbids.
        connects: it may talk to this machine.
        starts: it may start processes.
    """

    area: str
    name: str
    act: Callable[[Place], None]
    ends: frozenset[End] = REFUSED
    prepare: Callable[[Place], object] | None = None
    quick: bool = False
    memory_mb: int = 400
    seconds: float = 60.0
    as_nobody: bool = False
    connects: bool = False
    starts: bool = False


class Unclear(Exception):
    """It ended in an error, but not in one clear sentence."""


def d3p(*arguments: object, codes: Sequence[int] = (0,)) -> str:
    """`d3p ARGUMENTS` in this process; returns what it printed.

    Raises:
        D3PError: it ended with 2 and one sentence on stderr.
        Unclear: it ended with something else.
    """
    printed, complaint = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complaint):
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as stop:  # argparse
            code = int(stop.code or 0)
    lines = complaint.getvalue().strip().splitlines()
    if code == 2:
        last = lines[-1] if lines else ""
        if lines and lines[0].startswith("usage: "):
            raise D3PError(last)
        if len(lines) != 1 or not last.startswith("error: "):
            raise Unclear(f"stderr: {complaint.getvalue()[-2000:]!r}")
        raise D3PError(last.removeprefix("error: "))
    if code not in codes:
        raise Unclear(f"exit code {code}, stderr: {complaint.getvalue()[-2000:]!r}")
    return printed.getvalue()


@contextlib.contextmanager
def refused_with(*words: str) -> Iterator[None]:
    """The error, if there is one, must say these words."""
    try:
        yield
    except D3PError as error:
        missing = [word for word in words if word not in str(error)]
        if missing:
            raise Unclear(f"{str(error)!r} does not say {missing}") from error
        raise
