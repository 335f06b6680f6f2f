"""Sessions: their files, their end, and how they are come back to."""

from __future__ import annotations

import time
from pathlib import Path

from app.web.sessions import Sessions
from app.web.uploads import Uploads


def test_a_page_loaded_again_keeps_its_session(tmp_path: Path) -> None:
    sessions = Sessions(Uploads(tmp_path), 60, grace_s=0.2)
    session = sessions.of("before")
    session.new_run().mkdir()
    sessions.close_soon("before")
    assert sessions.again("after", session.token) is session and sessions.of("after") is session
    sessions.sweep(now=lambda: time.monotonic() + 1)  # the page that was left is over; the one that was loaded is not
    assert session.folder.exists() and list(sessions._sessions) == ["after"]
    sessions.close_soon("after")
    sessions.sweep(now=lambda: time.monotonic() + 1)
    assert not session.folder.exists() and sessions.again("late", session.token) is None


def test_nobody_comes_into_a_session_without_its_secret(tmp_path: Path) -> None:
    sessions = Sessions(Uploads(tmp_path), 60)
    one, two = sessions.of("one"), sessions.of("two")
    assert one.token != two.token and len(one.token) >= 43  # 256 bits in base64
    for guess in ("", "one", one.token[:-1], one.token.swapcase(), "\ud800", one.folder.name):
        assert sessions.again("three", guess) is None
    assert sessions.again("two", one.token) is None and sessions.of("two") is two  # a hash has one session


def test_a_session_ends_with_its_files_but_not_with_those_of_others(tmp_path: Path) -> None:
    sessions = Sessions(Uploads(tmp_path), 60)
    one, two = sessions.of("one"), sessions.of("two")
    assert sessions.of("one") is one and one.folder != two.folder and "one" not in str(one.folder)
    shared, own = tmp_path / "shared.mp4", tmp_path / "own.mp4"
    for path in (shared, own):
        path.touch()
    one.uploads, two.uploads = {shared, own}, {shared}
    one.new_run().mkdir()
    sessions.close("one")
    assert not one.folder.exists() and not own.exists() and shared.exists()
    sessions.sweep(now=lambda: time.monotonic() + 61)
    assert not shared.exists()


def test_a_lost_connection_is_not_the_end(tmp_path: Path) -> None:
    sessions = Sessions(Uploads(tmp_path), 60, grace_s=0.2)
    back, gone = sessions.of("back"), sessions.of("gone")
    for session, key in ((back, "back"), (gone, "gone")):
        session.new_run().mkdir()
        sessions.close_soon(key)
    time.sleep(0.05)
    sessions.of("back")
    sessions.sweep()
    assert gone.folder.exists()
    sessions.sweep(now=lambda: time.monotonic() + 0.6)
    assert back.folder.exists() and not gone.folder.exists()


def test_a_session_keeps_its_last_runs(tmp_path: Path) -> None:
    session = Sessions(Uploads(tmp_path), 60).of("one")
    for _ in range(6):
        session.new_run().mkdir()
    assert len(list(session.folder.iterdir())) == 3 + 1  # those before, and the new one
