"""The essential cases again, as real commands with the real networks: exit codes, stderr, nothing left."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

from demo_videos.truth import demo_clips
from estimators.errors import D3PError
from tests.support.paths import ROOT

from .archives import Bomb, npz
from .case import REFUSED, RIGHT, Case, Place, Unclear
from .running import check_result

AREA = "real commands"


def _command(*arguments: object, codes: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "app", *map(str, arguments)], cwd=ROOT, capture_output=True, timeout=280
    )
    stderr = done.stderr.decode(errors="replace").strip()
    if done.returncode == 2:
        if "\n" in stderr or not stderr.startswith("error: "):
            raise Unclear(stderr[-2000:])
        raise D3PError(stderr.removeprefix("error: "))
    if done.returncode not in codes:
        raise Unclear(f"exit code {done.returncode}: {stderr[-2000:]}")
    return done


def cases() -> Iterator[Case]:
    def case(
        name: str,
        act: Callable[[Place], None],
        prepare: Callable[[Place], object] | None = None,
        ends: frozenset = REFUSED,
        quick: bool = False,
    ) -> Case:
        return Case(AREA, name, act, ends, prepare, quick, 1500, 300, starts=True)

    def run(*names: str, options: tuple[str, ...] = ()) -> Callable[[Place], None]:
        return lambda p: _command("run", "-o", p.out, *options, "--", *(p.inputs / name for name in names)) and None

    yield case("run: no file", run("nothing.mp4"), quick=True)
    yield case("run: a text", run("x.mp4"), lambda p: p.put("x.mp4", "hello"))
    yield case(
        "run: a list",
        run("x.mp4"),
        lambda p: p.put("x.mp4", f"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:{p.listener}/x.ts\n"),
    )
    yield case("run: nobody in it", run("x.mp4"), lambda p: p.put("x.mp4", p.good("dark.mp4")))
    odd = "[bold] new\nline \udcff ü.mp4"
    yield case("run: a good video of an odd name", lambda p: _good(p, odd), lambda p: _demo(p, odd), RIGHT)
    yield case(
        "export: a pickle",
        lambda p: _command("export", p.inputs / "x.npz", "--to", "bvh", "-o", p.out) and None,
        lambda p: p.put("x.npz", npz({"meta": Bomb(p.canary)})),
    )
    yield case(
        "train: no Python",
        lambda p: _command("train", p.inputs / "c.py", "--data", "x", "--work-dir", p.out) and None,
        lambda p: p.put("c.py", "kind = ("),
    )
    yield case("weights: get nothing", lambda p: _command("weights", "get", "nothing") and None)
    yield case("evaluate: no data", lambda p: _command("evaluate", "mocap", p.inputs / "x") and None)
    yield case(
        "convert-h36m: a pickle",
        lambda p: _command("convert-h36m", p.inputs / "x.npz", p.inputs / "x.npz", "-o", p.out / "y.npz") and None,
        lambda p: p.put("x.npz", npz({"positions_3d": Bomb(p.canary)})),
    )
    yield case("batch: an empty folder", lambda p: _command("batch", p.inputs, "-o", p.out) and None)
    yield case("app: a port that is none", lambda p: _command("app", "--port", "99999999") and None)


def _demo(place: Place, name: str) -> None:
    video, _ = demo_clips()["hopper"]
    (place.inputs / name).write_bytes(video.read_bytes())


def _good(place: Place, name: str) -> None:
    _command("run", "-o", place.out, "--no-video", "--", place.inputs / name)
    check_result(place.out / name.removesuffix(".mp4"), pictures=False)
