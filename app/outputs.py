"""What a run leaves: all its files, whole, or none.

The video is decoded a second time for the side-by-side pictures, in order and one frame at a time. That is what bounded
memory costs: what is drawn depends on the whole clip (one floor, one scale, lifting windows that look ahead), so the
pictures of the first pass would have to be kept. Decoding takes a small part of the time that detection does.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.export import export, exported_files, parse_formats
from app.media.video import VideoReader
from app.models import Models
from app.motion import Motion
from app.options import Options
from app.people import People
from app.pipeline import Estimate, estimate
from app.progress import Progress, Silent, Stages
from app.quality.measures import save_quality
from app.quality.page import save_report
from estimators.errors import ConfigError, VideoError
from estimators.files import complete_folder

MOTION, SIDE_BY_SIDE, QUALITY, REPORT = "motion.npz", "side_by_side.mp4", "quality.json", "quality.html"
OUTPUTS = (MOTION, SIDE_BY_SIDE, QUALITY, REPORT)


@dataclass(frozen=True)
class Result:
    """An estimate, and what was written of it.

    Attributes:
        estimate: what was computed.
        files: the files written, in the order of `OUTPUTS`, then the exports.
        seconds: how long each stage took, drawing included, by name.
        not_brought: what could not be brought from the video into the side-by-side one, a sentence each.
    """

    estimate: Estimate
    files: list[Path]
    seconds: dict[str, float]
    not_brought: list[str]

    @property
    def motion(self) -> Motion:
        """The people in 3D."""
        return self.estimate.motion

    @property
    def quality(self) -> dict[str, Any]:
        """The measures, as in quality.json."""
        return self.estimate.quality

    @property
    def people(self) -> People:
        """Everybody in 2D, for another run on the same video."""
        return self.estimate.people

    @property
    def warnings(self) -> list[str]:
        """What was wrong with the video, not shown by it, left out of it, or could not be brought along."""
        return [*self.estimate.warnings, *self.not_brought]


def run(
    video: str | Path,
    folder: str | Path,
    options: Options | None = None,
    progress: Progress | None = None,
    models: Models | None = None,
    exports: Sequence[str] = (),
    people: People | None = None,
) -> Result:
    """Estimate what a video shows, and write it; arguments as for `app.pipeline.estimate` and `write`.

    Raises:
        D3PError: anything that a user can cause, see `estimators.errors`.
    """
    check_output_folder(Path(folder))
    if exports:
        parse_formats(",".join(exports))  # before the work, too
    return write(estimate(video, options, progress, models, people), folder, exports, progress)


def write(
    estimated: Estimate, folder: str | Path, exports: Sequence[str] = (), progress: Progress | None = None
) -> Result:
    """Write all files of an estimate, or none.

    Args:
        estimated: of the video, which is read again for the side-by-side pictures.
        folder: where the files go; made if need be. Files of an earlier run, which show another motion, are replaced or
            removed.
        exports: formats of `app.export` to write as well, as `motion.FORMAT`.
        progress: is told about the drawing; may raise to cancel.

    Raises:
        ConfigError: the folder cannot be written. VideoError: the video has changed. DataError: see
            `app.export.export`.
    """
    folder, motion, stages = Path(folder), estimated.motion, Stages(progress or Silent())
    check_output_folder(folder)
    drawn = bool(motion.options.get("video", True))
    not_brought: list[str] = []
    with complete_folder(folder) as staging:
        motion.save(staging / MOTION)
        save_quality(estimated.quality, staging / QUALITY)
        save_report(motion, estimated.quality, staging / REPORT)
        if drawn:
            not_brought = _draw(estimated, staging / SIDE_BY_SIDE, stages)
        exported = [path.name for path in export(motion, exports, staging)] if exports else []
    stale = [path for path in exported_files(folder) if path.name not in exported]
    for path in stale if drawn else [*stale, folder / SIDE_BY_SIDE]:
        if not path.is_dir():  # none of ours
            path.unlink(missing_ok=True)
    files = [folder / name for name in (*OUTPUTS, *exported) if drawn or name != SIDE_BY_SIDE]
    return Result(estimated, files, {**estimated.seconds, **stages.seconds}, not_brought)


def check_output_folder(folder: Path) -> None:
    """Find out before the work whether its result can be written.

    Raises:
        ConfigError: it cannot.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"The results cannot go to {folder}: that is a file; choose another folder.")
    above = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise ConfigError(f"The results cannot go to {folder}: {above} is not a folder that may be written to.")


def _draw(estimated: Estimate, target: Path, stages: Stages) -> list[str]:
    """The second pass over the video: the side-by-side pictures, with its sound. Returns what was left out.

    Raises:
        VideoError: the file has changed since the first pass.
    """
    from app.media.sound import bring_sound
    from app.media.writer import VideoWriter
    from app.picture.side_by_side import SideBySide

    motion, clock, video = estimated.motion, estimated.people.clock, estimated.video
    pictures = SideBySide(motion)
    index = 0
    with TemporaryDirectory(dir=target.parent) as scratch, stages("Draw", len(motion)) as progress:
        sound, not_brought = bring_sound(video.path, clock.start, clock.seconds, Path(scratch) / "sound.mp4")
        for warning in not_brought:
            progress.warn(warning)
        with VideoWriter(target, pictures.size, clock, sound=sound) as writer:
            for picture in VideoReader(video.path, video.turn):
                if index == len(motion):
                    index += 1
                    break
                writer.write(pictures.draw(index, picture))
                index += 1
                progress.update(index)
        if index != len(motion):
            raise VideoError(f"{video.path.name} has changed while it was being processed.")
    return not_brought
