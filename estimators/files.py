"""Whole files or none: everything is written under a temporary name and renamed when it is complete."""

from __future__ import annotations

import glob
import hashlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from estimators.errors import ConfigError

_COUNT = itertools.count()  # threads of one process may write the same file
_LONGEST_NAME = 160  # bytes of a file's name that its temporary one repeats


@contextmanager
def complete_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, delete it on any failure.

    The temporary name keeps the suffix (encoders and numpy look at it) and begins with a dot, so that a file left
    behind by a killed process is not taken for a result; the next to write `path` removes it.

    Raises:
        ConfigError: it cannot be written.
    """
    path = Path(path)
    beginning = partial_name(path.stem)
    temporary = path.with_name(f"{beginning}{next(_COUNT)}-{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for stale in path.parent.glob(f"{glob.escape(beginning)}[0-9]*{glob.escape(path.suffix)}"):
            if not _lives(stale):
                stale.unlink(missing_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise ConfigError(f"Cannot write {path}: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def partial_name(name: str) -> str:
    """How the temporary name of a file or folder begins: short enough for any file system."""
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = f"{name[:32]}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"
    return f".{name}.partial-"


def _lives(temporary: Path) -> bool:
    """Whether the process that a temporary file is named after may still write it."""
    try:
        os.kill(int(temporary.stem.rpartition("-")[2]), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def complete_folder(folder: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside `folder`; on success move its files into `folder`, on failure leave no trace.

    Files of `folder` with other names stay; files with the same names are replaced one by one, at the very end.

    Raises:
        ConfigError: `folder`, or a folder above it, cannot be made or written.
    """
    folder = Path(folder)
    made: list[Path] = []
    try:
        made = _make_folders(folder.parent)
        staging = Path(tempfile.mkdtemp(prefix=partial_name(folder.name), dir=folder.parent))
    except OSError as error:
        _remove_empty(made)
        raise ConfigError(f"Cannot write to {folder.parent}: {error.strerror or error}.") from error
    try:
        yield staging
        folder.mkdir(exist_ok=True)
        for file in sorted(staging.iterdir()):
            if (folder / file.name).is_dir():  # before any file is replaced
                raise ConfigError(f"Cannot write {folder / file.name}: that is a folder.")
        for file in sorted(staging.iterdir()):
            os.replace(file, folder / file.name)
    except OSError as error:
        raise ConfigError(f"Cannot write to {folder}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        _remove_empty(made)


def _make_folders(folder: Path) -> list[Path]:
    """Make `folder` and what is missing above it; return what was made, innermost first."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
    return missing


def _remove_empty(folders: list[Path]) -> None:
    """Remove those of `folders` (innermost first) that are empty: after a failure they were made for nothing."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
