"""Good videos whose names and places are odd, and names that are no files: through `d3p run`."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from .case import EITHER, REFUSED, RIGHT, Case, Place, d3p
from .running import check_result, run_video, stand_in

AREA = "run: names"

GOOD_NAMES = (
    "with space.mp4", "  spaces around  .mp4", "ümläut ß.mp4", "跳舞.mp4", "رقص.mp4", "💃🏽.mp4",
    "e\u0301 combining.mp4",
    "new\nline.mp4", "tab\tand\rreturn.mp4", "\x1b[31mred.mp4", "-o.mp4", "--help.mp4", "'quotes\"`.mp4",
    "back\\slash.mp4",
    "$(touch canary).mp4", "a;touch canary;.mp4", "a|b&c>d.mp4", "%d%s%n.mp4", "{0}{x}.mp4", "[bold]markup[/bold].mp4",
    "http:x.mp4", "file:x.mp4", "concat:a|b.mp4", "pipe:0.mp4", "data:video,x.mp4", "*?[a-z].mp4", "a.b.c..mp4",
    ".hidden.mp4",
    "no suffix", "CLIP.MP4", "con.mp4", "<script>alert(1)</script>.mp4".replace("/", "\u2215"), "\u202egnp.mp4",
    "clip.json",
)  # fmt: skip
# Good names as well, each of which FFmpeg would take for something else than a file if it is given alone.
PROTOCOL_NAMES = (
    "tcp:z.mp4", "udp:z.mp4", "tls:z.mp4", "rtmp:z.mp4", "rtp:z.mp4", "https:z.mp4", "ftp:z.mp4", "unix:z.mp4",
    "concat:y.mp4",
    "concatf:y.mp4", "subfile,,start,9,end,0,,:y.mp4", "crypto:y.mp4", "cache:y.mp4", "async:y.mp4", "md5:y.mp4",
    "tee:y|x.mp4",
    "fd:0.mp4", "pipe:.mp4", "file:y.mp4", "data:y.mp4", "hls:y.mp4", "lavfi:y.mp4", "movie=y.mp4", "frame%03d.mp4",
    "0.mp4",
)  # fmt: skip


def cases() -> Iterator[Case]:
    for name in GOOD_NAMES:
        yield Case(
            AREA, f"called {name!r}", lambda p, name=name: run_video(p, p.inputs / name), RIGHT,
            lambda p, name=name: p.put(name, p.good("clip.mp4")), quick="\n" in name or name == "-o.mp4",
        )  # fmt: skip
    yield Case(
        AREA, "a name of 250 letters", lambda p: run_video(p, p.inputs / ("n" * 246 + ".mp4")), RIGHT,
        lambda p: p.put("n" * 246 + ".mp4", p.good("clip.mp4")), quick=True,
    )  # fmt: skip
    yield Case(
        AREA, "a name of 83 letters of three bytes", lambda p: run_video(p, p.inputs / ("跳" * 83 + ".mp4")), RIGHT,
        lambda p: p.put("跳" * 83 + ".mp4", p.good("clip.mp4")),
    )  # fmt: skip
    yield Case(AREA, "a name that is no text", _bytes_name, EITHER, lambda p: _write_bytes_name(p), quick=True)
    yield Case(AREA, "a relative name that begins with a dash", _dash, RIGHT, lambda p: None)
    yield from _relative()
    yield from _no_files()
    yield from _links()


def _write_bytes_name(place: Place) -> None:
    with open(os.fsencode(place.inputs) + b"/\xff\xfe.mp4", "wb") as file:
        file.write(place.good("clip.mp4"))


def _bytes_name(place: Place) -> None:
    name = os.fsdecode(b"\xff\xfe.mp4")
    run_video(place, place.inputs / name)


def _dash(place: Place) -> None:
    stand_in()
    os.chdir(place.root / "out" if place.out.exists() else place.root)
    place.out.mkdir()
    os.chdir(place.out)
    Path("-clip.mp4").write_bytes(place.good("clip.mp4"))
    d3p("run", "-o", "results", "--", "-clip.mp4")
    check_result(place.out / "results" / "-clip")


def _relative() -> Iterator[Case]:
    """The name alone, as typed in the video's folder: FFmpeg takes many for a protocol, a list or an option."""

    def act(place: Place, name: str) -> None:
        os.chdir(place.inputs)
        run_video(place, name)

    for name in (*GOOD_NAMES, *PROTOCOL_NAMES):
        yield Case(
            AREA, f"relative: {name!r}", lambda p, name=name: act(p, name), RIGHT,
            lambda p, name=name: p.put(name, p.good("clip.mp4")), quick=name in ("tcp:z.mp4", "concat:y.mp4"),
        )  # fmt: skip
    yield Case(
        AREA, "relative: an address that is a file, where somebody listens",
        lambda p: act(p, f"http:/127.0.0.1:{p.listener}/x.mp4"), RIGHT,
        lambda p: p.put(f"http:/127.0.0.1:{p.listener}/x.mp4", p.good("clip.mp4")), quick=True,
    )  # fmt: skip


def _named(
    name: str, path: Callable[[Place], str | Path], prepare: Callable[[Place], object] | None = None, **more: object
) -> Case:
    def act(place: Place) -> None:
        run_video(place, path(place))

    return Case(AREA, name, act, REFUSED, prepare, **more)  # type: ignore[arg-type]


def _no_files() -> Iterator[Case]:
    for name in ("", ".", "..", "/", "-", "nothing.mp4", "a/b/c/nothing.mp4", "http://127.0.0.1:9/x.mp4", "file:///etc/passwd",
                 "concat:a.mp4|b.mp4", "pipe:0", "n" * 5000, "nul\0byte.mp4"):  # fmt: skip
        yield _named(f"no file: {name[:30]!r}", lambda p, name=name: name, quick=name in ("", "nul\0byte.mp4"))
    yield _named("an address where somebody listens", lambda p: f"http://127.0.0.1:{p.listener}/x.mp4")
    yield _named("a folder", lambda p: p.inputs)
    yield _named("a folder called clip.mp4", lambda p: p.inputs / "clip.mp4", lambda p: (p.inputs / "clip.mp4").mkdir())
    yield _named(
        "a FIFO", lambda p: p.inputs / "x.mp4", lambda p: os.mkfifo(p.inputs / "x.mp4"), seconds=20, quick=True
    )
    yield _named("a socket", lambda p: p.inputs / "x.mp4", _make_socket, seconds=20)
    for device in ("/dev/zero", "/dev/null", "/dev/urandom", "/dev/stdin", "/proc/self/mem", "/proc/self/environ"):
        yield _named(f"the device {device}", lambda p, device=device: device, seconds=20, quick=device == "/dev/zero")
    yield _named(
        "a file that may not be read", lambda p: p.inputs / "x.mp4",
        lambda p: p.put("x.mp4", p.good("clip.mp4")).chmod(0), as_nobody=True,
    )  # fmt: skip
    yield _named(
        "a file in a folder that may not be entered", lambda p: p.inputs / "no" / "x.mp4", _locked, as_nobody=True
    )


def _make_socket(place: Place) -> None:
    before = os.getcwd()
    os.chdir(place.inputs)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("x.mp4")
    os.chdir(before)


def _locked(place: Place) -> None:
    place.put("no/x.mp4", place.good("clip.mp4"))
    (place.inputs / "no").chmod(0)


def _links() -> Iterator[Case]:
    def loop(place: Place) -> None:
        (place.inputs / "a.mp4").symlink_to(place.inputs / "b.mp4")
        (place.inputs / "b.mp4").symlink_to(place.inputs / "a.mp4")

    yield _named("links in a circle", lambda p: p.inputs / "a.mp4", loop, quick=True)
    yield _named(
        "a link to nothing", lambda p: p.inputs / "a.mp4", lambda p: (p.inputs / "a.mp4").symlink_to("nothing")
    )
    yield _named(
        "a link to a device", lambda p: p.inputs / "a.mp4", lambda p: (p.inputs / "a.mp4").symlink_to("/dev/zero")
    )

    def link(place: Place) -> None:
        place.put("real.mp4", place.good("clip.mp4"))
        (place.inputs / "a.mp4").symlink_to("real.mp4")

    yield Case(AREA, "a link to a video", lambda p: run_video(p, p.inputs / "a.mp4"), RIGHT, link)
