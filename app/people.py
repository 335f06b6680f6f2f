"""The first pass over a video: everybody in it, in 2D. It does not depend on whom a run is about, nor on its lifter."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.media.ahead import ahead
from app.media.clock import Clock
from app.media.video import VideoInfo, VideoReader
from app.models import FindsPeople
from app.options import UNSURE
from app.progress import Progress
from estimators.gaps import frames_a_look
from estimators.observation import Observation

# What people look like whose pictures have to be turned by so many degrees clockwise.
_AS_THEY_ARE = {90: "with their heads to the left", 180: "upside down", 270: "with their heads to the right"}


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
        turn: degrees clockwise by which the pictures were turned for it, and are to be turned for whatever is made of
            these.
        turn_found: nobody had said so.
    """

    sha256: str
    detector: dict[str, Any]
    tracks: list[Observation]
    clock: Clock
    warnings: list[str]
    every: int = 1
    turn: int = 0
    turn_found: bool = False

    def fit(self, info: VideoInfo, detector: FindsPeople, every: int, rotate: str = UNSURE) -> bool:
        """Whether they are of this very video, turned as is asked, found by this detector, which has looked at every
        frame, or as is asked."""
        same = self.sha256 == info.sha256 and self.detector == detector.description()
        return same and self.turned_as(rotate) and self.every in (1, every)

    def turned_as(self, rotate: str) -> bool:
        """Whether the pictures were turned as `rotate`, one of `ROTATIONS`, asks."""
        return self.turn_found if rotate == UNSURE else self.turn == int(rotate)


def find_people(
    info: VideoInfo,
    detector: FindsPeople,
    progress: Progress,
    known: People | None = None,
    looks: int = 0,
    rotate: str = UNSURE,
) -> People:
    """Decode the whole video, find and follow everybody in it.

    Args:
        progress: is told the number of frames done; may raise to cancel.
        known: found before; if they fit, the work is done already.
        looks: how many times a second the detector looks, about; 0: at every frame.
        rotate: one of `ROTATIONS`, how the pictures are turned.

    Raises:
        VideoError: the video cannot be decoded.
    """
    every = frames_a_look(info.fps, looks)
    if known is not None and known.fit(info, detector, every, rotate):
        return known
    from app.turn import FirstLook, find_turn
    from estimators.tracking.tracker import track_people

    looking, found = FirstLook(detector), rotate == UNSURE
    if found:
        with closing(_watched(info, progress)) as pictures:
            turn = find_turn(pictures, len(info.clock.ticks), looking)
    else:
        turn = int(rotate)
    info = info.turned(turn)
    reader = VideoReader(info.path, info.turn)
    pictures, moments = ahead(reader, reader.moments(info.fps))
    tracks = track_people(pictures, looking, info.fps, info.size, progress.update, every=every, moments=moments)
    warnings = reader.warnings()
    if found and turn:
        warnings.append(
            f"{info.path.name} shows people {_AS_THEY_ARE[turn]}: its pictures were turned by {turn} degrees "
            "clockwise; with the rotation 0 they stay as they are."
        )
    return People(info.sha256, detector.description(), tracks, reader.clock(), warnings, every, turn, found)


def _watched(info: VideoInfo, progress: Progress) -> Generator[np.ndarray]:
    """The pictures of a video; between two of them a run may be cancelled."""
    for picture in VideoReader(info.path):
        progress.update(0)
        yield picture
