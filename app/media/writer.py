"""Encode pictures as H.264, each shown exactly when its clock says, and put a sound beside them."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np

from app.media.clock import Clock
from app.media.container import open_container, seconds_at
from estimators.errors import ConfigError


class VideoWriter:
    """H.264 (yuv420p) in MP4, with exactly the times of `clock`. A context manager; write one picture a frame.

    Writes straight to `path`: the caller gives a temporary name and renames (`estimators.files`).
    """

    def __init__(
        self, path: str | Path, size: tuple[int, int], clock: Clock, crf: int = 20, sound: Path | None = None
    ) -> None:
        """`size` is (width, height) in pixels, both even, as the subsampled colours of yuv420p demand.

        `sound` is a file of `app.media.sound.bring_sound`, whose packets are copied as the pictures reach their times.
        """
        if size[0] % 2 or size[1] % 2:
            raise ValueError(f"width and height must be even, not {size}")
        self.path, self._clock, self._written = Path(path), clock, 0
        # time_base a/b: MP4 counts in whole units of 1/b, so a tick is a units.
        self._unit = Fraction(1, clock.time_base.denominator)
        self._units_per_tick = clock.time_base.numerator
        with self._writing():
            options = {"movflags": "+faststart", "video_track_timescale": str(self._unit.denominator)}
            self._container = av.open(str(self.path.resolve()), "w", format="mp4", options=options)
            # No B-frames: with them the file's durations follow the decoding order, and a varying rate would not
            # come out as it went in.
            stream: Any = self._container.add_stream(
                "libx264",
                rate=clock.fps.limit_denominator(1001),
                options={"crf": str(crf), "preset": "veryfast", "bf": "0"},
            )
            stream.width, stream.height, stream.pix_fmt = size[0], size[1], "yuv420p"
            stream.time_base = stream.codec_context.time_base = self._unit
            stream.codec_context.color_primaries = stream.codec_context.color_trc = stream.codec_context.colorspace = 1
            stream.codec_context.color_range = 1  # BT.709, limited range: what players take for granted
            self._stream = stream
            self._sound = self._packets_of(sound) if sound is not None else None
            self._waiting = next(self._sound, None) if self._sound is not None else None  # the next packet of sound

    def write(self, picture: np.ndarray) -> None:
        """Add (H, W, 3) uint8 BGR as the next frame."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
        frame.pts = int(self._clock.ticks[self._written]) * self._units_per_tick
        frame.time_base = self._unit
        self._written += 1
        with self._writing():
            self._mux_sound(float(frame.pts * self._unit))
            self._mux(self._stream.encode(frame))

    def _packets_of(self, sound: Path) -> Generator[Any]:
        """The packets of a sound, for a stream of this file."""
        with open_container(sound) as container:
            source = container.streams.audio[0]
            stream = self._container.add_stream_from_template(source)
            for packet in container.demux(source):
                if packet.size:
                    packet.stream = stream
                    yield packet

    def _mux_sound(self, until: float) -> None:
        """Write what sounds up to `until` seconds."""
        while (
            self._sound is not None
            and self._waiting is not None
            and seconds_at(self._waiting.dts, self._waiting.time_base) <= until
        ):
            self._container.mux(self._waiting)
            self._waiting = next(self._sound, None)

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            index = np.searchsorted(self._clock.ticks, packet.pts // self._units_per_tick)
            packet.duration = int(self._clock.durations[index]) * self._units_per_tick
            self._container.mux(packet)

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                with self._writing():
                    self._mux(self._stream.encode(None))
                    self._mux_sound(np.inf)
        finally:
            if self._sound is not None:
                self._sound.close()
            with self._writing() if kind is None else suppress(OSError):
                self._container.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigError(f"Cannot write {self.path.name}: {error.strerror or error}.") from error
