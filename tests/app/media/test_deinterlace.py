"""Interlaced video: each frame one whole picture, at its own time, and nothing done to what is not interlaced."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from app.media.deinterlace import whole_frames
from app.media.video import VideoReader, probe
from tests.support.video_files import set_display_matrix, write_video

N, SIZE, RATE = 12, (160, 128), Fraction(25)
CODERS = {"libx264": ("i.mp4", {"x264-params": "bff=1", "crf": "8"}), "mpeg2video": ("i.mpg", {"b": "6M"})}
_INTERLACED_DCT, _INTERLACED_MOTION = 1 << 18, 1 << 29  # flags of FFmpeg's MPEG-2 coder


def half_pictures(index: int) -> np.ndarray:
    """A bright bar that runs to the right: odd rows show it as it is at the frame's time, even rows half a frame later.

    That is the order that FFmpeg's coders write down for frames that do not say, and PyAV's cannot.
    """
    picture = np.full((SIZE[1], SIZE[0], 3), 60, np.uint8)
    for row in (0, 1):
        left = 10 + 8 * index + 4 * (1 - row)
        picture[row::2, left : left + 24] = 220
    return picture


def write_interlaced(folder: Path, codec: str, count: int = N) -> Path:
    if codec not in av.codecs_available:
        pytest.skip(f"this build of PyAV has no {codec}")
    name, options = CODERS[codec]
    with av.open(str(folder / name), "w") as container:
        stream: Any = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt, stream.options = *SIZE, "yuv420p", options
        if codec == "mpeg2video":
            stream.codec_context.flags |= _INTERLACED_DCT | _INTERLACED_MOTION
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(half_pictures(index % N), format="bgr24")
            frame.pts, frame.time_base = index, 1 / RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return folder / name


def combing(picture: np.ndarray) -> float:
    """How much a row differs from the one before, in levels."""
    return float(np.abs(np.diff(picture.astype(int), axis=0)).mean())


@pytest.mark.parametrize("codec", CODERS)
def test_moving_edges_are_whole_and_where_they_are_at_the_frames_time(tmp_path: Path, codec: str) -> None:
    path = write_interlaced(tmp_path, codec)
    reader = VideoReader(path)
    pictures = list(reader)
    assert combing(half_pictures(3)) > 7
    assert max(map(combing, pictures)) < 0.8
    for index, picture in enumerate(pictures):
        bright = np.flatnonzero(picture[64, :, 1] > 140)
        assert abs(bright[0] - (10 + 8 * index)) <= 2 and abs(len(bright) - 24) <= 3
    assert len(pictures) == len(reader.ticks) == N and probe(path).clock.constant
    np.testing.assert_allclose(reader.clock().timestamps, np.arange(N) / 25, atol=1e-6)
    assert reader.warnings() == []


def test_as_many_ticks_as_pictures_at_any_time(tmp_path: Path) -> None:
    reader = VideoReader(write_interlaced(tmp_path, "libx264"))
    for count, _ in enumerate(reader, 1):
        assert len(reader.ticks) == count


def test_turned_after_it_is_whole(tmp_path: Path) -> None:
    path = set_display_matrix(write_interlaced(tmp_path, "libx264"), (0, 1, -1, 0))
    assert probe(path).size == (SIZE[1], SIZE[0])
    assert max(combing(picture.transpose(1, 0, 2)) for picture in VideoReader(path)) < 0.8


def test_one_frame_only(tmp_path: Path) -> None:
    assert len(list(VideoReader(write_interlaced(tmp_path, "libx264", count=1)))) == 1


def test_progressive_video_is_left_alone_and_never_waits(tmp_path: Path) -> None:
    with av.open(str(write_video(tmp_path / "a.mp4", n=6))) as container:
        decoded = list(container.decode(video=0))
    seen = []
    for frame, index in whole_frames((frame, index) for index, frame in enumerate(decoded)):
        seen.append(index)
        assert frame is decoded[index]
    assert seen == list(range(6))


def test_mixed_and_changing_frames_come_one_for_one(tmp_path: Path) -> None:
    """Interlaced frames among others, and a change of size on the way, as broadcasts have them."""

    def decoded(path: Path) -> list[av.VideoFrame]:
        with av.open(str(path)) as container:
            return list(container.decode(video=0))

    interlaced = decoded(write_interlaced(tmp_path, "libx264"))
    others = [decoded(write_video(tmp_path / f"{size[0]}.mp4", n=5, size=size)) for size in (SIZE, (96, 64))]
    frames = [*others[0], *interlaced[:4], *others[0], *interlaced[4:], *others[1], *interlaced, *others[1]]
    got = list(whole_frames((frame, index) for index, frame in enumerate(frames)))
    assert [index for _, index in got] == list(range(len(frames)))
    for (frame, index), was in zip(got, frames, strict=True):
        grey, before = (one.to_ndarray(format="gray").astype(int) for one in (frame, was))
        assert grey.shape == before.shape, index
        if was.interlaced_frame:
            assert combing(grey) < 0.8 < 4 < combing(before)
        else:
            np.testing.assert_array_equal(grey, before)
