"""Video files: probe, and decode in order. Nothing about rate, rotation or length is assumed.

Pictures are upright (the display matrix of phones is applied), with square pixels, whole (interlaced video is
deinterlaced), (H, W, 3) uint8 BGR in BT.709, which HDR is brought down to. Memory does not grow with the length of the
video, but for one integer a frame.
"""

from __future__ import annotations

import errno
import re
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from app.media.clock import Clock, make_clock
from app.media.colours import Colours, to_bgr
from app.media.container import open_video, packets, sound_start
from app.media.deinterlace import whole_frames
from app.media.orientation import display_matrix, turned, upright
from app.media.pyav import as_fraction
from estimators.errors import VideoError
from estimators.hashes import file_sha256

# Formats that store no presentation times. Their frames are shown in the order of decoding times, all a constant delay
# later; what FFmpeg derives as presentation times is wrong if there are B-frames.
_NO_PRESENTATION_TIMES = {"avi", "h264", "hevc", "m4v", "mpegvideo"}
_MAX_ASPECT = 10  # of a pixel's sides; more is a damaged header
_SLOWEST, _FASTEST = Fraction(1, 86_400), 10_000  # frames per second that are taken for true


@dataclass(frozen=True)
class VideoInfo:
    """What a file says about itself before it is decoded.

    Attributes:
        path: the file.
        sha256: of the whole file.
        size: (width, height) pixels, upright and with square pixels.
        clock: of the packets; its length is the expected number of frames (a damaged video yields fewer).
        turn: degrees clockwise by which the pictures are turned beyond what the file says.
        sound_start: seconds of the file at which its sound begins; None without sound.
    """

    path: Path
    sha256: str
    size: tuple[int, int]
    clock: Clock
    turn: int = 0
    sound_start: float | None = None

    def turned(self, degrees: int) -> VideoInfo:
        """The same video with its pictures turned clockwise by a multiple of 90 degrees."""
        size = self.size if degrees % 180 == 0 else (self.size[1], self.size[0])
        return replace(self, size=size, turn=(self.turn + degrees) % 360)

    @property
    def fps(self) -> Fraction:
        """Frames per second, the typical rate if it varies."""
        return self.clock.fps


def probe(path: str | Path) -> VideoInfo:
    """Open a video, decode its first frame, and list its packets.

    Raises:
        VideoError: missing, empty, not a video, without pictures, or not one frame can be decoded.
    """
    path = Path(path)
    first = first_picture(path)
    with open_video(path) as (container, stream):
        ticks: list[int] = []
        last_duration = 0
        for packet in packets(container, stream):
            if packet.pts is not None and not packet.is_discard:
                if not ticks or packet.pts >= max(ticks[-1], ticks[0]):
                    last_duration = packet.duration or 0
                ticks.append(packet.pts)
        header = _Header.of(stream)
        return VideoInfo(
            path=path,
            sha256=file_sha256(path),
            size=(first.shape[1], first.shape[0]),
            clock=header.clock(path, sorted(set(ticks)) or [0], last_duration),
            sound_start=sound_start(container),
        )


def first_picture(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 BGR: the first frame of a video, and the proof that it is one.

    Raises:
        VideoError: see `probe`.
    """
    try:
        if not path.exists():
            raise VideoError(f"No such file: {path}")
        if not path.is_file():
            what = "a folder, not a video; give one of the videos in it" if path.is_dir() else "no file"
            raise VideoError(f"{path} is {what}.")
        if path.stat().st_size == 0:
            raise VideoError(f"{path.name} is empty (0 bytes).")
    except OSError as error:  # a name too long, or a folder that may not be entered
        raise VideoError(f"{path} cannot be looked at: {error.strerror}.") from error
    with closing(iter(VideoReader(path))) as pictures:
        first = next(pictures, None)
    if first is None:
        raise VideoError(f"{path.name} is damaged: not one frame of it could be decoded.")
    return first


@dataclass(frozen=True)
class _Header:
    """What of a stream is needed after its container is closed (touching the stream then crashes)."""

    time_base: Fraction
    rates: tuple[Fraction | None, ...]
    seconds: float | None
    aspect: Fraction  # width of a pixel over its height

    @classmethod
    def of(cls, stream: Any) -> _Header:
        """What an open stream says of itself; what no video can have is put right."""
        rates = tuple(map(as_fraction, (stream.average_rate, stream.guessed_rate, stream.base_rate)))
        aspect = as_fraction(stream.sample_aspect_ratio) or Fraction(1)
        plausible = Fraction(1, _MAX_ASPECT) <= aspect <= _MAX_ASPECT
        time_base = as_fraction(stream.time_base) or Fraction(1, 90_000)  # FFmpeg's own, until a demuxer says otherwise
        return cls(time_base, rates, _length_stated(stream), aspect if plausible else Fraction(1))

    @property
    def step(self) -> int:
        """Ticks between two frames at the stated rate."""
        rate = next(filter(None, self.rates), Fraction(25))
        return max(1, round(1 / (rate * self.time_base)))

    def clock(self, path: Path, ticks: list[int], last_duration: int) -> Clock:
        """The clock of frames at these ticks. Raises VideoError if it ticks as no video's can."""
        clock = make_clock(ticks, self.time_base, self.rates, last_duration)
        if not _SLOWEST <= clock.fps <= _FASTEST:
            raise VideoError(
                f"{path.name} says that it shows {float(clock.fps):.3g} pictures a second, which cannot be; give it "
                "its true frame rate."
            )
        return clock


def _length_stated(stream: Any) -> float | None:
    """From the first frame's time on, which need not be zero: pictures may begin after the sound."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    match = re.fullmatch(r"(\d+):(\d+):([\d.]+)", stream.metadata.get("DURATION", ""))  # Matroska, WebM: when it ends
    start = float((stream.start_time or 0) * stream.time_base)
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3]) - start if match else None


class VideoReader:
    """The frames of a video in order: iterate once. Afterwards `clock()` and `warnings()` tell what was read.

    `turn`: degrees clockwise by which the pictures are turned beyond what the file says, a multiple of 90.
    """

    def __init__(self, path: str | Path, turn: int = 0) -> None:
        self.path, self.turn = Path(path), turn
        self.ticks: list[int] = []  # of the frames yielded so far
        self._damaged = 0
        self._first_packet: int | None = None  # its tick
        self._last_duration = 0
        self._header: _Header | None = None
        self._untimed = False  # the container stores no presentation times

    def __iter__(self) -> Generator[np.ndarray]:
        """Yield (H, W, 3) uint8 BGR pictures, upright, all of one size.

        Damaged packets are skipped and counted.

        Raises:
            VideoError: the file cannot be opened or has no video stream.
        """
        size: tuple[int, int] | None = None
        matrix: np.ndarray | None = None
        with open_video(self.path) as (container, stream):
            header = self._header = _Header.of(stream)
            for frame, (tick, duration) in whole_frames(self._frames(container, stream)):
                self._keep_time(tick, header.step)
                self._last_duration = duration
                if size is None:
                    matrix = display_matrix(frame)
                picture = upright(self._coloured(frame, stream), header.aspect, matrix)
                size = size or (picture.shape[1], picture.shape[0])
                if (picture.shape[1], picture.shape[0]) != size:  # some streams change size on the way
                    picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
                yield turned(picture, self.turn)

    def _frames(self, container: Any, stream: Any) -> Iterator[tuple[av.VideoFrame, tuple[int | None, int]]]:
        """The decoded frames, as they are coded, each with its tick and its duration."""
        self._untimed = container.format.name in _NO_PRESENTATION_TIMES
        decode_times: deque[int | None] = deque()
        for packet in packets(container, stream, flush=True, on_damage=self._count_damage):
            if packet.size:
                decode_times.append(packet.dts)
            if packet.pts is not None and not packet.is_discard:
                self._first_packet = packet.pts if self._first_packet is None else min(self._first_packet, packet.pts)
            try:
                frames = packet.decode()
            except (av.error.FFmpegError, ValueError) as error:
                if getattr(error, "errno", None) in (
                    errno.ENOMEM,
                    errno.EAGAIN,
                ):  # the machine's fault, not the file's
                    raise VideoError(f"{self.path.name} cannot be decoded now: out of memory or threads.") from error
                self._damaged += 1
                if decode_times:
                    decode_times.popleft()
                continue
            for frame in frames:
                decode_time = decode_times.popleft() if decode_times else None
                yield frame, (decode_time if self._untimed else frame.pts, frame.duration or 0)

    def _coloured(self, frame: av.VideoFrame, stream: Any) -> np.ndarray:
        """(H, W, 3) uint8 BGR of a decoded frame, lying as it is coded."""
        try:
            return to_bgr(frame, Colours.of(stream.codec_context))
        except (av.error.FFmpegError, OSError, ValueError) as error:
            kind = frame.format.name
            raise VideoError(f"{self.path.name} has pictures of the kind {kind}, which cannot be shown.") from error

    def _count_damage(self) -> None:
        self._damaged += 1

    def _keep_time(self, tick: int | None, step: int) -> None:
        """Note when the frame is shown; frames without a time, or with one that goes back, follow the one before."""
        if self.ticks and (tick is None or tick <= self.ticks[-1]):
            tick = self.ticks[-1] + step
        self.ticks.append(tick or 0)

    def moments(self, fps: Fraction) -> Iterator[float]:
        """When the latest frame is shown, in frames of `fps` since the first; asked for once after each frame.

        Whole numbers if frames come at that rate, up to the rounding of the container, be some of them dropped.
        """
        while True:
            assert self._header is not None
            a_tick = float(fps * self._header.time_base)
            moment = (self.ticks[-1] - self.ticks[0]) * a_tick
            yield round(moment) if abs(moment - round(moment)) <= min(1.01 * a_tick, 0.4) else moment

    def clock(self) -> Clock:
        """The times of the frames yielded.

        Raises:
            VideoError: there were none.
        """
        if not self.ticks or self._header is None:
            raise VideoError(f"{self.path.name} is damaged: not one frame of it could be decoded.")
        return self._header.clock(self.path, self.ticks, self._last_duration)

    def warnings(self) -> list[str]:
        """One sentence for each thing that was wrong with the video but did not prevent its use."""
        found = []
        clock = self.clock()
        seconds = float(int(clock.ticks[-1] + clock.durations[-1]) * clock.time_base)
        late, stated = self._late(), self._header.seconds if self._header else None
        if self._damaged:
            found.append(f"{self.path.name} is damaged: {self._damaged} packets could not be decoded and were skipped.")
        if late > 2.5 / float(clock.fps):
            found.append(
                f"{self.path.name} is cut off at its start: its first {late:.2f} s cannot be decoded; the "
                f"{len(self.ticks)} frames after them are used."
            )
        if stated is not None and stated - seconds - late > max(0.02 * stated, 2.5 / float(clock.fps)):
            found.append(
                f"{self.path.name} is truncated: it should last {stated:.2f} s but ends after {seconds + late:.2f} s "
                f"({len(self.ticks)} frames), which are used."
            )
        return found

    def _late(self) -> float:
        """Seconds by which the first frame comes after the first packet:
        those before it need others that are not there."""
        if self._header is None or self._first_packet is None or self._untimed:
            return 0.0
        return max(0.0, float((self.ticks[0] - self._first_packet) * self._header.time_base))
