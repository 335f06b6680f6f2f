"""Downloads from mmpose's zoo, against a server on this machine: whole, wrong, cut off, missing, no server at all."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix

from estimators.detection import zoo
from estimators.errors import WeightsError

CONTENT = bytes(range(256)) * 9000  # more than two chunks
SHA = hashlib.sha256(CONTENT).hexdigest()


ASKED: list[str] = []  # paths, by the server's order


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        ASKED.append(self.path)
        if self.path.startswith("/missing"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2] if self.path.startswith("/cut") else CONTENT)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    ASKED.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("D3P_ZOO", f"http://127.0.0.1:{server.server_address[1]}/")
        monkeypatch.setenv("D3P_CACHE", str(tmp_path / "cache"))
        yield server
        server.shutdown()


def model(folder: str, sha: str = SHA, ending: str = "_20230504.pth") -> zoo.ZooModel:
    return zoo.ZooModel("net", Path("net.py"), f"https://models.invalid/{folder}/net-256x192-{sha[:8]}{ending}")


@pytest.mark.parametrize("ending", ["_20230504.pth", ".pth"])
def test_a_checkpoint_is_downloaded_once_and_kept(server, tmp_path, ending):
    path = zoo.fetch(model("v1/good", ending=ending))
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(tmp_path / "cache")
    assert zoo.fetch(model("v1/good", ending=ending)) == path
    assert list(ASKED) == [f"/v1/good/{path.name}"]  # D3P_ZOO takes the place of the server, the path stays


def test_a_damaged_file_in_the_cache_is_downloaded_again(server):
    path = zoo.fetch(model("good"))
    path.write_bytes(CONTENT[:100])
    assert zoo.fetch(model("good")).read_bytes() == CONTENT
    assert len(ASKED) == 2


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (model("good", sha="deadbeef"), "not deadbeef"),
        (model("cut"), "ended after"),
        (model("missing"), "404"),
    ],
)
def test_what_is_not_the_checkpoint_is_not_kept(server, tmp_path, wanted, message):
    with pytest.raises(WeightsError, match=message):
        zoo.fetch(wanted)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_offline_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("D3P_ZOO", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("D3P_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match=r"D3P_ZOO.*or use the bundled detector 'movenet'"):
        zoo.fetch(model("good"))


def test_a_cache_that_cannot_be_written_is_a_clear_error(server, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("D3P_CACHE", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match="could not be downloaded"):
        zoo.fetch(model("good"))


def test_a_name_without_a_hash_is_not_downloaded(server):
    with pytest.raises(WeightsError, match="verified"):
        zoo.fetch(zoo.ZooModel("net", Path("net.py"), "https://models.invalid/net.pth"))
    assert not ASKED


def test_all_aliases_can_be_verified_after_download():
    for alias in zoo.ALIASES:
        found = zoo.find(alias)
        assert found is not None and zoo._HASH.search(found.url)


def test_the_cache_folder_follows_the_platform(monkeypatch, tmp_path):
    monkeypatch.delenv("D3P_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("platformdirs.PlatformDirs", Unix)
    assert zoo.cache_folder() == tmp_path / "d3prefiner"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr("platformdirs.PlatformDirs", MacOS)
    assert zoo.cache_folder() == Path.home() / "Library" / "Caches" / "d3prefiner"
