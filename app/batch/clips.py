"""Find the videos of a folder, and say where the results of each go."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from estimators.errors import ConfigError

SUFFIXES = {
    ".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv",
}  # fmt: skip


@dataclass(frozen=True)
class Clip:
    """A video of the batch.

    Attributes:
        path: the file.
        name: its path relative to the batch's folder, with its suffix: what reports call it.
        folder: where its results go. The suffix stays in the folder's name, so that a.mp4 and a.mov keep apart whether
            or not they are there at the same time.
    """

    path: Path
    name: str
    folder: Path


def find_clips(folder: Path, output: Path, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[Clip]:
    """All videos in and below a folder, by name.

    Hidden files and folders, linked folders (which may lead in circles) and the output folder are left out.

    Args:
        include: patterns (`*`, `?`) of names or relative paths, one of which must fit; none: everything.
        exclude: patterns none of which may fit.

    Raises:
        ConfigError: no such folder, or no videos in it.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder; for one video use `d3p run`.")

    def wanted(relative: str) -> bool:
        def fits(pattern: str) -> bool:
            return fnmatch(relative, pattern) or fnmatch(os.path.basename(relative), pattern)

        return (not include or any(map(fits, include))) and not any(map(fits, exclude))

    names = sorted(path.relative_to(folder).as_posix() for path in _videos(folder, output.resolve()))
    clips = [Clip(folder / name, name, output / name) for name in names if wanted(name)]
    if not clips:
        left_out = f" that fit ({len(names)} do not)" if names else ""
        raise ConfigError(f"There are no videos in {folder}{left_out}; known are {', '.join(sorted(SUFFIXES))}.")
    return clips


def _videos(folder: Path, output: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = [name for name in folders if not name.startswith(".") and (here / name).resolve() != output]
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield here / name
