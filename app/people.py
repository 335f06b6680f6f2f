"""The first pass over a video: everybody in it, in 2D. It does not depend on whom a run is about, nor on its lifter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.clock import Clock
from app.progress import Progress
from app.video import VideoInfo, VideoReader
from estimators.tracks import Track2D

if TYPE_CHECKING:
    from estimators.detection import Detector


@dataclass(frozen=True)
class People:
    """Everybody that a detector has found in a video; can be kept, and given to any number of runs.

    Attributes:
        sha256: of the video file.
        detector: the detector's description.
        tracks: COCO joints; ids from 0 in order of first appearance. Ghosts are among them, see `select_people`.
        clock: of the frames that could be decoded.
        warnings: what was wrong with the video.
    """

    sha256: str
    detector: dict[str, Any]
    tracks: list[Track2D]
    clock: Clock
    warnings: list[str]

    def fit(self, info: VideoInfo, detector: Detector) -> bool:
        """Whether they are of this very video, found by this detector."""
        return self.sha256 == info.sha256 and self.detector == detector.description()


def find_people(info: VideoInfo, detector: Detector, progress: Progress, known: People | None = None) -> People:
    """Decode the whole video, find and follow everybody in it.

    Args:
        progress: is told the number of frames done; may raise to cancel.
        known: found before; if they fit, the work is done already.

    Raises:
        VideoError: the video cannot be decoded.
    """
    if known is not None and known.fit(info, detector):
        return known
    from estimators.detection.tracking import track_people

    reader = VideoReader(info.path)
    tracks = track_people(reader, detector, info.fps, info.size, on_frame=progress.update)
    return People(info.sha256, detector.description(), tracks, reader.clock(), reader.warnings())
