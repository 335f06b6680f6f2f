"""What visitors of the app send: its checks and choices, by their Python functions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from app.web import choices
from app.web.delivery import safe_stem
from app.web.limits import Limits, check_video
from tests.support.doors import WISH

from .case import EITHER, REFUSED, RIGHT, Case, Place
from .damage import damaged

AREA = "app: inputs"


def cases() -> Iterator[Case]:
    def check(path: Callable[[Place], Any], **limits: Any) -> Callable[[Place], None]:
        def act(place: Place) -> None:
            check_video(path(place), Limits(**limits))

        return act

    yield Case(AREA, "a good video", check(lambda p: p.material / "clip.mp4"), RIGHT)
    for what, limits in {
        "too long": {"seconds": 0.1},
        "too many frames": {"frames": 3},
        "too large": {"megapixels": 0.001},
        "too heavy": {"megabytes": 0},
    }.items():
        yield Case(
            AREA,
            f"a video that is {what}",
            check(lambda p: p.material / "clip.mp4", **limits),
            REFUSED,
            quick=what == "too long",
        )
    for name in (None, "", "/etc/passwd", "/dev/zero", "..", "http://127.0.0.1/x.mp4", "a\0b", "n" * 5000):
        yield Case(AREA, f"the video {str(name)[:20]!r}", check(lambda p, n=name: n), REFUSED, seconds=20)
    for number, (what, _) in enumerate(damaged(bytes(1000))):
        yield Case(
            AREA, f"clip.mov: {what}", check(lambda p: p.inputs / "clip.mov"), EITHER,
            lambda p, n=number: p.put("clip.mov", list(damaged(p.good("clip.mov")))[n][1]),
        )  # fmt: skip
    yield Case(
        AREA,
        "a list",
        check(lambda p: p.inputs / "x.mp4"),
        REFUSED,
        lambda p: p.put("x.mp4", f"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:{p.listener}/x.ts\n"),
        quick=True,
    )
    yield Case(
        AREA,
        "a FIFO",
        check(lambda p: p.inputs / "x.mp4"),
        REFUSED,
        lambda p: os.mkfifo(p.inputs / "x.mp4"),
        seconds=20,
    )
    nan, inf = float("nan"), float("inf")
    wrong: dict[str, list[Any]] = {
        "detector": [None, 3, "", "rtmpose-x", "../x", "/tmp/x.py", ["movenet"], {"a": 1}, "movenet\0"],
        "lifter": [None, 3, "", "../weights", "/tmp/x.safetensors", ["stcformer"], {"a": 1}, "stcformer.safetensors"],
        "frames": [None, 0, -81, 82, "x", nan, inf, 81.5, [81], {}, "八十一", "²", 10**30, "9" * 5000, True],
        "person": [-1, "x", "../x", ["all"], {"a": 1}, "9" * 5000, "²", 1.5, True],
        "steps": [None, 0, -1, 21, nan, inf, -inf, 1.5, "2", "x", [2], {}, 10**400],
        "looks": [None, -1, 241, nan, inf, 1.5, "12", [12], {}, 10**400],
        "rotate": [None, 90, "45", "-90", "360", "AUTO", "9" * 5000, ["90"], {"90": 90}, nan],
    }  # fmt: skip
    for key, values in wrong.items():
        for value in values:

            def act(place: Place, key: str = key, value: Any = value) -> None:
                choices.Wish({**WISH, key: value}).options()

            yield Case(
                AREA, f"{key} = {str(value)[:20]!r} ({type(value).__name__})", act, REFUSED, quick=value != value
            )
    for value in (None, "", "all", 0, "7", " ALL "):
        yield Case(
            AREA,
            f"person = {value!r} is fine",
            lambda p, v=value: choices.Wish({**WISH, "person": v}).options() and None,
            RIGHT,
        )
    for number in (-1, nan, inf, 1.5, "x", [1]):
        yield Case(
            AREA,
            f"the person's number {number!r}",
            lambda p, n=number: choices.Wish({**WISH, "person": n}).options(),
            REFUSED,
        )
    for name in (
        "../../x.mp4",
        "a/b\\c.mp4",
        "\0.mp4",
        "n" * 5000 + ".mp4",
        "-rf.mp4",
        "",
        "🎬.mp4",
        "\udcff.mp4",
        "CON.mp4",
        "<b>.mp4",
    ):
        yield Case(AREA, f"the upload {name[:20]!r} gets a safe name", lambda p, n=name: _safe(n), RIGHT)


def _safe(name: str) -> None:
    stem = safe_stem(Path(name.replace("\0", "") or "x"))
    assert (
        stem and len(stem) <= 60 and not set(stem) & set("/\\\0<>") and not stem.startswith("-") and stem.isprintable()
    )
