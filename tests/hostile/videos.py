"""Videos that are broken, lie about themselves, or are none: through `d3p run`."""

from __future__ import annotations

import io
import os
import struct
import wave
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial

import numpy as np
from PIL import Image

from tests.support.fakes import pictures
from tests.support.video_files import write_video

from .case import EITHER, RIGHT, Case, Place
from .damage import damaged
from .material import FRAMES, SIZE
from .running import run_video

AREA = "run: video"


def cases() -> Iterator[Case]:
    yield from _damaged()
    yield from _headers()
    yield from _times()
    yield from _lists()
    yield from _no_videos()


def _case(name: str, file: str, make: Callable[[Place], bytes | str], **more: object) -> Case:
    return Case(
        AREA,
        name,
        lambda place: run_video(place, place.inputs / file, pictures=False),
        prepare=lambda place: place.put(file, make(place)),
        **more,  # type: ignore[arg-type]
    )


def _damaged() -> Iterator[Case]:
    kinds = [what for what, _ in damaged(bytes(1000))]
    for file in ("clip.mp4", "clip.mkv", "clip.avi", "clip.ts", "interlaced.mp4", "hdr.mkv"):
        yield _case(f"{file}: empty", file, lambda place: b"", quick=file == "clip.mp4")
        yield _case(f"{file}: whole", file, lambda place, file=file: place.good(file), ends=RIGHT)
        for number, what in enumerate(kinds):
            yield _case(
                f"{file}: {what}",
                file,
                lambda place, file=file, number=number: list(damaged(place.good(file)))[number][1],
                ends=EITHER,
                quick=file == "clip.mp4" and number % 5 == 3,
            )


# --- headers that lie ------------------------------------------------------------------------------------------------


def _y4m(width: int, height: int, rate: str = "25:1", frames: int = 2, data: int | None = None) -> bytes:
    size = width * height * 3 // 2 if data is None else data
    return f"YUV4MPEG2 W{width} H{height} F{rate} Ip A1:1 C420jpeg\n".encode() + (b"FRAME\n" + b"\xc8" * size) * frames


def _avi(place: Place, width: int = SIZE[0], height: int = SIZE[1], scale: int = 1, rate: int = 30) -> bytes:
    """clip.avi with another size or rate in its header."""
    data = bytearray(place.good("clip.avi"))
    header = data.index(b"strh") + 8
    struct.pack_into("<II", data, header + 20, scale, rate)
    struct.pack_into("<ii", data, data.index(b"strf") + 12, width, height)
    main = data.index(b"avih") + 8
    struct.pack_into("<II", data, main + 32, width & 0xFFFFFFFF, height & 0xFFFFFFFF)
    return bytes(data)


def _raw_avi(width: int, height: int) -> bytes:
    """An AVI of uncompressed pictures of this size, with hardly any data."""
    form = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    stream = struct.pack("<4s4sIHHIIIIIIIIHHHH", b"vids", b"DIB ", 0, 0, 0, 0, 1, 25, 0, 2, 0, 0, 0, 0, 0, 0, 0)
    main = struct.pack("<10I", 40000, 0, 0, 0x10, 2, 0, 1, 0, width & 0xFFFFFFFF, height & 0xFFFFFFFF) + bytes(16)
    streams = b"strl" + _chunk(b"strh", stream) + _chunk(b"strf", form)
    head = b"hdrl" + _chunk(b"avih", main) + _chunk(b"LIST", streams)
    return _chunk(
        b"RIFF", b"AVI " + _chunk(b"LIST", head) + _chunk(b"LIST", b"movi" + _chunk(b"00db", bytes(3000)) * 2)
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _patched(file: str, mark: bytes, offset: int, form: str, *values: int) -> Callable[[Place], bytes]:
    def make(place: Place) -> bytes:
        data = bytearray(place.good(file))
        struct.pack_into(form, data, data.index(mark) + offset, *values)
        return bytes(data)

    return make


def _gif(size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", SIZE, (level, level, level)) for level in (200, 210, 220)]
    frames[0].save(file, "gif", save_all=True, append_images=frames[1:], duration=40)
    data = bytearray(file.getvalue())
    struct.pack_into("<HH", data, 6, *size)
    return bytes(data)


def _headers() -> Iterator[Case]:
    big = dict(memory_mb=500)
    yield _case("a Y4M of 60000 x 60000", "huge.y4m", lambda p: _y4m(60000, 60000, data=1000), quick=True, **big)
    yield _case("a Y4M of 16000 x 16000, whole", "wide.y4m", lambda p: _y4m(16000, 16000, frames=1), **big)
    yield _case("a Y4M of 100000 x 2", "flat.y4m", lambda p: _y4m(100000, 2), ends=EITHER, **big)
    yield _case("a Y4M of 0 x 0", "none.y4m", lambda p: _y4m(0, 0, data=10))
    yield _case("a Y4M of 2 x 2", "dot.y4m", lambda p: _y4m(2, 2), ends=EITHER)
    yield _case("an AVI of raw 65000 x 65000", "raw.avi", lambda p: _raw_avi(65000, 65000), **big)
    yield _case("an AVI of raw 2147483647 x 1", "raw.avi", lambda p: _raw_avi(2**31 - 1, 1), **big)
    yield _case("an AVI of raw -1 x -1", "raw.avi", lambda p: _raw_avi(-1, -1), ends=EITHER, **big)
    yield _case("an AVI that says 60000 x 60000", "clip.avi", lambda p: _avi(p, 60000, 60000), ends=EITHER, **big)
    yield _case(
        "an MP4 whose track is 65535 wide",
        "clip.mp4",
        _patched("clip.mp4", b"avc1", 28, ">HH", 65535, 65535),
        ends=EITHER,
        **big,
    )
    yield _case(
        "an MP4 with a million entries of times",
        "clip.mp4",
        _patched("clip.mp4", b"stts", 12, ">II", 2**31, 512),
        ends=EITHER,
        **big,
    )
    yield _case(
        "an MP4 with four thousand million samples",
        "clip.mp4",
        _patched("clip.mp4", b"stsz", 12, ">I", 2**32 - 1),
        ends=EITHER,
        **big,
    )
    yield _case(
        "an MP4 whose index is larger than the file",
        "clip.mp4",
        _patched("clip.mp4", b"moov", -4, ">I", 2**31),
        ends=EITHER,
    )
    yield _case("an MP4 without an H.264 header", "clip.mp4", _patched("clip.mp4", b"avcC", 0, ">I", 0), ends=EITHER)
    yield _case("a GIF of 65535 x 65535", "huge.gif", lambda p: _gif((65535, 65535)), **big)
    yield _case("an animated GIF", "small.gif", lambda p: _gif(SIZE), ends=EITHER)
    yield Case(
        AREA, "pictures of 9000 x 9000 in a small file", lambda p: run_video(p, p.inputs / "v.mkv", pictures=False),
        prepare=lambda p: write_video(
            p.inputs / "v.mkv", 2, (9000, 9000), pictures=pictures([True] * 2, 9000, 9000), codec="mjpeg",
            pix_fmt="yuvj420p",
        ),
        ends=EITHER, memory_mb=2200,
    )  # fmt: skip


# --- times -----------------------------------------------------------------------------------------------------------


def _timed(name: str, file: str, ends: frozenset = RIGHT, quick: bool = False, **options: object) -> Case:
    def prepare(place: Place) -> None:
        write_video(place.inputs / file, FRAMES, SIZE, pictures=pictures([True] * FRAMES, *SIZE), **options)  # type: ignore[arg-type]

    return Case(AREA, name, lambda p: run_video(p, p.inputs / file), ends, prepare, quick)


def _times() -> Iterator[Case]:
    yield _case("0 fps in a Y4M", "zero.y4m", lambda p: _y4m(*SIZE, rate="0:1"), ends=EITHER, quick=True)
    yield _case("0:0 fps in a Y4M", "zero.y4m", lambda p: _y4m(*SIZE, rate="0:0"), ends=EITHER)
    yield _case("fps of 1:0 in a Y4M", "inf.y4m", lambda p: _y4m(*SIZE, rate="1:0"), ends=EITHER)
    yield _case("negative fps in a Y4M", "neg.y4m", lambda p: _y4m(*SIZE, rate="-25:1"), ends=EITHER)
    yield _case("two thousand million fps", "fast.y4m", lambda p: _y4m(*SIZE, rate="2147483647:1"), ends=EITHER)
    yield _case("a frame in 68 years", "slow.y4m", lambda p: _y4m(*SIZE, rate="1:2147483647"), ends=EITHER)
    yield _case("scale 0 in an AVI", "clip.avi", lambda p: _avi(p, scale=0), ends=EITHER)
    yield _case("rate 0 in an AVI", "clip.avi", lambda p: _avi(p, rate=0), ends=EITHER, quick=True)
    yield _case("scale and rate 0 in an AVI", "clip.avi", lambda p: _avi(p, scale=0, rate=0), ends=EITHER)
    yield _case("timescale 0 in an MP4", "clip.mp4", _patched("clip.mp4", b"mdhd", 16, ">I", 0), ends=EITHER)
    yield _case("timescale 2^31 in an MP4", "clip.mp4", _patched("clip.mp4", b"mdhd", 16, ">I", 2**31 - 1), ends=EITHER)
    yield _case("timescale 1 in an MP4", "clip.mp4", _patched("clip.mp4", b"mdhd", 16, ">I", 1), ends=EITHER)
    yield _case("frames of no duration in an MP4", "clip.mp4", _patched("clip.mp4", b"stts", 16, ">I", 0), ends=EITHER)
    yield _case(
        "frames of 2^31 ticks in an MP4", "clip.mp4", _patched("clip.mp4", b"stts", 16, ">I", 2**31), ends=EITHER
    )
    yield _timed("no times at all: raw H.264", "raw.h264", rate=25, quick=True)
    yield _timed("a gap of 11 days", "gap.mkv", times_ms=[*range(0, 330, 30), 1_000_000_000], ends=EITHER)
    yield _timed("a gap of 17 minutes in an MP4", "gap.mp4", times_ms=[*range(0, 330, 30), 1_000_000], b_frames=0)
    yield _timed("times that begin below zero", "early.mkv", times_ms=list(range(-300, 60, 30)), ends=EITHER)
    yield _timed("a frame every millisecond", "fast.mkv", times_ms=list(range(12)), b_frames=0)
    yield _timed("a frame an hour", "slow.mkv", times_ms=list(range(0, 12 * 3_600_000, 3_600_000)), b_frames=0)
    yield _timed("an odd rate", "odd.mp4", rate=Fraction(1000003, 33337))


# --- lists that point elsewhere --------------------------------------------------------------------------------------


def _lists() -> Iterator[Case]:
    """Each list points at a good video, at a FIFO (opening it would hang) and at an address (knocking is noticed)."""

    def targets(place: Place) -> dict[str, str]:
        os.mkfifo(place.inputs / "pipe.mp4")
        secret = place.put("secret/other.mp4", place.good("clip.mp4"))
        return {
            "file": str(secret), "relative": "secret/other.mp4", "pipe": str(place.inputs / "pipe.mp4"),
            "url": f"http://127.0.0.1:{place.listener}/clip.mp4",
        }  # fmt: skip

    hls = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.4,\n{0}\n#EXT-X-ENDLIST\n"
    master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000,RESOLUTION=160x120\n{0}\n"
    keyed = '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="{0}"\n#EXTINF:1,\n{0}\n#EXT-X-ENDLIST\n'
    dash = (
        '<?xml version="1.0"?>'
        '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S">'
        '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1" width="160" height="120">'
        "<BaseURL>{0}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    )
    sdp = (
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    )
    texts = {
        "an HLS list": (hls, "list.m3u8"), "an HLS list called .mp4": (hls, "list.mp4"),
        "an HLS master list": (master, "list.m3u8"), "an HLS list with a key": (keyed, "list.m3u8"),
        "a concat list": ("ffconcat version 1.0\nfile '{0}'\n", "list.ffconcat"),
        "a concat list called .mp4": ("ffconcat version 1.0\nfile '{0}'\n", "list.mp4"),
        "a DASH list": (dash, "list.mpd"), "an SDP": (sdp, "call.sdp"), "an M3U": ("#EXTM3U\n{0}\n", "list.m3u"),
        "a PLS": ("[playlist]\nFile1={0}\nNumberOfEntries=1\n", "list.pls"),
        "an ASX": ('<asx version="3.0"><entry><ref href="{0}"/></entry></asx>', "list.asx"),
        "an AviSynth script": ('AviSource("{0}")\n', "script.avs"),
        "a QuickTime link": (
            '<?xml version="1.0"?><?quicktime type="application/x-quicktime-media-link"?><embed src="{0}"/>',
            "link.mov",
        ),
    }  # fmt: skip
    for what, (text, file) in texts.items():
        for target in ("file", "relative", "pipe", "url"):
            yield _case(
                f"{what} to a {target}", file,
                lambda place, text=text, target=target: text.replace("{0}", targets(place)[target]),
                quick=target == "url" and file in ("list.mp4", "list.mpd"), seconds=30,
            )  # fmt: skip
    yield _case(
        "an MP4 whose data lies in another file", "clip.mp4", _patched("clip.mp4", b"url ", 4, ">I", 0), ends=EITHER
    )
    yield _case("a file called like numbered pictures", "frame%03d.mp4", lambda p: p.good("clip.mp4"), ends=RIGHT)


# --- no videos -------------------------------------------------------------------------------------------------------


def _picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((120, 160, 3), 200, np.uint8)).save(file, kind)
    return file.getvalue()


def _sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(8000))
    return file.getvalue()


def _no_videos() -> Iterator[Case]:
    for kind in ("png", "jpeg", "bmp", "tiff", "webp", "ppm", "ico"):
        for name in (f"image.{kind}", "image.mp4"):
            yield _case(f"a {kind} called {name}", name, lambda p, kind=kind: _picture(kind), quick=name == "image.png")
    yield _case(
        "an SVG", "image.mp4", lambda p: '<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>'
    )
    yield _case("a sound", "sound.wav", lambda p: _sound())
    yield _case("a sound track only", "sound.mp4", lambda p: p.good("sound.mp4"), quick=True)
    yield _case("nobody in it", "dark.mp4", lambda p: p.good("dark.mp4"))
    yield _case("a text", "text.mp4", lambda p: "no video at all\n" * 50)
    yield _case("a page", "page.mp4", lambda p: "<!doctype html><script>alert(1)</script>")
    yield _case("a program", "program.mp4", partial(_read, "/bin/true"))
    yield _case("a motion file", "motion.mp4", lambda p: p.good("motion.npz"))
    yield _case("zeros", "zeros.mp4", lambda p: bytes(200_000))
    yield _case("noise", "noise.mp4", lambda p: np.random.default_rng(0).bytes(200_000))
    yield _case("subtitles", "text.srt", lambda p: "1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    yield _case("a video in a text terminal's colours", "demo.ans", lambda p: b"\x1b[31mhello\x1b[0m" * 99)


def _read(path: str, place: Place) -> bytes:
    with open(path, "rb") as file:
        return file.read()
