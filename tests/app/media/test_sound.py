"""The input's sound in the side-by-side video: a click heard with the flash that it belongs to, whatever the file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from app.media.clock import Clock
from app.media.sound import bring_sound
from app.media.video import VideoReader, probe
from app.media.writer import VideoWriter

FPS, FLASH_S, SIZE = 25, 1.0, (64, 48)
APART_S = 0.03  # how far flash and click may be apart: less than a frame


def film(
    path: Path,
    codec: str = "aac",
    rate: int = 44100,
    layout: str = "stereo",
    picture_at: float = 0.0,
    sound_at: float = 0.0,
) -> Path:
    """Two seconds of pictures from `picture_at` on and of sound from `sound_at` on; flash and click one second after
    the beginning of the file's own time, whatever comes first."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.options = {"bf": "0"}
        sound: Any = container.add_stream(codec, rate=rate, layout=layout)
        samples = np.zeros(2 * rate, np.float32)
        click = round((FLASH_S - sound_at) * rate)
        samples[click : click + rate // 50] = 0.8 * np.sin(np.arange(rate // 50) * 2 * np.pi * 1000 / rate)
        channels = len(av.AudioLayout(layout).channels)
        for index in range(2 * FPS):
            bright = abs(index / FPS + picture_at - FLASH_S) < 0.5 / FPS
            picture = np.full((SIZE[1], SIZE[0], 3), 255 if bright else 20, np.uint8)
            frame: Any = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = index + round(picture_at * FPS), Fraction(1, FPS)
            container.mux(stream.encode(frame))
            part = samples[index * rate // FPS : (index + 1) * rate // FPS]
            piece = av.AudioFrame.from_ndarray(np.tile(part, (channels, 1)), format="fltp", layout=layout)
            piece.sample_rate, piece.time_base = rate, Fraction(1, rate)
            piece.pts = index * rate // FPS + round(sound_at * rate)
            resampler = av.AudioResampler(format=sound.format.name, layout=layout, rate=rate)
            for converted in resampler.resample(piece):
                container.mux(sound.encode(converted))
        container.mux(stream.encode(None))
        container.mux(sound.encode(None))
    return path


def beside(video: Path, tmp_path: Path) -> tuple[Path, list[str]]:
    """What the pipeline makes of a video, its pictures as they are."""
    reader = VideoReader(video)
    pictures = list(reader)
    clock = reader.clock()
    sound, left_out = bring_sound(video, clock.start, clock.seconds, tmp_path / "sound.mp4")
    target = tmp_path / "beside.mp4"
    with VideoWriter(target, SIZE, clock, sound=sound) as writer:
        for picture in pictures:
            writer.write(picture)
    return target, left_out


def flash_and_click(path: Path) -> tuple[float, float, float]:
    """When the picture is bright, when the sound begins to be loud, and how long it lasts; seconds."""
    with av.open(str(path)) as container:
        flash = next(float(f.time or 0) for f in container.decode(video=0) if f.to_ndarray(format="gray").mean() > 150)
    with av.open(str(path)) as container:
        heard = list(container.decode(audio=0))
    loud = [
        float(frame.time or 0) + int(np.argmax(np.abs(frame.to_ndarray()[0]) > 0.2)) / frame.sample_rate
        for frame in heard
        if np.abs(frame.to_ndarray()).max() > 0.2
    ]
    return flash, loud[0], float(heard[-1].time or 0) + heard[-1].samples / heard[-1].sample_rate


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("aac.mp4", {}),
        ("late_pictures.mp4", {"picture_at": 0.6}),
        ("late_sound.mp4", {"sound_at": 0.6}),
        ("broadcast.ts", {}),
        ("mp3.mkv", {"codec": "libmp3lame"}),
        ("late_pictures_mp3.mkv", {"codec": "libmp3lame", "picture_at": 0.6}),
        ("opus.webm.mkv", {"codec": "libopus", "rate": 48000}),
        ("pcm.mov", {"codec": "pcm_s16le", "rate": 8000, "layout": "mono"}),
        ("late_sound_pcm.mov", {"codec": "pcm_s16le", "sound_at": 0.6}),
        ("surround.mkv", {"codec": "flac", "rate": 96000, "layout": "5.1"}),
    ],
)
def test_the_sound_is_in_step(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    source = film(tmp_path / name, **options)
    target, left_out = beside(source, tmp_path)
    assert left_out == []
    info = probe(target)
    with av.open(str(target)) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "aac"]
    flash, click, end = flash_and_click(target)
    assert flash == pytest.approx(FLASH_S - options.get("picture_at", 0.0), abs=1e-3)
    assert click == pytest.approx(flash, abs=APART_S)
    assert end <= info.clock.seconds + 0.05 and float(info.clock.ticks[0]) == 0
    assert len(info.clock.ticks) == 2 * FPS and info.clock.constant


def test_without_sound_nothing_changes(tmp_path: Path) -> None:
    clock = Clock(Fraction(25), Fraction(1, 25), np.arange(5), np.ones(5, np.int64), True)
    with VideoWriter(tmp_path / "mute.mp4", SIZE, clock) as writer:
        for _ in range(5):
            writer.write(np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
    assert bring_sound(tmp_path / "mute.mp4", 0.0, 0.2, tmp_path / "sound.mp4") == (None, [])
    assert probe(tmp_path / "mute.mp4").sound_start is None
    assert not (tmp_path / "sound.mp4").exists()


def test_damage_in_the_sound_becomes_silence(tmp_path: Path) -> None:
    source = film(tmp_path / "clip.mp4")
    with av.open(str(source)) as container:
        packets = [packet for packet in container.demux(audio=0) if packet.size]
        places = [(packet.pos, packet.size) for packet in packets if 1.4 < float(packet.pts * packet.time_base) < 1.6]
    data = bytearray(source.read_bytes())
    for at, size in places:
        data[at : at + size] = b"\xff" * size
    source.write_bytes(data)
    target, left_out = beside(source, tmp_path)
    assert left_out == []
    flash, click, _ = flash_and_click(target)
    assert click == pytest.approx(flash, abs=APART_S)
    with av.open(str(target)) as container:  # what is there can be played to the end
        assert sum(frame.samples for frame in container.decode(audio=0)) > 1.7 * 44100


def test_a_sound_that_cannot_be_had_is_left_out_and_said(tmp_path: Path) -> None:
    source = film(tmp_path / "clip.mp4")
    data = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(audio=0) if packet.size]
    for at, size in places:
        data[at : at + size] = b"\xff" * size
    source.write_bytes(data)
    target, (said,) = beside(source, tmp_path)
    assert said.startswith("The sound of clip.mp4 is left out of the side-by-side video")
    with av.open(str(target)) as container:
        assert not container.streams.audio and len(list(container.decode(video=0))) == 2 * FPS


def test_a_start_offset_is_known(tmp_path: Path) -> None:
    info = probe(film(tmp_path / "late.mp4", picture_at=0.6))
    assert info.sound_start == pytest.approx(0.0, abs=1e-3) and info.clock.start == pytest.approx(0.6)
