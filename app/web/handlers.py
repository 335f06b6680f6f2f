"""What happens on a click. Handlers know sessions, the slot and the panels; they know nothing of the layout."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from app.media.video import VideoInfo
from app.options import EVERYBODY, Options
from app.web import panels
from app.web.choices import Wish, check_search
from app.web.delivery import Delivery, deliver
from app.web.folder import OUR_FAULT, FolderDelivery, FolderRun
from app.web.jobs import Cancelled, Job, JobProgress, Slot
from app.web.kept import KeptModels
from app.web.limits import Limits, check_video
from app.web.people import Found, find
from app.web.sessions import Session, Sessions, Shown
from app.web.uploads import Uploads
from app.web.visitors import network
from estimators.errors import D3PError, PersonError, VideoError
from estimators.tracking.select import select_people

POLL_S = 0.25  # between two looks at the progress
CANCEL_S = 10.0  # how long a cancelled run is waited for; it takes about a second

_log = logging.getLogger(__name__)


@dataclass
class Desk:
    """What all handlers share.

    Attributes:
        sessions: who is here.
        slot: where work is done.
        kept: the models.
        limits: of a run.
        uploads: the files that requests may name.
    """

    sessions: Sessions
    limits: Limits
    uploads: Uploads
    slot: Slot = field(default_factory=Slot)
    kept: KeptModels = field(default_factory=KeptModels)

    # --- shared by page and API --------------------------------------------------------------------------------------

    def session(self, request: gr.Request) -> Session:
        """Whose request it is; the session begins if need be. Who names none has one for this request alone."""
        session = self.sessions.of(request.session_hash or secrets.token_hex(16))
        session.address = network(request.client.host) if request.client else ""
        return session

    def admit(self, video: Any, session: Session) -> VideoInfo:
        """Check an upload, and remember it as the session's.

        Raises:
            VideoError: see `Uploads.admit` and `check_video`.
        """
        path = None if video is None else self._remembered([video], session)[0]
        return check_video(path, self.limits)

    def admit_folder(self, videos: Any, session: Session) -> FolderRun:
        """The same for several.

        Raises:
            VideoError: see `Uploads.admit` and `FolderRun`.
        """
        if not isinstance(videos, list | tuple | None):
            raise VideoError("Several videos are sent as a list.")
        return FolderRun(self._remembered(videos or [], session), self.limits)

    def _remembered(self, uploads: Sequence[Any], session: Session) -> list[Path]:
        """The files named; uploads go when their session does."""
        paths = [self.uploads.admit(upload) for upload in uploads]
        session.uploads.update(path for path in paths if self.uploads.owns(path))
        return paths

    def begin(self, video: Any, options: Options, session: Session) -> Job:
        """Check a video and queue a run. Who was found in 2D is kept: another run on the video need not look again.

        Raises:
            VideoError: see `admit`.
            PersonError: the person asked for was not found in this video.
            QueueFullError: see `Slot`.
        """
        info = self.admit(video, session)
        self._check_person(options, info, session)

        def run(progress: JobProgress) -> Delivery:
            delivery = deliver(info.path, session.new_run(), options, self.kept, progress, session.people)
            session.people = delivery.result.people
            return delivery

        return self._submit(run, session)

    def _check_person(self, options: Options, info: VideoInfo, session: Session) -> None:
        """People have numbers once they were looked for; asked for by number, they must be there before any work."""
        if options.person in EVERYBODY:
            return
        people = session.people
        if people is None or people.sha256 != info.sha256 or not people.turned_as(options.rotate):
            raise PersonError(
                "People have numbers once they were looked for in this video: find them first, then pick one."
            )
        select_people(people.tracks, options.person)

    def begin_finding(self, video: Any, detector: str, rotate: str, session: Session) -> Job:
        """Check a video and queue the search for its people.

        Raises:
            VideoError, QueueFullError: see `begin`.
        """
        info = self.admit(video, session)

        def run(progress: JobProgress) -> Found:
            found = find(info.path, detector, rotate, self.kept, progress, session.people)
            session.people = found.people
            return found

        return self._submit(run, session)

    def begin_folder(self, folder: FolderRun, options: Options, session: Session) -> Job:
        """Queue a run on several videos.

        Raises:
            PersonError: one person is asked for by number, whom each video would have to have.
            QueueFullError: see `Slot`.
        """
        if options.person not in EVERYBODY:
            raise PersonError("A folder is about the most prominent person of each video ('largest') or 'all'.")
        return self._submit(lambda progress: folder.process(session.new_run(), options, self.kept, progress), session)

    def _submit(self, work: Callable[[JobProgress], Any], session: Session) -> Job:
        job = self.slot.submit(work, session.owner)
        session.add(job)
        return job

    def outcome(self, job: Job) -> Any:
        """The result of a job that is over.

        Raises:
            Cancelled: it was stopped.
            D3PError: it could not be done; what is not the user's fault is logged and told as such.
        """
        try:
            return job.result()
        except (Cancelled, D3PError):
            raise
        except Exception as error:  # whatever it was, visitors get a sentence and the log the rest
            _log.error("A run failed.", exc_info=error)
            raise D3PError(OUR_FAULT) from error

    def stop(self, session: Session) -> int:
        """Cancel the session's jobs; returns how many there were."""
        jobs = session.cancel()
        for job in jobs:
            job.wait(CANCEL_S)
        return len(jobs)

    # --- the page: every handler yields or returns the status card ---------------------------------------------------

    def prepare(self, video: Any, wish: Wish, request: gr.Request) -> Iterator[str]:
        """Start was clicked: check before queueing.

        Raises:
            gr.Error: to end the chain of events; the card has the sentence already.
        """
        yield from self._check(lambda session: self._check_run(video, wish, session), request)

    def _check_run(self, video: Any, wish: Wish, session: Session) -> None:
        options = wish.options()
        self._check_person(options, self.admit(video, session), session)

    def prepare_finding(self, video: Any, detector: str, rotate: str, request: gr.Request) -> Iterator[str]:
        """The same before people are looked for."""

        def check(session: Session) -> None:
            check_search(detector, rotate)
            self.admit(video, session)

        yield from self._check(check, request)

    def prepare_folder(self, videos: Any, wish: Wish, request: gr.Request) -> Iterator[str]:
        """The same for several videos."""
        yield from self._check(lambda session: (self.admit_folder(videos, session), wish.options()), request)

    def _check(self, check: Callable[[Session], Any], request: gr.Request) -> Iterator[str]:
        try:
            check(self.session(request))
        except D3PError as error:
            yield panels.failed(str(error))
            raise sentence(error, told=True) from error
        yield panels.waiting(self.slot.busy())

    def run(self, video: Any, wish: Wish, request: gr.Request) -> Generator[str, None, Delivery | None]:
        """The run, after `prepare`; returns its result, None if it has none."""
        session = self.session(request)

        def begin() -> Shown:
            job = self.begin(video, wish.options(), session)
            return Shown([str(video)], wish, job, lambda snapshot: panels.running(snapshot, wish.asked["refine"]))

        return (yield from self._begin_and_follow(begin, session, "run"))

    def run_folder(self, videos: Any, wish: Wish, request: gr.Request) -> Generator[str, None, FolderDelivery | None]:
        """The run on several videos, after `prepare_folder`; returns its result, None if it has none."""
        session = self.session(request)

        def begin() -> Shown:
            folder = self.admit_folder(videos, session)
            job = self.begin_folder(folder, wish.options(), session)
            return Shown(list(videos), wish, job, lambda snapshot: panels.folder_running(folder, snapshot))

        return (yield from self._begin_and_follow(begin, session, "folder"))

    def find(self, video: Any, detector: str, rotate: str, request: gr.Request) -> Generator[str, None, Found | None]:
        """Look for people, after `prepare_finding`; returns them, None if there are none."""
        session = self.session(request)

        def begin() -> Shown:
            return Shown([str(video)], None, self.begin_finding(video, detector, rotate, session), panels.finding)

        return (yield from self._begin_and_follow(begin, session, None))

    def _begin_and_follow(
        self, begin: Callable[[], Shown], session: Session, tab: str | None
    ) -> Generator[str, None, Any]:
        """Begin a job and `follow` it; one that a tab shows waits for a page that is loaded again."""
        try:
            shown = begin()
        except D3PError as error:
            yield panels.failed(str(error))
            return None
        if tab is not None:
            session.tabs[tab] = shown
        return (yield from self.follow(shown, self.sessions.grace_s if tab else 0.0))

    def follow(self, shown: Shown, patience_s: float) -> Generator[str, None, Any]:
        """Yield cards while a job goes on, and one about what went wrong; return the job's result, or None. It is
        stopped if the visitor goes and does not come back for `patience_s` seconds."""
        job, card, last = shown.job, shown.card, None
        assert job is not None and card is not None
        with job.watched(patience_s):
            while not job.wait(POLL_S):
                snapshot = job.progress.snapshot()
                now = card(snapshot) if snapshot.stage else panels.waiting(self.slot.ahead(job))
                if now != last:
                    last = now
                    yield now
        try:
            return self.outcome(job)
        except Cancelled:
            yield panels.stopped()
        except D3PError as error:
            yield panels.failed(str(error))
        return None

    def give_up(self, request: gr.Request) -> str:
        """Stop everything of this session, and wait until it has."""
        self.stop(self.session(request))
        return panels.stopped()

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self.sessions.close_soon(request.session_hash)


def sentence(error: D3PError, told: bool = False) -> gr.Error:
    """The same error for clients, and to end what a click began: one sentence, no traceback in the log. What a card has
    `told` does not come again beside it."""
    return gr.Error(str(error), duration=10, visible=not told, title="That did not work", print_exception=False)
