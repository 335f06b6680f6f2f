"""The sound of a video, for the side-by-side video: AAC in MP4, in step with the pictures.

It is brought into a file of its own first, whose times count from the first picture, and only what can be decoded to
the end gets there: a damaged or odd sound is found out before a picture is written, and costs the sound alone. AAC is
copied packet by packet; anything else, and AAC with damage in it, is decoded and encoded anew, silence where nothing
can be decoded. Memory does not grow with the length.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np

from app.media.container import open_container, seconds_at, sound_of
from estimators.errors import VideoError

_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # of AAC that players know
_BIT_RATE = 128_000
_SLACK_S = 0.05  # the times of packets are rounded, and clocks drift; less than this is neither a gap nor an overlap
_LONGEST_GAP_S = 60.0  # filled with silence
_FRAME = 1024  # samples in a packet of AAC


class _OddSoundError(Exception):
    """Why a sound cannot be brought along."""


def bring_sound(video: Path, start: float, seconds: float, target: Path) -> tuple[Path | None, list[str]]:
    """Write the sound of a video as an MP4 file whose times count from the first picture.

    Args:
        video: the file.
        start: seconds of the file at which its first picture is shown; what sounds before is left out.
        seconds: how long pictures are shown; what sounds after is left out.
        target: where to.

    Returns:
        The file, None if there is no sound; and a sentence if there is one that cannot be had.
    """
    why = "it cannot be decoded"
    for bring in (_copy, _encode):
        try:
            with open_container(video) as container:
                stream = sound_of(container)
                if stream is None:
                    return None, []
                if bring(container, stream, start, seconds, target):
                    return target, []
        except _OddSoundError as error:
            why = str(error)
        except (av.error.FFmpegError, VideoError, OSError, ValueError, ArithmeticError, MemoryError, TypeError):
            pass
        with suppress(OSError):
            target.unlink(missing_ok=True)
    return None, [f"The sound of {video.name} is left out of the side-by-side video: {why}."]


def _copy(container: Any, stream: Any, start: float, seconds: float, target: Path) -> bool:
    """Copy AAC as it is, if all of it can be decoded; False if it is not for copying."""
    if stream.codec_context.name != "aac" or not stream.codec_context.extradata:  # without: of a broadcast, in ADTS
        return False
    a_tick, before = seconds_at(1, stream.time_base), None
    first, last = round(start / a_tick), round((start + seconds) / a_tick)
    with av.open(str(target.resolve()), "w", format="mp4") as out:
        copied = out.add_stream_from_template(stream)
        for packet in container.demux(stream):
            if packet.pts is None or packet.is_corrupt:
                if packet.size:
                    return False
                continue
            packet.decode()
            if packet.pts >= last:
                break
            if packet.pts < first:
                continue
            if before is not None and packet.pts <= before:
                return False
            before, packet.stream = packet.pts, copied
            packet.pts = packet.dts = packet.pts - first
            out.mux(packet)
    return before is not None


def _encode(container: Any, stream: Any, start: float, seconds: float, target: Path) -> bool:
    """Decode what can be decoded, and encode it anew."""
    source = stream.codec_context
    rate = source.sample_rate if source.sample_rate in _RATES else 48000
    layout = "mono" if source.layout.nb_channels == 1 else "stereo"
    total = round(seconds * rate)
    with av.open(str(target.resolve()), "w", format="mp4") as out:
        encoded: Any = out.add_stream("aac", rate=rate, layout=layout)
        encoded.bit_rate = _BIT_RATE
        written: int | None = None  # samples since the first picture
        for at, samples in _pieces(container, stream, start, rate, layout):
            at = written if written is not None and abs(at - written) < _SLACK_S * rate else at
            begin = max(0, at) if written is None else written
            if at - begin > _LONGEST_GAP_S * rate:
                raise _OddSoundError(f"it has a gap of {(at - begin) / rate:.0f} seconds")
            fill = np.zeros((len(samples), max(0, at - begin)), np.float32)
            samples = np.concatenate([fill, samples[:, max(0, begin - at) :]], axis=1)[:, : total - begin]
            for piece in np.split(samples, range(_FRAME, samples.shape[1], _FRAME), axis=1):
                if piece.shape[1]:
                    out.mux(encoded.encode(_frame(piece, begin, rate, layout)))
                    begin += piece.shape[1]
            written = begin
            if written >= total:
                break
        if written is None:
            return False
        out.mux(encoded.encode(None))
    return True


def _pieces(container: Any, stream: Any, start: float, rate: int, layout: str) -> Iterator[tuple[int, np.ndarray]]:
    """Decoded sound: samples from the first picture to its beginning, and (channels, n) float32;
    what is damaged is skipped."""
    resampler, following = av.AudioResampler(format="fltp", layout=layout, rate=rate), 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, ValueError):
            continue
        for frame in frames:
            seconds = None if frame.pts is None else seconds_at(frame.pts, frame.time_base) - start
            at = following if seconds is None else round(seconds * rate)
            frame.pts = None  # the resampler would fill and cut by its own rules
            for piece in resampler.resample(frame):
                samples = piece.to_ndarray()
                yield at, samples
                at += samples.shape[1]
            following = at


def _frame(samples: np.ndarray, at: int, rate: int, layout: str) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
    frame.sample_rate, frame.pts = rate, at
    return frame
