"""Who is here: every session has a directory of its own, which goes when the session ends, or when it is old.

Directories have random names that are never told to anybody but their own session: whoever does not have a file's
address cannot find it.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.people import People
from app.web.choices import Wish
from app.web.jobs import Job, Owner, Snapshot
from app.web.uploads import Uploads

_RUNS_KEPT = 3  # results a session keeps beside that of a new run; the page shows the last one
_MOST = 2000  # sessions at a time, as many as gradio knows; with more, those go that were unused for longest
_UNCLAIMED_S = 1800.0  # that an upload waits for a session to name it


@dataclass
class Shown:
    """What a tab of the page shows, for a page that is loaded again.

    Attributes:
        files: chosen, as the page names them.
        wish: what was asked for with them, once something was.
        job: the run; its result, or what went wrong with it, is what is shown.
        card: draws its progress.
    """

    files: list[str]
    wish: Wish | None = None
    job: Job | None = None
    card: Callable[[Snapshot], str] | None = None


class Session:
    """One visitor: a directory, uploads and jobs.

    Attributes:
        token: a secret between this visitor's browser tab and the app: who knows it is let in again.
        tabs: what each tab of the page shows.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = secrets.token_urlsafe(32)
        self.tabs: dict[str, Shown] = {}
        self.address = ""  # where its last request came from
        self.uploads: set[Path] = set()
        self.jobs: list[Job] = []
        self.people: People | None = None  # found last, for another run on the same video
        self.used = time.monotonic()

    def new_run(self) -> Path:
        """The directory of a new run (not made yet); those of the oldest runs go."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        runs = sorted((path for path in self.folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
        for old in runs[: max(0, len(runs) - _RUNS_KEPT)]:
            shutil.rmtree(old, ignore_errors=True)
        return self.folder / secrets.token_hex(8)

    @property
    def idle(self) -> bool:
        """Whether it has no work under way."""
        return all(job.done() for job in self.jobs)

    @property
    def owner(self) -> Owner:
        """Whose jobs are this session's."""
        return Owner(self.folder.name, self.address)

    def add(self, job: Job) -> None:
        """Remember a job, and forget those that are over."""
        self.jobs = [one for one in self.jobs if not one.done()] + [job]

    def cancel(self) -> list[Job]:
        """Ask all jobs to stop; returns those that had not been done."""
        running = [job for job in self.jobs if not job.done()]
        for job in running:
            job.cancel()
        return running


class Sessions:
    """All sessions, by gradio's session hash, which a page has a new one of each time it is loaded."""

    def __init__(self, uploads: Uploads, max_age_s: float, grace_s: float = 120.0) -> None:
        """Begin with none.

        Args:
            uploads: what is uploaded; the directories are made in its folder of results.
            max_age_s: sessions unused for so many seconds are closed by `sweep`.
            grace_s: seconds between a lost connection and the end of its session.
        """
        self._uploads, self._max_age, self._grace = uploads, max_age_s, grace_s
        self._sessions: dict[str, Session] = {}
        self._used: dict[str, float] = {}  # when each hash was, last
        self._left: dict[str, float] = {}  # when its page was closed, last
        self._lock = threading.Lock()

    def of(self, key: str | None) -> Session:
        """The session with this hash, begun if need be."""
        with self._lock:
            session = self._sessions.get(key or "")
            if session is None:
                session = self._sessions[key or ""] = Session(self._uploads.results / secrets.token_hex(16))
            session.used = self._used[key or ""] = time.monotonic()
            idle = [name for name, other in self._sessions.items() if other.idle] if len(self._sessions) > _MOST else []
            oldest = sorted(idle, key=lambda name: self._sessions[name].used)[: len(self._sessions) - _MOST]
        for name in oldest:
            self.close(name)
        return session

    def again(self, key: str, token: str) -> Session | None:
        """The session with this token, from now on known by this hash too: its page was loaded again. None for a token
        of none, or of one that is over, and for a hash that has a session already."""
        with self._lock:
            for session in self._sessions.values() if key not in self._sessions else ():
                if secrets.compare_digest(session.token.encode(), token.encode(errors="replace")):
                    self._sessions[key] = session
                    session.used = self._used[key] = time.monotonic()
                    return session
        return None

    @property
    def grace_s(self) -> float:
        """Seconds between a lost connection and the end of its session."""
        return self._grace

    def close(self, key: str | None) -> None:
        """The session is over: its work stops, its files and its uploads go (but not what another session has
        uploaded as well: gradio keeps equal files once)."""
        with self._lock:
            session = self._sessions.pop(key or "", None)
            self._used.pop(key or "", None)
            self._left.pop(key or "", None)
            others = {path for other in self._sessions.values() for path in other.uploads}
            if session is None or session in self._sessions.values():  # the page was loaded again
                return
        for job in session.cancel():
            job.wait(10)
        shutil.rmtree(session.folder, ignore_errors=True)
        self._uploads.forget(session.uploads - others)

    def close_soon(self, key: str | None) -> None:
        """Have `sweep` close the session in a while, unless it is used until then: a connection that is lost for a
        moment looks like a page that was closed. Work that somebody still waits for is waited for, too."""
        with self._lock:
            session = self._sessions.get(key or "")
            if session is not None:
                self._left[key or ""] = time.monotonic()

    def sweep(self, now: Callable[[], float] = time.monotonic) -> None:
        """Close the sessions that were left, or that nobody has used for long, and that have no work under way; delete
        uploads that no session has named for long: nobody comes back for them."""
        with self._lock:
            for key, session in self._sessions.items():
                if not session.idle and self._is_left(key):
                    self._left[key] = now()
            old = [key for key, session in self._sessions.items() if session.idle and self._is_over(key, now())]
        for key in old:
            self.close(key)
        with self._lock:
            named = {path for session in self._sessions.values() for path in session.uploads}
        self._uploads.forget_unnamed(named, _UNCLAIMED_S)

    def _is_left(self, key: str) -> bool:
        return key in self._left and self._used.get(key, 0.0) <= self._left[key]

    def _is_over(self, key: str, now: float) -> bool:
        left = self._is_left(key) and now - self._left[key] > self._grace
        return left or now - self._sessions[key].used > self._max_age

    def close_all(self) -> None:
        """The app ends."""
        for key in list(self._sessions):
            self.close(key)
