"""Folders of clips with traps in them: through `d3p batch`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from .case import EITHER, REFUSED, RIGHT, Case, Place, d3p
from .names import GOOD_NAMES
from .running import check_result, stand_in

AREA = "batch"


def cases() -> Iterator[Case]:
    yield Case(AREA, "every odd name at once", _odd_names, RIGHT, seconds=180, quick=False)
    yield Case(AREA, "traps among the clips", _traps, RIGHT, _make_traps, quick=True, seconds=120)
    yield Case(AREA, "a name that is no text", _bytes_name, RIGHT, _make_bytes_name)
    yield Case(
        AREA,
        "a name of 255 bytes",
        lambda p: _good(p, "n" * 251 + ".mp4"),
        RIGHT,
        lambda p: p.put("n" * 251 + ".mp4", p.good("clip.mp4")),
    )
    yield Case(AREA, "the output inside the folder", _inside, RIGHT)
    yield Case(AREA, "the output is the folder", _same, RIGHT)
    for what, name in (
        ("an empty folder", "in"),
        ("a file", "in/clip.mp4"),
        ("nothing", "nowhere"),
        ("a device", "/dev/null"),
        ("a long name", "n" * 5000),
    ):
        yield Case(AREA, f"of {what}", lambda p, name=name: _batch(p, folder=p.root / name), REFUSED,
                   lambda p, name=name: p.put("clip.mp4", "x") if "clip" in name else None)  # fmt: skip
    for pattern in ("[", "[!", "***" * 30, "(?x", "\\", "", "a" * 5000, "[a-", "*[z-a]*", "../*", "\n"):
        yield Case(AREA, f"including {pattern[:12]!r}",
                   lambda p, pattern=pattern: _batch(p, "--dry-run", f"--include={pattern}"),
                   EITHER, _one_clip, seconds=30, quick=pattern == "[")  # fmt: skip
    for name in MARKERS:
        yield Case(
            AREA,
            f"a marker that is {name}",
            _marked,
            RIGHT,
            lambda p, name=name: _mark(p, MARKERS[name]),
            quick=name == "deep",
        )
    yield Case(AREA, "a marker that names other fields", _told, RIGHT, None)
    yield Case(AREA, "a failure that is a list", _failure_list, RIGHT, None)
    yield Case(AREA, "a clip's folder is a file", _folder_is_file, RIGHT, _one_clip)
    yield Case(AREA, "the report is a folder", _report_is_folder, REFUSED, _one_clip)
    yield Case(AREA, "workers as many as no machine has", lambda p: _batch(p, "--workers", "0"), REFUSED, _one_clip)


def _batch(place: Place, *options: str, folder: Path | None = None, codes: tuple[int, ...] = (0,)) -> str:
    stand_in()
    return d3p("batch", folder or place.inputs, "-o", place.out, "--no-video", *options, codes=codes)


def _one_clip(place: Place) -> None:
    place.put("clip.mp4", place.good("clip.mp4"))


def _report(place: Place) -> dict[str, str]:
    """Clip to what became of it."""
    assert (place.out / "report.html").is_file()
    return {one["name"]: one["status"] for one in json.loads((place.out / "report.json").read_text())["clips"]}


def _good(place: Place, name: str) -> None:
    _batch(place)
    check_result(place.out / name, pictures=False)
    assert _report(place) == {name: "done"}


def _odd_names(place: Place) -> None:
    names = [
        name for name in GOOD_NAMES if name.lower().endswith(".mp4") and not name.startswith(".") and "/" not in name
    ]
    folder = place.out / "clips"
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_bytes(place.good("clip.mp4"))
    stand_in()
    d3p("batch", folder, "-o", place.out / "results", "--no-video")
    report = json.loads((place.out / "results" / "report.json").read_text())
    assert {one["name"]: one["status"] for one in report["clips"]} == dict.fromkeys(names, "done")


def _make_traps(place: Place) -> None:
    place.put("good.mp4", place.good("clip.mp4"))
    place.put("deep/er/good.mov", place.good("clip.mov"))
    place.put("zero.mp4", b"")
    place.put("text.mp4", "no video")
    place.put("list.ts", f"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:{place.listener}/x.ts\n")
    place.put("dark.mp4", place.good("dark.mp4"))
    os.mkfifo(place.inputs / "fifo.mp4")
    (place.inputs / "folder.mp4").mkdir()
    (place.inputs / "loop").symlink_to(place.inputs, target_is_directory=True)
    (place.inputs / "self.mp4").symlink_to("self.mp4")
    (place.inputs / "dangling.mp4").symlink_to("nothing")
    (place.inputs / "zero.avi").symlink_to("/dev/zero")


def _traps(place: Place) -> None:
    for _ in range(2):  # the second time as well
        _batch(place, codes=(1,))
        report = _report(place)
        done = {name for name, status in report.items() if status in ("done", "skipped")}
        assert done == {"good.mp4", "deep/er/good.mov"}, report
        assert {"zero.mp4", "text.mp4", "list.ts", "dark.mp4"} <= set(report)


def _make_bytes_name(place: Place) -> None:
    with open(os.fsencode(place.inputs) + b"/\xff.mp4", "wb") as file:
        file.write(place.good("clip.mp4"))
    _one_clip(place)


def _bytes_name(place: Place) -> None:
    _batch(place, codes=(0, 1))
    assert _report(place)["clip.mp4"] == "done"


def _inside(place: Place) -> None:
    folder = place.out
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(place.good("clip.mp4"))
    stand_in()
    for word in ("1 done", "1 skipped"):
        assert word in d3p("batch", folder, "-o", folder / "results", "--no-video")


def _same(place: Place) -> None:
    place.out.mkdir()
    (place.out / "a").mkdir()
    (place.out / "a" / "clip.mp4").write_bytes(place.good("clip.mp4"))
    stand_in()
    d3p("batch", place.out, "-o", place.out, "--no-video", codes=(0, 1))
    assert (place.out / "a" / "clip.mp4").read_bytes() == place.good("clip.mp4")


MARKERS: dict[str, bytes] = {
    "empty": b"", "no JSON": b"{", "a list": b"[]", "a number": b"7", "null": b"null", "binary": bytes(range(256)),
    "deep": b"[" * 100_000, "no object inside": b'{"video": 3, "recipe": 4, "files": 5, "told": 6}',
}  # fmt: skip


def _mark(place: Place, data: bytes) -> None:
    _one_clip(place)
    for name in ("done.json", "failed.json"):
        folder = place.out / "clip.mp4"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def _marked(place: Place) -> None:
    _batch(place)
    assert _report(place) == {"clip.mp4": "done"}


def _with_marker(place: Place, name: str, change: Callable[[dict], None]) -> None:
    """Run, change what a marker says, and run again."""
    source = place.out / "clips" / "clip.mp4"
    source.parent.mkdir(parents=True)
    source.write_bytes(place.good("clip.mp4" if name == "done.json" else "dark.mp4"))
    stand_in()
    arguments = ("batch", source.parent, "-o", place.out / "results", "--no-video")
    d3p(*arguments, codes=(0, 1))
    marker = place.out / "results" / "clip.mp4" / name
    said = json.loads(marker.read_text())
    change(said)
    marker.write_text(json.dumps(said))
    d3p(*arguments, codes=(0, 1))


def _told(place: Place) -> None:
    _with_marker(place, "done.json", lambda said: said.update(told={"name": 3, "unknown": [1]}))


def _failure_list(place: Place) -> None:
    _with_marker(place, "failed.json", lambda said: said.update(error=[["x"], {"y": 1}]))


def _folder_is_file(place: Place) -> None:
    place.out.mkdir()
    (place.out / "clip.mp4").write_text("a file")
    _batch(place, codes=(1,))
    assert _report(place) == {"clip.mp4": "failed"}


def _report_is_folder(place: Place) -> None:
    (place.out / "report.json").mkdir(parents=True)
    _batch(place, codes=(0, 1))
