"""Whole files or none: everything is written under a temporary name and renamed when it is complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from estimators.errors import ConfigError


@contextmanager
def complete_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, delete it on any failure.

    The temporary name keeps the suffix (encoders and numpy look at it) and begins with a dot, so that a file left
    behind by a killed process is not taken for a result.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.partial-{os.getpid()}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.partial-", dir=folder.parent))
    except OSError as error:
        _remove_empty(made)
        raise ConfigError(f"Cannot write to {folder.parent}: {error.strerror or error}.") from error
    try:
        yield staging
        try:
            folder.mkdir(exist_ok=True)
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
