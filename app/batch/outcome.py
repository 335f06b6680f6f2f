"""Work through one clip: the pipeline, its log, its thumbnail, its marker. What goes wrong becomes an `Outcome`."""

from __future__ import annotations

import glob
import logging
import shutil
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import cv2

from app import outputs
from app.batch.clips import Clip
from app.batch.marker import known_failure, mark_done, mark_failed, remove_markers, what_is_done
from app.media.video import VideoReader
from app.models import Models
from app.options import Options
from app.progress import Progress
from estimators.errors import D3PError, NobodyFoundError, PersonError, VideoError
from estimators.files import complete_file, partial_name

LOG, THUMBNAIL = "log.txt", "thumbnail.jpg"
THUMBNAIL_HEIGHT = 180


def load_models(options: Options) -> Models:
    """`Models.load`, looked up when it is called."""
    return Models.load(options)


@dataclass(frozen=True)
class Treatment:
    """What is done with every clip of a batch.

    Attributes:
        exports: formats to write as well.
        recipe: all that results depend on, for the markers.
        load: makes the networks, once a process.
    """

    options: Options
    exports: tuple[str, ...]
    recipe: dict[str, Any]
    load: Callable[[Options], Models] = load_models


@dataclass(frozen=True)
class Outcome:
    """What came of a clip.

    Attributes:
        status: "done", "skipped" (was done already) or "failed".
        seconds: spent on it.
        error: one sentence, if it failed.
        foreseen: False if it failed in a way that is nobody's fault but the program's; its log says how.
        frames: of the video.
        people: how many were found.
        found: share of frames with a pose, of the person seen most.
        stages: seconds by stage.
        quality: of the person seen most, as in quality.json.
    """

    name: str
    status: Literal["done", "skipped", "failed"]
    seconds: float = 0.0
    error: str | None = None
    foreseen: bool = True
    warnings: list[str] = field(default_factory=list)
    frames: int = 0
    people: int = 0
    found: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    quality: dict[str, Any] = field(default_factory=dict)


def process_clip(clip: Clip, treatment: Treatment, models: Models, progress: Progress) -> Outcome:
    """Process a clip; its folder gets a log in any case, and results with a marker if all went well.

    Results of an earlier run stay until those of this one are whole.
    """
    started = time.perf_counter()
    remove_leftovers(clip)
    log = _Log(clip)
    try:
        result = outputs.run(
            clip.path, clip.folder, treatment.options, _Logged(progress, log), models, exports=treatment.exports
        )
        if treatment.options.video:
            _thumbnail(clip.folder / outputs.SIDE_BY_SIDE, len(result.motion), clip.folder / THUMBNAIL)
        person = result.motion.most_seen
        measures = next(one for one in result.quality["people"] if one["id"] == person.id)
        outcome = Outcome(
            clip.name,
            "done",
            warnings=result.warnings,
            frames=len(result.motion),
            people=len(result.motion.people),
            found=float(person.present.mean()),
            stages=result.seconds,
            quality={key: measures[key] for key in ("lifted", "refined") if key in measures},
        )
        sha256, told = result.motion.source["sha256"], asdict(outcome)
        mark_done(clip.path, sha256, clip.folder, result.files, treatment.recipe, told)
        log.write("done")
    except D3PError as error:
        log.write(f"failed: {error}")
        if isinstance(error, VideoError | NobodyFoundError | PersonError):  # it is the video, and will be again
            mark_failed(clip.path, clip.folder, treatment.recipe, str(error))
        outcome = Outcome(clip.name, "failed", error=str(error))
    except (OSError, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError, MemoryError) as error:
        # not foreseen, so the log says where; the other clips go on
        log.write("failed unexpectedly:\n" + traceback.format_exc())
        outcome = Outcome(clip.name, "failed", error=f"{type(error).__name__}: {error} (see its {LOG})", foreseen=False)
    finally:
        log.close()
    return replace(outcome, seconds=round(time.perf_counter() - started, 3))


def known(clip: Clip, recipe: dict[str, Any]) -> Outcome | None:
    """What an earlier run has made of this very clip, if that still holds."""
    told = what_is_done(clip.path, clip.folder, recipe)
    if told is not None:
        with suppress(TypeError):  # a marker with other fields is not one of ours: the clip is done again
            return replace(Outcome(**told), name=clip.name, status="skipped", seconds=0.0)
    error = known_failure(clip.path, clip.folder, recipe)
    return None if error is None else Outcome(clip.name, "failed", error=error)


def remove_leftovers(clip: Clip) -> None:
    """Remove what a killed run left of this clip under temporary names, and markers that are not this run's."""
    ours = glob.escape(partial_name(clip.folder.name))
    for dots in ("", "."):  # the clip's own temporary folder, and the one that the pipeline makes for its part of it
        for leftover in clip.folder.parent.glob(f"{dots}{ours}*"):
            shutil.rmtree(leftover, ignore_errors=True)
    remove_markers(clip.folder)


def _thumbnail(video: Path, frames: int, target: Path) -> None:
    """The middle picture of a side-by-side video, small."""
    picture = next(islice(VideoReader(video), frames // 2, None), None)
    if picture is None:
        return
    scale = THUMBNAIL_HEIGHT / picture.shape[0]
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    with complete_file(target) as temporary:
        cv2.imwrite(str(temporary), small, [cv2.IMWRITE_JPEG_QUALITY, 82])


class _Log:
    """`log.txt` in the clip's folder: what happened, and when."""

    def __init__(self, clip: Clip) -> None:
        self._handler: logging.Handler | None = None
        with suppress(OSError):  # a folder that cannot be written is the pipeline's to report
            clip.folder.mkdir(parents=True, exist_ok=True)
            self._handler = logging.FileHandler(clip.folder / LOG, mode="w", encoding="utf-8", delay=False)
            self._handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))

    def write(self, message: str) -> None:
        if self._handler:
            self._handler.emit(logging.LogRecord("d3p", logging.INFO, "", 0, message, None, None))

    def close(self) -> None:
        if self._handler:
            self._handler.close()


class _Logged:
    """Passes progress on, and writes stages and warnings into the log."""

    def __init__(self, progress: Progress, log: _Log) -> None:
        self._progress, self._log = progress, log

    def start(self, stage: str, total: int | None) -> None:
        self._log.write(stage)
        self._progress.start(stage, total)

    def update(self, done: int) -> None:
        self._progress.update(done)

    def finish(self) -> None:
        self._progress.finish()

    def warn(self, message: str) -> None:
        self._log.write(f"warning: {message}")
        self._progress.warn(message)


def sum_up(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many clips were done, skipped and failed."""
    return {status: sum(one.status == status for one in outcomes) for status in ("done", "skipped", "failed")}
