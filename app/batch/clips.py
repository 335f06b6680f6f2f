"""Find the videos of a folder, say where the results of each go, and what is left out, and why."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from mimetypes import MimeTypes
from pathlib import Path

from app.media.video import first_picture
from estimators.errors import ConfigError, VideoError

# What is a video whatever it holds: if it is a bad one, people want to hear that.
SUFFIXES = {
    ".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".gif", ".m2t", ".m2ts", ".m2v", ".m4v",
    ".mjpeg", ".mkv", ".mod", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mts", ".mxf", ".ogm", ".ogv", ".qt", ".rm",
    ".rmvb", ".tod", ".ts", ".vob", ".webm", ".wmv", ".y4m",
}  # fmt: skip
# What is none, by the first half of the kind that its suffix stands for, without a look inside.
_KINDS = {"image": "a picture", "audio": "sound without pictures", "text": "text", "font": "a font"}
_TYPES = MimeTypes()  # Python's own list, the same on every machine
_OTHERS = {
    ".7z", ".bvh", ".c3d", ".csv", ".db", ".doc", ".docx", ".glb", ".gz", ".ini", ".json", ".log", ".npy", ".npz",
    ".pdf", ".py", ".rar", ".safetensors", ".srt", ".tar", ".toml", ".trc", ".txt", ".xls", ".xlsx", ".xml", ".xmp",
    ".yaml", ".yml", ".zip",
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


@dataclass(frozen=True)
class LeftOut:
    """A file, or a folder (its name ends in /), that the batch does not touch, and why in a few words."""

    name: str
    why: str


@dataclass(frozen=True)
class Found:
    """What there is in a folder, each by name."""

    clips: list[Clip]
    left_out: list[LeftOut]


def find_clips(folder: Path, output: Path, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Found:
    """All videos in and below a folder, and what is not taken for one.

    A video is what has a suffix of one, or, with a suffix that says nothing, what can be read as one. Hidden files and
    folders and linked folders (which may lead in circles) are left out; the output folder is passed over.

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

    clips, left_out, closed = [], [], list[Path]()
    for path in _entries(folder, output.resolve(), closed):
        name = path.relative_to(folder).as_posix()
        why = _why_not(path, wanted(name))
        if why:
            left_out.append(LeftOut(name + "/" * path.is_dir(), why))
        else:
            clips.append(Clip(path, name, output / name))
    left_out += [LeftOut(f"{path.relative_to(folder).as_posix()}/", "may not be entered") for path in closed]
    clips.sort(key=lambda clip: clip.name)
    left_out.sort(key=lambda one: one.name)
    if not clips:
        raise ConfigError(f"There are no videos in {folder}{_in_short(left_out)}.")
    return Found(clips, left_out)


def _entries(folder: Path, output: Path, closed: list[Path]) -> Iterator[Path]:
    """Every file in and below a folder, and every folder that is not looked into; into `closed` go those that nobody
    may enter."""
    for place, folders, files in os.walk(folder, onerror=lambda error: closed.append(Path(error.filename))):
        here = Path(place)
        below = [here / name for name in folders if (here / name).resolve() != output]
        passed_by = [one for one in below if one.name.startswith(".") or one.is_symlink()]
        yield from passed_by
        yield from (here / name for name in files)
        folders[:] = [one.name for one in below if one not in passed_by]


def _why_not(path: Path, wanted: bool) -> str:
    """Why this is no video of the batch; nothing if it is one."""
    if path.name.startswith("."):
        return "hidden"
    if path.is_dir():
        return "a linked folder"
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES and (why := _no_video(path.name, suffix)):
        return why
    if not wanted:
        return "not asked for by its name"
    return "" if suffix in SUFFIXES else _unreadable(path)


def _no_video(name: str, suffix: str) -> str:
    kind = (_TYPES.guess_type(name)[0] or "").partition("/")[0]
    return _KINDS.get(kind, "no video" if suffix in _OTHERS else "")


def _unreadable(path: Path) -> str:
    """Why a file whose suffix says nothing cannot be read as a video; nothing if it can."""
    try:
        first_picture(path)
    except VideoError as error:
        return str(error).removeprefix(f"{path.name} ").removeprefix(f"{path} ").rstrip(".")
    return ""


def _in_short(left_out: Sequence[LeftOut]) -> str:
    """The first few of what was left out, for a sentence."""
    if not left_out:
        return ""
    told = "; ".join(f"{one.name}: {one.why.rstrip('.')}" for one in left_out[:3])
    more = f"; and {len(left_out) - 3} more" if len(left_out) > 3 else ""
    return f", left out were {told}{more}"
