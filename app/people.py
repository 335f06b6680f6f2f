"""The first pass over a video: everybody in it, in 2D. It does not depend on whom a run is about, nor on its lifter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.clock import Clock
from app.progress import Progress
from app.video import VideoInfo, VideoReader
from estimators.tracks import Track2D, frames_a_look

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
        every: the detector has looked at one frame in so many.
    """

    sha256: str
    detector: dict[str, Any]
    tracks: list[Track2D]
    clock: Clock
    warnings: list[str]
    every: int = 1

    def fit(self, info: VideoInfo, detector: Detector, every: int) -> bool:
        """Whether they are of this very video, found by this detector, which has looked at every frame, or as is asked."""
        same = self.sha256 == info.sha256 and self.detector == detector.description()
        return same and self.every in (1, every)


def find_people(
    info: VideoInfo, detector: Detector, progress: Progress, known: People | None = None, looks: int = 0
) -> People:
    """Decode the whole video, find and follow everybody in it.

    Args:
        progress: is told the number of frames done; may raise to cancel.
        known: found before; if they fit, the work is done already.
        looks: how many times a second the detector looks, about; 0: at every frame.

    Raises:
        VideoError: the video cannot be decoded.
    """
    every = frames_a_look(info.fps, looks)
    if known is not None and known.fit(info, detector, every):
        return known
    from estimators.detection.tracking import track_people

    reader = VideoReader(info.path)
    tracks = track_people(reader, detector, info.fps, info.size, on_frame=progress.update, every=every)
    return People(info.sha256, detector.description(), tracks, reader.clock(), reader.warnings(), every)
