"""The named endpoints, through gradio_client, on the served app with stand-in networks."""

from __future__ import annotations

import base64
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app.motion import Motion
from app.web.server import Settings
from tests.support.paths import ROOT
from tests.support.serving import FRAMES, Served, serving


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


@pytest.mark.slow
def test_a_video_is_processed(client: Client, clip: tuple[Path, Path]) -> None:
    assert client.predict(handle_file(clip[0]), api_name="/check")["frames"] == FRAMES
    summary, files, archive = client.predict(video=handle_file(clip[0]), api_name="/process")
    assert summary["frames"] == FRAMES and summary["people"] == [0] and summary["errors_mm"]["refined"]["mpjpe"] > 0
    found = {Path(path).name: Path(path) for path in files}
    assert len(Motion.load(found["motion.npz"])) == FRAMES
    assert json.loads(found["quality.json"].read_text()) == summary["quality"]
    assert found["side_by_side.mp4"].read_bytes()[4:8] == b"ftyp" and Path(archive).suffix == ".zip"


@pytest.mark.slow
def test_people_are_found_and_one_is_processed(client: Client, couple: Path, nobody: Path) -> None:
    found = client.predict(video=handle_file(couple), api_name="/people")
    assert [(one["id"], one["share"], one["largest"]) for one in found] == [(0, 1.0, False), (1, 1.0, True)]
    assert all(base64.b64decode(one["picture"]).startswith(b"\xff\xd8") for one in found)
    summary, _, _ = client.predict(video=handle_file(couple), person="0", api_name="/process")
    assert summary["people"] == [0] and summary["seconds"]["Detect and track"] < 0.2
    with pytest.raises(AppError, match="Nobody was seen"):
        client.predict(video=handle_file(nobody), api_name="/people")


@pytest.mark.slow
def test_a_folder_is_processed(client: Client, clip: tuple[Path, Path], garbage: Path, tmp_path: Path) -> None:
    videos = [handle_file(clip[0]), handle_file(garbage)]
    told, report, archive = client.predict(videos=videos, refine=False, api_name="/folder")
    assert (told["done"], told["failed"]) == (1, 1)
    assert "holiday.mp4" in told["clips"][0]["error"] and told["clips"][1]["frames"] == FRAMES
    assert "holiday.mp4" in Path(report).read_text()
    with zipfile.ZipFile(archive) as zipped:
        zipped.extract("d3p-folder/walker.mp4/motion.npz", tmp_path)
    motion = Motion.load(tmp_path / "d3p-folder/walker.mp4/motion.npz")
    assert len(motion) == FRAMES and motion.people[0].refined is None
    with pytest.raises(AppError, match="at most 4"):
        client.predict(videos=[handle_file(clip[0])] * 5, api_name="/folder")


def test_mistakes_are_sentences(client: Client, clip: tuple[Path, Path], garbage: Path) -> None:
    with pytest.raises(AppError, match=r"holiday\.mp4"):
        client.predict(video=handle_file(garbage), api_name="/process")
    with pytest.raises(AppError, match="no lifter"):
        client.predict(video=handle_file(clip[0]), lifter="../weights", api_name="/process")
    with pytest.raises(AppError, match="find them first"):
        client.predict(video=handle_file(clip[0]), person="7", api_name="/process")
    client.predict(video=handle_file(clip[0]), api_name="/people")
    with pytest.raises(AppError, match="No person"):
        client.predict(video=handle_file(clip[0]), person="7", api_name="/process")
    with pytest.raises(AppError, match="most prominent"):
        client.predict(videos=[handle_file(clip[0])], person="0", api_name="/folder")


@pytest.mark.parametrize("endpoint", ["/process", "/people", "/folder"])
def test_a_run_is_cancelled_and_leaves_nothing(client: Client, served: Served, long_clip: Path, endpoint: str) -> None:
    before = served.folders()
    upload = handle_file(long_clip)
    what = {"videos": [upload]} if endpoint == "/folder" else {"video": upload}
    job = client.submit(**what, api_name=endpoint)
    deadline = time.monotonic() + 60
    while not served.desk.slot.busy() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    started = time.monotonic()
    assert client.predict(api_name="/cancel") == {"cancelled": 1}
    assert time.monotonic() - started < 5
    with pytest.raises(AppError, match="cancelled"):
        job.result(timeout=30)
    session_itself = {path for path in served.folders() if path.parent == served.desk.uploads.results}
    assert set(served.folders()) - session_itself <= set(before)  # what others had may be swept away meanwhile
    assert not served.desk.slot.busy()


@pytest.mark.slow
def test_files_outside_are_not_served(served: Served, clip: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    outside = ["/etc/passwd", "../../../../etc/passwd", str(clip[1]), str(Path(__file__).resolve())]
    inside = [str(ROOT / name) for name in ("pyproject.toml", "app/web/server.py", ".git/config")]
    sessions = str(served.desk.uploads.results)
    lists = [sessions, f"{sessions}/", f"{sessions}/../", str(served.desk.uploads.folder), str(clip[0].parent)]
    for path in (*outside, *inside, *lists):
        for address in (f"gradio_api/file={path}", f"file={path}", f"viewer/{path}", f"viewer/../{path}"):
            assert httpx.get(f"{served.url}/{address}").status_code in (400, 403, 404), address
    assert httpx.get(f"{served.url}/gradio_api/file={clip[0]}").status_code == 200  # the example itself


def test_an_upload_that_is_too_large_is_refused(served: Served) -> None:
    sent = {"files": ("large.mp4", b"0" * 5_245_000)}
    assert httpx.post(f"{served.url}/gradio_api/upload", files=sent).status_code == 413  # gradio counts MiB


@pytest.mark.slow
def test_the_page_names_nothing_outside_that_a_browser_would_load(served: Served) -> None:
    page = httpx.get(served.url).text
    assert "googleapis" not in page and "gstatic" not in page and "cdnjs" not in page


@pytest.mark.slow
def test_a_closed_session_takes_its_files_along(served: Served, clip: tuple[Path, Path], tmp_path: Path) -> None:
    before = set(served.folders())
    other = Client(served.url, verbose=False, download_files=tmp_path)
    other.predict(video=handle_file(clip[0]), api_name="/process")
    made = set(served.folders()) - before
    assert made
    served.desk.sessions.close(other.session_hash)
    other.close()
    assert not any(path.exists() for path in made)


@pytest.mark.slow
def test_a_password_closes_everything_and_old_files_go(served: Served, tmp_path: Path) -> None:
    """With `served` running, whose networks are stand-ins."""
    with serving(Settings(port=0, user="ann", password="secret", max_age_s=1)) as closed:
        page = httpx.get(closed.url).text
        assert "Diffusion steps" not in page and "Diffusion steps" in httpx.get(served.url).text
        for path in ("config", "gradio_api/info", "gradio_api/file=/etc/passwd"):
            assert httpx.get(f"{closed.url}/{path}").status_code == 401, path
        upload = {"files": ("a.mp4", b"0")}
        assert httpx.post(f"{closed.url}/gradio_api/upload", files=upload).status_code == 401
        call = {"data": [], "fn_index": 0, "session_hash": "x"}
        for path in ("queue/join", "run/choices", "call/choices"):
            assert httpx.post(f"{closed.url}/gradio_api/{path}", json=call).status_code == 401, path
        wrong = httpx.post(f"{closed.url}/login", data={"username": "ann", "password": "Secret"})
        assert wrong.status_code == 400 and not wrong.cookies
        with pytest.raises(Exception, match="credentials"):
            Client(closed.url, verbose=False, download_files=tmp_path)
        client = Client(closed.url, auth=("ann", "secret"), verbose=False, download_files=tmp_path)
        assert "lifters" in client.predict(api_name="/choices")
        client.close()

        folder = closed.desk.sessions.of("somebody").new_run()
        folder.mkdir()
        deadline = time.monotonic() + 60
        while folder.parent.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not folder.parent.exists()
