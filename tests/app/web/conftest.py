"""The app with stand-in networks on a free port, and short clips to feed it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.media.clock import Clock
from app.media.video import VideoReader, probe
from app.media.writer import VideoWriter
from app.web import playback
from app.web.limits import Limits
from app.web.server import Settings
from demo_videos.truth import demo_clips, load_truth, save_truth
from tests.support.fakes import pictures, use
from tests.support.serving import COUPLE, FRAMES, SLOW, Served, serving, stand_in
from tests.support.video_files import write_video
from tests.support.visiting import Visit, chromium


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The start of a bundled clip and its truth: as if it were bundled in this length."""
    video, truth_file = demo_clips()["walker"]
    folder = tmp_path_factory.mktemp("bundled")
    info = probe(video)
    whole = info.clock
    part = Clock(whole.fps, whole.time_base, whole.ticks[:FRAMES], whole.durations[:FRAMES], whole.constant)
    with VideoWriter(folder / "walker.mp4", info.size, part, crf=24) as writer:
        for picture in islice(VideoReader(video), FRAMES):
            writer.write(picture)
    truth = load_truth(truth_file)
    arrays = {name: getattr(truth, name)[:FRAMES] for name in ("joints_3d", "keypoints_2d", "coco_2d")}
    save_truth(folder / "walker.npz", replace(truth, **arrays))
    return folder / "walker.mp4", folder / "walker.npz"


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video whose processing takes long enough to be cancelled."""
    bright = np.full((SLOW[1], SLOW[0], 3), 200, np.uint8)
    return write_video(tmp_path_factory.mktemp("long") / "long.mp4", size=SLOW, rate=50, pictures=[bright] * 900)


@pytest.fixture(scope="session")
def couple(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people."""
    bright = np.full((COUPLE[1], COUPLE[0], 3), 200, np.uint8)
    return write_video(tmp_path_factory.mktemp("couple") / "couple.mp4", size=COUPLE, pictures=[bright] * FRAMES)


@pytest.fixture(scope="session")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty room in the dark."""
    return write_video(tmp_path_factory.mktemp("nobody") / "nobody.mp4", pictures=pictures([False] * FRAMES))


@pytest.fixture(scope="session")
def garbage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("garbage") / "holiday.mp4"
    path.write_bytes(b"this is no video, whatever its name says " * 100)
    return path


@pytest.fixture(scope="session")
def served(clip: tuple[Path, Path]) -> Iterator[Served]:
    """The app; its only example is `clip`."""
    patch = pytest.MonkeyPatch()
    use(patch, stand_in)
    patch.setattr("app.web.server.demo_clips", lambda: {"walker": clip})
    patch.setattr("app.web.playback.demo_clips", lambda: {"walker": clip})
    playback._bundled.cache_clear()  # another test may have asked before
    limits = Limits(seconds=30, frames=1000, megapixels=1, megabytes=5, clips=4)
    with serving(Settings(port=0, grace_s=15, limits=limits)) as app:
        yield app
    patch.undo()
    playback._bundled.cache_clear()


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    """A client of its own, without cookies."""
    with httpx.Client(base_url=served.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the webcam sees: white on the left, grey on the right; bright enough for the stand-in detector."""
    width, height = 160, 120
    luma = np.full((height, width), 110, np.uint8)
    luma[:, : width // 2] = 235
    grey = np.full(width * height // 2, 128, np.uint8)
    path = tmp_path_factory.mktemp("camera") / "camera.y4m"
    picture = b"FRAME\n" + luma.tobytes() + grey.tobytes()
    path.write_bytes(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n".encode() + 10 * picture)
    return path


@pytest.fixture(scope="session")
def browser(camera: Path) -> Iterator[Any]:
    """Headless Chromium."""
    with chromium(camera) as browser:
        yield browser


@pytest.fixture
def visit(browser: Any, served: Served) -> Iterator[Visit]:
    visit = Visit(browser, served.url)
    yield visit
    visit.context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a visitor saw when a test failed."""
    report = yield
    visit = getattr(item, "funcargs", {}).get("visit")
    if report.failed and report.when == "call" and isinstance(visit, Visit):
        report.sections.append(("the page", visit.seen()))
    return report
