"""Find the people of a video, and show each in a picture, so that one can be picked."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from app.media.video import VideoReader, probe
from app.people import People, find_people
from app.web.jobs import JobProgress
from app.web.kept import KeptModels
from estimators.boxes import joint_box, long_side
from estimators.observation import Observation, Provenance
from estimators.tracking.select import select_people

_HEIGHT, _ASPECT = 168, 3 / 4  # of a picture: pixels, width over height
_MARGIN = 0.14  # of the person's long side, round the joints: the crown of the head is none of them
_NEARLY_BEST = 0.9  # the first frame this good is taken, so that the video need not be read to its end


@dataclass(frozen=True)
class Portrait:
    """One of the people found.

    Attributes:
        id: as in the pipeline's results.
        share: of the frames in which the person is seen.
        largest: whether this is whom "largest" means.
        picture: base64 of a JPEG.
    """

    id: int
    share: float
    largest: bool
    picture: str


@dataclass(frozen=True)
class Found:
    """The people of a video, and their pictures in the order of their ids."""

    people: People
    portraits: list[Portrait]


def find(
    video: Path, detector: str, rotate: str, kept: KeptModels, progress: JobProgress, known: People | None = None
) -> Found:
    """Find everybody in `video`, turned by `rotate`, unless `known` are of it.

    Raises:
        D3PError: it is no video, or nobody is in it.
        Cancelled: from `progress`.
    """
    progress.start("Prepare", None)
    info, network = probe(video), kept.detector(detector)
    progress.start("Detect and track", len(info.clock.ticks))
    people = find_people(info, network, progress, known, rotate=rotate)
    return Found(people, portraits(video, people, progress))


def portraits(video: Path, people: People, progress: JobProgress) -> list[Portrait]:
    """A picture of every real person, from a frame in which the person is large and clear.

    Raises:
        NobodyFoundError: there is nobody.
        Cancelled: from `progress`.
    """
    real = select_people(people.tracks, "all")
    (largest,) = select_people(people.tracks, "largest")
    frames = {track.id: _clear_frame(track) for track in real}
    last = max(frames.values())
    pictures: dict[int, str] = {}
    progress.start("Portraits", last + 1)
    for index, image in enumerate(VideoReader(video, people.turn)):
        for track in real:
            if frames[track.id] == index:
                pictures[track.id] = _cut(image, track, index)
        progress.update(index + 1)
        if index >= last:
            break
    return [
        Portrait(track.id, _share(track), track.id == largest.id, pictures[track.id])
        for track in real
        if track.id in pictures
    ]


def _share(track: Observation) -> float:
    return float(np.mean(track.provenance != Provenance.MISSING))


def _clear_frame(track: Observation) -> int:
    """The first frame in which a person is nearly as large, and found as surely, as ever."""
    seen = np.flatnonzero(track.provenance == Provenance.DETECTED)
    sizes = [long_side(joint_box(track.keypoints[index], track.scores[index])) for index in seen]
    clear = np.array(sizes) * track.scores[seen].mean(axis=1)
    return int(seen[np.flatnonzero(clear >= _NEARLY_BEST * clear.max())[0]])


def _cut(image: np.ndarray, track: Observation, index: int) -> str:
    """The part of an (H, W, 3) BGR image that shows the person, as base64 JPEG; beyond the image it is grey."""
    box = joint_box(track.keypoints[index], track.scores[index])
    margin = _MARGIN * long_side(box)
    centre, (width, height) = (box[:2] + box[2:]) / 2, box[2:] - box[:2] + 2 * margin
    height = max(height, width / _ASPECT)
    size = (round(_HEIGHT * _ASPECT), _HEIGHT)
    scale = _HEIGHT / height
    rows = [[scale, 0, size[0] / 2 - scale * centre[0]], [0, scale, size[1] / 2 - scale * centre[1]]]
    move = np.array(rows, np.float32)
    if scale < 0.5:  # else what is made much smaller gets rough edges
        image = cv2.GaussianBlur(image, (0, 0), 0.4 / scale)
    picture = cv2.warpAffine(image, move, size, flags=cv2.INTER_LINEAR, borderValue=(60, 52, 46))
    return base64.b64encode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()).decode("ascii")
