"""Several videos in a row: the batch of `app.batch`, its report, and a zip of everything."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.batch import report
from app.batch.clips import Clip
from app.batch.marker import DONE, FAILED, recipe
from app.batch.outcome import LOG, Outcome, Treatment, process_clip
from app.options import Options
from app.web.delivery import safe_stem
from app.web.downloads import FORMATS_OFFERED, READ_ME_FOLDER, pack
from app.web.jobs import JobProgress
from app.web.kept import KeptModels
from app.web.limits import Limits, check_video
from estimators.errors import D3PError, VideoError
from estimators.files import complete_file

OUR_FAULT = "Something went wrong that is not your fault; whoever runs this app finds the details in its log."

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FolderDelivery:
    """What a folder has become.

    Attributes:
        outcomes: of every clip, in the order of their names.
        table: the report's table, HTML with its pictures inside.
        report: report.html, whole by itself.
        archive: the results of all clips, and the report, in a zip.
        seconds: that it took.
    """

    outcomes: list[Outcome]
    table: str
    report: Path
    archive: Path
    seconds: float


class FolderRun:
    """Several videos, and what has become of each so far: the page looks at it while the work goes on.

    Attributes:
        names: of all clips, in their order.
        outcomes: of those that are over, by name; refused ones from the start.
        current: the name of the clip at work; "" before the first and after the last.
    """

    def __init__(self, videos: Sequence[Path], limits: Limits) -> None:
        """Check the videos; those over the limits are refused, which does not stop the others.

        Raises:
            VideoError: there are none, or too many.
        """
        if not videos:
            raise VideoError("There are no videos yet; drop some in.")
        if len(videos) > limits.clips:
            raise VideoError(f"These are {len(videos)} videos; at most {limits.clips} at a time, please.")
        self._videos = dict(zip(_names(videos), videos, strict=True))
        self.names = list(self._videos)
        self.outcomes: dict[str, Outcome] = {}
        self.current = ""
        frames = 0
        for name, video in self._videos.items():
            try:
                frames += len(check_video(video, limits).clock.ticks)
            except D3PError as error:
                self.outcomes[name] = Outcome(name, "failed", error=str(error))
        if frames > limits.folder_frames:
            raise VideoError(
                f"These videos have {frames} frames in all; at most {limits.folder_frames} at a time, please."
            )

    def process(self, folder: Path, options: Options, kept: KeptModels, progress: JobProgress) -> FolderDelivery:
        """Work through the videos; a bad one becomes a line in the report.

        Leaves a whole `folder`, which must not be there yet, or none.

        Raises:
            D3PError: nothing could be begun.
            Cancelled: from `progress`.
        """
        started = time.perf_counter()
        results = folder / "results"
        clips = [Clip(video, name, results / name) for name, video in self._videos.items()]
        try:
            progress.start("Prepare", None)
            treatment = Treatment(options, FORMATS_OFFERED, recipe(options, FORMATS_OFFERED), kept.get)
            models = treatment.load(options)
            for clip in clips:
                if clip.name not in self.outcomes:
                    self.current = clip.name
                    self.outcomes[clip.name] = _told(process_clip(clip, treatment, models, progress), clip)
            self.current = ""
            progress.start("Pack", None)
            outcomes = [self.outcomes[name] for name in sorted(self.names)]
            seconds = time.perf_counter() - started
            results.mkdir(parents=True, exist_ok=True)
            report.write_report(results, clips, outcomes, treatment.recipe, seconds)
            with complete_file(folder / report.REPORT_HTML) as temporary:
                temporary.write_text(report.page(results, clips, outcomes, seconds, alone=True), encoding="utf-8")
            progress.check()
            return FolderDelivery(
                outcomes=outcomes,
                table=report.table(results, clips, outcomes, alone=True),
                report=folder / report.REPORT_HTML,
                archive=_pack(results, folder / "d3p-folder.zip"),
                seconds=seconds,
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _pack(results: Path, archive: Path) -> Path:
    """Everything but the markers, which only the folder they were written in can use."""
    files = [path for path in sorted(results.rglob("*")) if path.is_file() and path.name not in (DONE, FAILED)]
    named = {path.relative_to(results).as_posix(): path for path in files}
    return pack(named, archive, archive.stem, READ_ME_FOLDER)


def _names(videos: Sequence[Path]) -> list[str]:
    """A name for each upload, every one another's, that every system takes in a file name."""
    names: list[str] = []
    for video in videos:
        stem, suffix = safe_stem(video), video.suffix.lower()[:8]
        number, name = 2, f"{stem}{suffix}"
        while name in names:
            number, name = number + 1, f"{stem}-{number}{suffix}"
        names.append(name)
    return names


def _told(outcome: Outcome, clip: Clip) -> Outcome:
    """The outcome as visitors may see it: what was not foreseen goes to the server's log."""
    if outcome.foreseen:
        return outcome
    log = clip.folder / LOG
    _log.error("A clip failed.\n%s", log.read_text(encoding="utf-8") if log.is_file() else outcome.error)
    log.unlink(missing_ok=True)
    return replace(outcome, error=OUR_FAULT)
