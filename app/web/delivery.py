"""One run for the app: the pipeline, then what the page shows and offers. It leaves a whole folder or none."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from app import outputs
from app.options import Options
from app.people import People
from app.web.downloads import FORMATS_OFFERED, pack
from app.web.jobs import JobProgress
from app.web.kept import KeptModels
from app.web.playback import playback, save_playback

PLAYBACK = "playback.json"


@dataclass(frozen=True)
class Delivery:
    """What a run has made.

    Attributes:
        result: the estimate, and what `app.outputs` has written of it.
        video: side_by_side.mp4.
        playback: the viewer's file.
        files: to download, one by one.
        archive: all of them in a zip.
        errors: millimetres of "lifted" and "refined" against the truth, for the bundled clips.
        seconds: that it took.
    """

    result: outputs.Result
    video: Path
    playback: Path
    files: list[Path]
    archive: Path
    errors: dict[str, dict[str, float]] | None
    seconds: float


def deliver(
    video: Path, folder: Path, options: Options, kept: KeptModels, progress: JobProgress, people: People | None = None
) -> Delivery:
    """Run the pipeline on `video` into `folder`, which must not be there yet; `people` may have been found before.

    Raises:
        D3PError: anything that a user can cause.
        Cancelled: from `progress`.
    """
    started = time.perf_counter()
    try:
        progress.start("Prepare", None)
        models = kept.get(options)
        result = outputs.run(video, folder, options, progress, models, FORMATS_OFFERED, people)
        progress.start("Pack", None)
        played = playback(result.motion)
        save_playback(played, folder / PLAYBACK)
        progress.check()
        name = safe_stem(video)
        archive = pack({file.name: file for file in result.files}, folder / f"{name}-d3p.zip", name)
        progress.check()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Delivery(
        result=result,
        video=folder / outputs.SIDE_BY_SIDE,
        playback=folder / PLAYBACK,
        files=result.files,
        archive=archive,
        errors=played["errors"],
        seconds=time.perf_counter() - started,
    )


def safe_stem(video: Path) -> str:
    """The name of an upload without its suffix, as letters that every system takes in a file name."""
    return re.sub(r"[^\w\-]+", "-", video.stem).strip("-")[:60] or "video"
