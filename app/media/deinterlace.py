"""Whole pictures of interlaced video, whose frames hold two half pictures, of even and odd rows,
taken one after the other.

FFmpeg's bwdif keeps the earlier half and makes the other rows from it and from the frames around it: one picture a
frame, at the frame's time. Video that does not say that it is interlaced passes untouched, and costs nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Generic, TypeVar

import av
import av.filter

from estimators.errors import VideoError

T = TypeVar("T")


def whole_frames(frames: Iterable[tuple[av.VideoFrame, T]]) -> Iterator[tuple[av.VideoFrame, T]]:
    """Each frame, deinterlaced if need be, with what came with it; in order, as many as there are.

    From the first interlaced frame on, a frame comes when the next one is there; three are held at most.

    Raises:
        VideoError: FFmpeg cannot deinterlace this kind of frame.
    """
    weaver: _Weaver[T] | None = None
    for frame, item in frames:
        if weaver and weaver.kind != _kind(frame):  # some streams change size on the way
            yield from weaver.rest()
            weaver = None
        if weaver is None and not frame.interlaced_frame:
            yield frame, item
            continue
        weaver = weaver or _Weaver(frame)
        yield from weaver.add(frame, item)
    if weaver:
        yield from weaver.rest()


def _kind(frame: av.VideoFrame) -> tuple[str, int, int]:
    return frame.format.name, frame.width, frame.height


class _Weaver(Generic[T]):
    """FFmpeg's filter for frames of one kind."""

    def __init__(self, frame: av.VideoFrame) -> None:
        self.kind = name, width, height = _kind(frame)
        self._items: deque[T] = deque()
        self._count = 0
        try:
            self._graph = av.filter.Graph()
            source = self._graph.add_buffer(width=width, height=height, format=frame.format, time_base=Fraction(1, 25))
            weave = self._graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
            target = self._graph.add("buffersink")
            source.link_to(weave)
            weave.link_to(target)
            self._graph.configure()
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise VideoError(f"Interlaced video of the kind {name} cannot be read; convert it to MP4.") from error

    def add(self, frame: av.VideoFrame, item: T) -> Iterator[tuple[av.VideoFrame, T]]:
        """The frames that are whole now."""
        frame.pts = self._count  # the filter wants times that rise; the true ones are with the items
        self._count += 1
        self._items.append(item)
        yield from self._run(frame)

    def rest(self) -> Iterator[tuple[av.VideoFrame, T]]:
        """What is left at the end."""
        yield from self._run(None)

    def _run(self, frame: av.VideoFrame | None) -> Iterator[tuple[av.VideoFrame, T]]:
        try:
            self._graph.push(frame)
            while self._items:
                whole = self._graph.vpull()
                yield whole, self._items.popleft()
        except (BlockingIOError, EOFError):
            return
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise VideoError("Interlaced video of this kind cannot be read; convert it to MP4.") from error
