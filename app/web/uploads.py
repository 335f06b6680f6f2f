"""Files that requests name. A visitor may name what was uploaded here and the bundled examples, and nothing else of
this machine: no path, device, pipe, folder or address, whatever way it is written."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from estimators.errors import VideoError

_SPARE = 2_000_000_000  # bytes of the disk that are left to others
_DEEPEST = 64  # of what a request may nest


class Uploads:
    """The folder in which gradio puts uploads, and what of it requests may name.

    Attributes:
        folder: gradio's, resolved.
        results: what lies in this folder of it is no upload.
    """

    def __init__(self, folder: Path, examples: Iterable[Path] = (), most_bytes: float = float("inf")) -> None:
        """Args:
        folder: where uploads lie.
        examples: bundled files that may be named and read as well.
        most_bytes: that all files in the folder may have together.
        """
        self.folder = folder.resolve()
        self.results = self.folder / "sessions"
        self._examples = {path.resolve() for path in examples}
        self._most = most_bytes

    def owns(self, path: Path) -> bool:
        """Whether a resolved path is of an upload: of a result, say, it is not."""
        return path.is_relative_to(self.folder) and not path.is_relative_to(self.results)

    def admit(self, sent: Any) -> Path:
        """The file that a request names, as a string or as gradio's dictionary with "path".

        Raises:
            VideoError: it is no regular file among the uploads and examples.
        """
        path = sent.get("path") if isinstance(sent, dict) else sent
        found = self._regular(path) if isinstance(path, str | Path) else None
        if found is None or not (self.owns(found) or found in self._examples):
            raise VideoError(
                "A file is named that was not uploaded here; upload it first, and send what the upload answers."
            )
        return found

    def admit_all(self, data: Any, depth: int = 0) -> None:
        """Look through all that a request sends, before gradio does: it would copy or download what is named.

        Raises:
            VideoError: see `admit`.
        """
        if depth > _DEEPEST:
            raise VideoError("The request nests its values too deeply.")
        if isinstance(data, dict):
            if "path" in data and data["path"] is not None:
                self.admit(data)
            data = list(data.values())
        if isinstance(data, list | tuple):
            for value in data:
                self.admit_all(value, depth + 1)

    def readable(self, path: str) -> bool:
        """Whether the address of a file (gradio's `file=PATH`) is of an upload, a result or an example."""
        found = self._regular(path)
        return found is not None and (found.is_relative_to(self.folder) or found in self._examples)

    def full(self, more: int) -> bool:
        """Whether there is no room for so many more bytes."""
        there = 0
        for path in _files(self.folder):
            with suppress(OSError):
                there += path.lstat().st_size
        return there + more > self._most or shutil.disk_usage(self.folder).free - more < _SPARE

    def forget(self, paths: Iterable[Path]) -> None:
        """Delete uploads, and the folders that they leave empty."""
        for path in paths:
            path.unlink(missing_ok=True)
            if path.parent != self.folder and self.owns(path.parent):
                try:
                    path.parent.rmdir()
                except OSError:  # another file lies there, or another thread was quicker
                    continue

    def forget_unnamed(self, named: Container[Path], seconds: float) -> None:
        """Delete the uploads that are older than so many seconds and not among those `named`, half ones included."""
        before = time.time() - seconds
        for path in _files(self.folder):
            with suppress(OSError):  # somebody else was quicker
                there = path.lstat()
                if path not in named and self.owns(path) and max(there.st_mtime, there.st_ctime) < before:
                    self.forget([path])

    def _regular(self, path: str | Path) -> Path | None:
        """The absolute path of an existing regular file without any link on the way; None for everything else."""
        try:
            named = Path(path)
            resolved = named.resolve(strict=True)
            straight = named.is_absolute() and ".." not in named.parts and not named.is_symlink()
            return resolved if straight and stat.S_ISREG(resolved.lstat().st_mode) else None
        except (OSError, ValueError, RuntimeError):  # no such file, a name that no file can have, a loop of links
            return None


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder in which others are working: what goes meanwhile is left out."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            with suppress(OSError):
                if stat.S_ISREG(path.lstat().st_mode):
                    yield path


def _path_alone(box: gr.File, file: FileData) -> str:
    return file.path


# Gradio's own leaves an empty temporary file for each value that it hands to a handler. Not an override on one box: a
# box is built anew, of its class, at every update.
gr.File._process_single_file = _path_alone  # type: ignore[method-assign, assignment]
