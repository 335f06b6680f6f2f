"""Sessions that are come back to, and jobs that are waited for."""

from __future__ import annotations

import time
from pathlib import Path

from app.web.jobs import JobProgress, Slot
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


def test_a_job_is_stopped_when_nobody_has_watched_it_for_a_while() -> None:
    slot = Slot()

    def endless(progress: JobProgress) -> None:
        while True:
            progress.check()
            time.sleep(0.01)

    job = slot.submit(endless)
    with job.watched(0.3):
        pass
    time.sleep(0.1)
    with job.watched(0.3):  # come back to in time
        time.sleep(0.5)
        assert not job.done()
        with job.watched(0.0):  # a second page, closed again
            pass
        time.sleep(0.1)
        assert not job.done()
    assert job.wait(5)
    slot.close()
