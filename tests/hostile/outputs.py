"""Output folders that cannot be written, disks that are full: `d3p run`, `export`, `weights`, `evaluate`."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator

from .case import REFUSED, RIGHT, Case, Place, d3p
from .running import run_video

AREA = "outputs"


def cases() -> Iterator[Case]:
    for what, write in WRITERS.items():
        yield Case(AREA, f"{what}: into a good folder", write, RIGHT)
        yield Case(
            AREA,
            f"{what}: the output folder is a file",
            write,
            REFUSED,
            lambda p: p.out.write_text("a file"),
            quick=what == "run",
        )
        yield Case(
            AREA, f"{what}: may not write there", write, REFUSED, _read_only, as_nobody=True, quick=what == "export"
        )
        yield Case(
            AREA, f"{what}: nothing may be made above", write, REFUSED, lambda p: p.root.chmod(0o555), as_nobody=True
        )
        yield Case(AREA, f"{what}: a link in a circle", write, REFUSED, lambda p: p.out.symlink_to(p.out))
        yield Case(
            AREA, f"{what}: a link to nothing", write, REFUSED, lambda p: p.out.symlink_to(p.root / "x" / "y" / "z")
        )
        for limit in (0, 200, 3000):
            yield Case(AREA, f"{what}: files end at {limit} bytes", _limited(write, limit), REFUSED, quick=limit == 200)
        yield Case(AREA, f"{what}: a full disk", _on_full_disk(write), REFUSED, starts=True)


def _video(place: Place) -> None:
    run_video(place, place.material / "clip.mp4", pictures=True)


def _run_exporting(place: Place) -> None:
    run_video(place, place.material / "clip.mp4", "--to", "bvh,glb,csv,json,trc,c3d", pictures=True)


def _export(place: Place) -> None:
    d3p("export", place.material / "motion.npz", "--to", "bvh,glb,csv,json,trc,c3d", "-o", place.out)
    assert (place.out / "motion.bvh").is_file()


def _import(place: Place) -> None:
    d3p("weights", "import", place.material / "published.pth", "--frames", "81", "-o", place.out)
    assert (place.out / "stcformer-81-published.safetensors").is_file()


def _convert(place: Place) -> None:
    files = [place.material / name for name in ("data_3d_h36m.npz", "data_2d_h36m_gt.npz")]
    d3p("convert-h36m", *files, "-o", place.out / "h36m.npz")
    assert (place.out / "h36m.npz").is_file()


WRITERS: dict[str, Callable[[Place], None]] = {
    "run": _video, "run with exports": _run_exporting, "export": _export, "weights import": _import,
    "convert-h36m": _convert,
}  # fmt: skip


def _read_only(place: Place) -> None:
    place.out.mkdir()
    place.out.chmod(0o555)


def _limited(write: Callable[[Place], None], limit: int) -> Callable[[Place], None]:
    """As a disk that fills up: no file may grow beyond `limit` bytes."""

    def act(place: Place) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            write(place)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    return act


def _on_full_disk(write: Callable[[Place], None]) -> Callable[[Place], None]:
    """On a file system of 8 kB, if one may be mounted here; else as a disk that fills up after 1 kB."""

    def act(place: Place) -> None:
        place.out.mkdir()
        mount = shutil.which("mount")
        mounted = (
            mount
            and not subprocess.run(
                [mount, "-t", "tmpfs", "-o", "size=8k", "tmpfs", place.out], capture_output=True
            ).returncode
        )
        if not mounted:
            _limited(write, 1000)(place)
            return
        try:
            write(place)
        finally:
            subprocess.run(["umount", place.out], check=True)

    return act
