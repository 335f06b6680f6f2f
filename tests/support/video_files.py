"""Small videos of every awkward kind, made on the spot. Each frame shows its own number as a bar code."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np

from app.media.clock import Clock
from app.media.video import VideoReader, probe
from app.media.writer import VideoWriter

BITS = 10


def numbered(index: int, width: int = 96, height: int = 64) -> np.ndarray:
    """(H, W, 3) BGR: the frame's number as bright and dark columns in the upper half; lower left red, right blue."""
    picture = np.full((height, width, 3), 90, np.uint8)
    edges = np.linspace(0, width, BITS + 1).astype(int)
    for bit in range(BITS):
        picture[: height // 2, edges[bit] : edges[bit + 1]] = 235 if index >> bit & 1 else 20
    picture[height // 2 :, : width // 2] = (20, 20, 220)
    picture[height // 2 :, width // 2 :] = (220, 20, 20)
    return picture


def read_number(picture: np.ndarray) -> int:
    """The number that `numbered` has drawn."""
    height, width = picture.shape[:2]
    edges = np.linspace(0, width, BITS + 1).astype(int)
    row = picture[height // 4].mean(axis=-1)
    return sum((row[(edges[bit] + edges[bit + 1]) // 2] > 128) << bit for bit in range(BITS))


def write_video(
    path: Path,
    n: int = 12,
    size: tuple[int, int] = (96, 64),
    rate: Fraction | int = 30,
    times_ms: Sequence[int] | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    audio: bool = False,
    aspect: Fraction | None = None,
    pictures: Iterable[np.ndarray] | None = None,
    b_frames: int = 3,
    coder: dict[str, str] | None = None,
    tags: dict[str, int] | None = None,
    **options: str,
) -> Path:
    """Encode n numbered frames at a constant rate, or at the given times in milliseconds.

    `coder` has the codec's own options, `tags` attributes of its context, such as `color_trc`, and `options` the
    container's.
    """
    with av.open(str(path), "w", options=options) as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = size[0], size[1], pix_fmt
        if codec == "libx264":
            stream.options = {"crf": "10", "bf": str(b_frames)}
        if coder:
            stream.options = coder
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        sound = container.add_stream("aac", rate=16000) if audio else None
        for index, picture in enumerate(pictures or (numbered(i, *size) for i in range(n))):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = index if times_ms is None else times_ms[index]
            frame.time_base = 1 / Fraction(rate) if times_ms is None else Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            _add_silence(container, sound, seconds=max(0.2, n / float(rate)))
    return path


def write_sound(path: Path) -> Path:
    """A file with a sound track only."""
    with av.open(str(path), "w") as container:
        _add_silence(container, container.add_stream("aac", rate=16000), seconds=0.5)
    return path


def _add_silence(container: Any, stream: Any, seconds: float) -> None:
    for start in range(0, int(16000 * seconds), 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 16000, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def set_display_matrix(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Write the 2x2 part (a, b, c, d) of the display matrix of an MP4's first track, as phones do for rotation."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    assert data[at] == 0  # version 0: 20 bytes of times and ids after the flags, then 16 more, then the matrix
    a, b, c, d = (value << 16 for value in matrix)
    struct.pack_into(">9i", data, at + 4 + 20 + 16, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def decode(path: Path) -> tuple[list[np.ndarray], list[float], Fraction]:
    """All frames (BGR), their times in seconds and the average rate, read by PyAV alone."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        rate = stream.average_rate  # newer releases have a number of their own
        assert rate is not None
        return (
            [frame.to_ndarray(format="bgr24") for frame in frames],
            [float(frame.time or 0.0) for frame in frames],
            Fraction(rate.numerator, rate.denominator),
        )


def cut(source: Path, target: Path, frames: int, start: int = 0) -> Path:
    """Frames `start` to `start + frames` of a video, at its rate."""
    info = probe(source)
    clock = info.clock
    part = Clock(clock.fps, clock.time_base, clock.ticks[:frames], clock.durations[:frames], clock.constant)
    with VideoWriter(target, info.size, part, crf=16) as writer:
        for picture in islice(VideoReader(source), start, start + frames):
            writer.write(picture)
    return target
