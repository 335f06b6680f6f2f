"""Detection takes hours over many clips: what it has found is kept in a folder, so that a stopped job goes on there.

    FOLDER/NAME-1a2b3c4d/description.json    which detector, and at how many looks
    FOLDER/NAME-1a2b3c4d/SHA-CODE.npz        the people of one clip, see `app.people_file`

A file is of the clip with these first digits of its sha256, of the detector that the folder is of, and of the code that
finds and follows people as it was: `code_version`. What other code has found is stale. It is found anew, and removed.
Several processes may work into one folder.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app import people_file
from app.media.video import VideoInfo
from app.models import FindsPeople
from app.people import People, find_people
from app.progress import Progress, Silent
from estimators.files import complete_file
from estimators.gaps import frames_a_look

_ROOT = Path(__file__).resolve().parents[2]
# All that has a say in what is found: what goes into the pictures, the networks, the tracker.
_SOURCES = ("app/media/*.py", "app/people.py", "estimators/*.py", "estimators/detection/**/*.py",
            "estimators/tracking/**/*.py")  # fmt: skip
_DIGITS = 16


@dataclass(frozen=True)
class Kept:
    """The folder of what was found; None keeps nothing.

    Attributes:
        folder: made when the first clip is done.
        stale: take also what other code has found.
    """

    folder: Path | None = None
    stale: bool = False

    def find(
        self, info: VideoInfo, detector: FindsPeople, looks: int = 0, progress: Progress | None = None
    ) -> tuple[People, bool]:
        """The people of a video whose pictures stand upright, and whether they were there already.

        Args:
            looks: how many times a second the detector looks, about; 0: at every frame.

        Raises:
            VideoError: the video cannot be decoded. ConfigError: the folder cannot be written.
            DataError: a kept file is damaged.
        """
        every = frames_a_look(info.fps, looks)
        for path in self._there(info, detector, every):
            people = people_file.load(path)
            if people.fit(info, detector, every, rotate="0"):
                return people, True
        people = find_people(info, detector, progress or Silent(), looks=looks, rotate="0")
        self._keep(people, info, detector, every)
        return people, False

    def _there(self, info: VideoInfo, detector: FindsPeople, every: int) -> list[Path]:
        """Files to look into, the newest first."""
        if self.folder is None:
            return []
        code = "*" if self.stale else code_version()
        files = self._of(detector, every).glob(f"{info.sha256[:_DIGITS]}-{code}.npz")
        return sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)

    def _keep(self, people: People, info: VideoInfo, detector: FindsPeople, every: int) -> None:
        if self.folder is None:
            return
        folder, clip = self._of(detector, every), info.sha256[:_DIGITS]
        told = folder / "description.json"
        if not told.is_file():
            with complete_file(told) as temporary:
                temporary.write_text(json.dumps({"detector": detector.description(), "every": every}, indent=2) + "\n")
        new = people_file.save(people, folder / f"{clip}-{code_version()}.npz")
        for old in folder.glob(f"{clip}-*.npz"):
            if old != new:
                old.unlink(missing_ok=True)

    def _of(self, detector: FindsPeople, every: int) -> Path:
        """The detector's own folder."""
        assert self.folder is not None
        description = detector.description()
        told = json.dumps([description, every], sort_keys=True).encode()
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", str(description["name"]))  # of a user's config it may be anything
        return self.folder / f"{name}-{hashlib.sha256(told).hexdigest()[:8]}"


@cache
def code_version() -> str:
    """Digits that change when the code that finds people does; comments and docstrings are not counted."""
    digest = hashlib.sha256()
    for pattern in _SOURCES:
        for path in sorted(_ROOT.glob(pattern)):
            digest.update(path.relative_to(_ROOT).as_posix().encode())
            digest.update(ast.dump(_bare(ast.parse(path.read_text(encoding="utf-8")))).encode())
    return digest.hexdigest()[:8]


def _bare(tree: ast.Module) -> ast.Module:
    """Without docstrings, which change nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:]
    return tree
