"""Opening files of the user's for reading, whatever they claim to be: the only place that does.

Whatever a file's name and content, nothing but this very file is read, and nothing that is no video passes for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from app.media.pyav import READ_ANY_TEXT
from estimators.errors import VideoError

# Demuxers that are no video: still pictures, and text drawn as pictures.
_IMAGES = {"ico", "image2pipe"}
_NO_VIDEO = {"tty", "bin", "adf", "idf", "xbin", "ffmetadata"}
_IMAGE_SUFFIX = "_pipe"
# Demuxers that open what the file points at: other files, devices, the network. FFmpeg must not even begin with one.
_POINTING = {
    "hls", "applehttp", "dash", "webm_dash_manifest", "concat", "concatf", "imf", "sdp", "rtsp", "rtp", "sap", "image2",
    "vobsub", "lavfi", "avisynth", "vapoursynth",
}  # fmt: skip
_ALLOWED = ",".join(sorted({name for names in av.formats_available for name in names.split(",")} - _POINTING))
_ATTACHED_PICTURE = 0x0400  # AV_DISPOSITION_ATTACHED_PIC: the cover of a piece of music
_MAX_PIXELS = 50_000_000  # of a frame, 8K has 33 million: a header may claim any size, and memory must not follow it


@contextmanager
def open_container(path: Path) -> Iterator[Any]:
    """Open a file of the user's with PyAV, for reading: the only place that does.

    Whatever its name and content, nothing but this very file is read: no address, device or protocol that its name
    looks like, and no file that it points at.

    Raises:
        VideoError: it cannot be opened.
    """
    try:
        # The absolute path, so that a name like "http:x" is not taken for an address; and no other protocol than file.
        container = av.open(
            str(path.resolve()),
            options={"protocol_whitelist": "file", "format_whitelist": _ALLOWED},
            **READ_ANY_TEXT,
        )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, PermissionError):
            raise VideoError(f"{path.name} may not be read: permission denied.") from error
        raise VideoError(
            f"{path.name} is not a video, or is damaged or cut off before its index: it cannot be opened."
        ) from error
    with container:
        yield container


@contextmanager
def open_video(path: Path) -> Iterator[tuple[Any, Any]]:
    """The open container and its main video stream.

    Raises:
        VideoError: see `app.media.video.probe`.
    """
    with open_container(path) as container:
        name = container.format.name
        if name in _IMAGES or name.endswith(_IMAGE_SUFFIX):
            raise VideoError(f"{path.name} is an image, not a video.")
        if name in _NO_VIDEO:
            raise VideoError(f"{path.name} is not a video.")
        streams = [stream for stream in container.streams.video if not int(stream.disposition) & _ATTACHED_PICTURE]
        if not streams:
            what = "only sound" if container.streams.audio else "no video stream"
            raise VideoError(f"{path.name} holds {what}, no pictures to find people in.")
        streams = [stream for stream in streams if stream.codec_context is not None]
        if not streams:
            raise VideoError(f"{path.name} is damaged, or coded in a way that is not known here: convert it to MP4.")
        stream: Any = max(streams, key=_pixels)
        if _pixels(stream) > _MAX_PIXELS:
            raise VideoError(
                f"{path.name} says that its pictures have {stream.width} x {stream.height} pixels; scale it down to "
                f"{_MAX_PIXELS // 1_000_000} megapixels or less."
            )
        stream.codec_context.options = {"max_pixels": str(_MAX_PIXELS)}  # a stream may change its size on the way
        stream.thread_type = "AUTO"
        yield container, stream


def _pixels(stream: Any) -> int:
    return (stream.codec_context.width or 0) * (stream.codec_context.height or 0)


def packets(
    container: Any, stream: Any, flush: bool = False, on_damage: Callable[[], None] | None = None
) -> Iterator[Any]:
    """Packets of one stream, to the end or as far as the file can be read; with `flush`, the empty last one too."""
    found = container.demux(stream)
    while True:
        try:
            packet = next(found, None)
        except (av.error.FFmpegError, OSError):
            if on_damage:
                on_damage()
            packet = None
            if flush:
                yield av.Packet()  # what the decoder still holds
        if packet is None:
            return
        if flush or packet.size:
            yield packet


def sound_of(container: Any) -> Any:
    """The sound of an open file: its first stream that can be decoded; None without."""
    return next((stream for stream in container.streams.audio if stream.codec_context is not None), None)


def sound_start(container: Any) -> float | None:
    """Seconds of an open file at which its sound begins; None without."""
    sound = sound_of(container)
    return None if sound is None or not sound.time_base else seconds_at(sound.start_time or 0, sound.time_base)


def seconds_at(ticks: int, time_base: Any) -> float:
    """Ticks of any of PyAV's fractions, whose releases have several kinds, in seconds."""
    return float(Fraction(ticks * time_base.numerator, time_base.denominator))
