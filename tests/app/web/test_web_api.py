"""The named endpoints, through gradio_client, on the served app with stand-in networks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from conftest import FRAMES, Served
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app.motion import Motion


@pytest.fixture(scope="module")
def client(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    client = Client(served.url, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))
    yield client
    client.close()


def test_the_endpoints_are_the_documented_ones(client: Client) -> None:
    assert set(client.view_api(return_format="dict", print_info=False)["named_endpoints"]) == {
        "/process", "/folder", "/people", "/check", "/choices", "/cancel",
    }  # fmt: skip


def test_choices(client: Client) -> None:
    found = client.predict(api_name="/choices")
    assert "movenet" in found["detectors"] and 81 in found["lifters"]["stcformer"]
    assert found["limits"]["frames"] == 1000


def test_a_video_is_processed(client: Client, clip: tuple[Path, Path]) -> None:
    assert client.predict(handle_file(clip[0]), api_name="/check")["frames"] == FRAMES
    summary, files, archive = client.predict(video=handle_file(clip[0]), api_name="/process")
    assert summary["frames"] == FRAMES and summary["people"] == [0] and summary["errors_mm"]["refined"]["mpjpe"] > 0
    found = {Path(path).name: Path(path) for path in files}
    assert len(Motion.load(found["motion.npz"])) == FRAMES
    assert json.loads(found["quality.json"].read_text()) == summary["quality"]
    assert found["side_by_side.mp4"].read_bytes()[4:8] == b"ftyp" and Path(archive).suffix == ".zip"


def test_mistakes_are_sentences(client: Client, clip: tuple[Path, Path], garbage: Path) -> None:
    with pytest.raises(AppError, match=r"holiday\.mp4"):
        client.predict(video=handle_file(garbage), api_name="/process")
    with pytest.raises(AppError, match="no lifter"):
        client.predict(video=handle_file(clip[0]), lifter="../weights", api_name="/process")
    with pytest.raises(AppError, match="No person"):
        client.predict(video=handle_file(clip[0]), person="7", api_name="/process")


def test_a_run_is_cancelled_and_leaves_nothing(client: Client, served: Served, long_clip: Path) -> None:
    before = served.folders()
    job = client.submit(video=handle_file(long_clip), api_name="/process")
    deadline = time.monotonic() + 60
    while not served.desk.slot.busy() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    started = time.monotonic()
    assert client.predict(api_name="/cancel") == {"cancelled": 1}
    assert time.monotonic() - started < 5
    with pytest.raises(AppError, match="cancelled"):
        job.result(timeout=30)
    assert served.folders() == before and not served.desk.slot.busy()


def test_files_outside_are_not_served(served: Served) -> None:
    for path in ("/etc/passwd", str(Path(__file__).resolve()), str(served.desk.uploads / "sessions")):
        assert httpx.get(f"{served.url}/gradio_api/file={path}").status_code in (403, 404), path


def test_the_page_names_nothing_outside_that_a_browser_would_load(served: Served) -> None:
    page = httpx.get(served.url).text
    assert "googleapis" not in page and "gstatic" not in page and "cdnjs" not in page


def test_a_closed_session_takes_its_files_along(served: Served, clip: tuple[Path, Path], tmp_path: Path) -> None:
    before = set(served.folders())
    other = Client(served.url, verbose=False, download_files=tmp_path)
    other.predict(video=handle_file(clip[0]), api_name="/process")
    made = set(served.folders()) - before
    assert made
    served.desk.sessions.close(other.session_hash)
    other.close()
    assert not any(path.exists() for path in made)
