"""What happens on a click. Handlers know sessions, the slot and the panels; they know nothing of the layout."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from app.models import Options
from app.video import VideoInfo
from app.web import panels
from app.web.choices import Wish, check_detector
from app.web.folder import OUR_FAULT, FolderDelivery, FolderRun
from app.web.jobs import Cancelled, Job, JobProgress, Slot, Snapshot
from app.web.kept import KeptModels
from app.web.limits import Limits, check_video
from app.web.people import Found, find
from app.web.sessions import Session, Sessions
from app.web.work import Delivery, process
from estimators.errors import D3PError

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
        uploads: gradio's cache, in which uploads lie.
    """

    sessions: Sessions
    limits: Limits
    uploads: Path
    slot: Slot = field(default_factory=Slot)
    kept: KeptModels = field(default_factory=KeptModels)

    # --- shared by page and API --------------------------------------------------------------------------------------

    def admit(self, video: str | None, session: Session) -> VideoInfo:
        """Check an upload, and remember it as the session's.

        Raises:
            VideoError: see `check_video`.
        """
        self._remember([video] if video else [], session)
        return check_video(video, self.limits)

    def admit_folder(self, videos: Sequence[str] | None, session: Session) -> FolderRun:
        """The same for several.

        Raises:
            VideoError: see `FolderRun`.
        """
        self._remember(videos or [], session)
        return FolderRun([Path(video) for video in videos or []], self.limits)

    def _remember(self, uploads: Sequence[str], session: Session) -> None:
        """Uploads go when their session does."""
        paths = [Path(upload).resolve() for upload in uploads]
        session.uploads.update(path for path in paths if path.is_relative_to(self.uploads.resolve()))

    def begin(self, video: str, options: Options, session: Session) -> Job:
        """Queue a run. Who was found in 2D is kept: another run on the same video need not look again."""

        def run(progress: JobProgress) -> Delivery:
            delivery = process(Path(video), session.new_run(), options, self.kept, progress, session.people)
            session.people = delivery.result.people
            return delivery

        return self._submit(run, session)

    def begin_finding(self, video: str, detector: str, session: Session) -> Job:
        """Queue the search for the people of a video."""

        def run(progress: JobProgress) -> Found:
            found = find(Path(video), detector, self.kept, progress, session.people)
            session.people = found.people
            return found

        return self._submit(run, session)

    def begin_folder(self, folder: FolderRun, options: Options, session: Session) -> Job:
        """Queue a run on several videos."""
        return self._submit(lambda progress: folder.process(session.new_run(), options, self.kept, progress), session)

    def _submit(self, work: Callable[[JobProgress], Any], session: Session) -> Job:
        job = self.slot.submit(work)
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

    def look(self, video: str | None, request: gr.Request) -> str:
        """A video was chosen, or taken away."""
        if video is None:
            return panels.welcome(self.limits.sentence())
        try:
            return panels.accepted(self.admit(video, self.sessions.of(request.session_hash)))
        except D3PError as error:
            return panels.failed(str(error))

    def look_folder(self, videos: Sequence[str] | None, request: gr.Request) -> str:
        """Several videos were chosen, or taken away."""
        if not videos:
            return panels.welcome(self.limits.folder_sentence(), "videos")
        try:
            return panels.folder_accepted(self.admit_folder(videos, self.sessions.of(request.session_hash)))
        except D3PError as error:
            return panels.failed(str(error))

    def prepare(self, video: str | None, wish: Wish, request: gr.Request) -> Iterator[str]:
        """Start was clicked: check before queueing.

        Raises:
            gr.Error: to end the chain of events; the card has the sentence already.
        """
        yield from self._check(lambda session: (self.admit(video, session), wish.options()), request)

    def prepare_finding(self, video: str | None, detector: str, request: gr.Request) -> Iterator[str]:
        """The same before people are looked for."""

        def check(session: Session) -> None:
            check_detector(detector)
            self.admit(video, session)

        yield from self._check(check, request)

    def prepare_folder(self, videos: Sequence[str] | None, wish: Wish, request: gr.Request) -> Iterator[str]:
        """The same for several videos."""
        yield from self._check(lambda session: (self.admit_folder(videos, session), wish.options()), request)

    def _check(self, check: Callable[[Session], Any], request: gr.Request) -> Iterator[str]:
        try:
            check(self.sessions.of(request.session_hash))
        except D3PError as error:
            yield panels.failed(str(error))
            raise sentence(error) from error
        yield panels.waiting(self.slot.busy())

    def work(self, video: str, wish: Wish, request: gr.Request) -> Generator[str, None, Delivery | None]:
        """The run, after `prepare`; returns its result, None if it has none."""
        session = self.sessions.of(request.session_hash)
        job = self.begin(video, wish.options(), session)
        return (yield from self._watch(job, lambda snapshot: panels.running(snapshot, wish.refine)))

    def find(self, video: str, detector: str, request: gr.Request) -> Generator[str, None, Found | None]:
        """Look for people, after `prepare_finding`; returns them, None if there are none."""
        job = self.begin_finding(video, detector, self.sessions.of(request.session_hash))
        return (yield from self._watch(job, panels.finding))

    def work_folder(
        self, videos: Sequence[str], wish: Wish, request: gr.Request
    ) -> Generator[str, None, FolderDelivery | None]:
        """The run on several videos, after `prepare_folder`; returns its result, None if it has none."""
        session = self.sessions.of(request.session_hash)
        try:
            folder = self.admit_folder(videos, session)
        except D3PError as error:
            yield panels.failed(str(error))
            return None
        job = self.begin_folder(folder, wish.options(), session)
        return (yield from self._watch(job, lambda snapshot: panels.folder_running(folder, snapshot)))

    def _watch(self, job: Job, card: Callable[[Snapshot], str]) -> Generator[str, None, Any]:
        """Yield cards while a job goes on, and one about what went wrong; return the job's result, or None."""
        try:
            shown = None
            while not job.wait(POLL_S):
                snapshot = job.progress.snapshot()
                now = card(snapshot) if snapshot.stage else panels.waiting(0)
                if now != shown:
                    shown = now
                    yield now
            return self.outcome(job)
        except Cancelled:
            yield panels.stopped()
        except D3PError as error:
            yield panels.failed(str(error))
        finally:
            job.cancel()  # the visitor has gone, if the job is not over
        return None

    def give_up(self, request: gr.Request) -> str:
        """Stop everything of this session, and wait until it has."""
        self.stop(self.sessions.of(request.session_hash))
        return panels.stopped()

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self.sessions.close_soon(request.session_hash)


def sentence(error: D3PError) -> gr.Error:
    """The same error for the page and for clients: one sentence, no traceback in the log."""
    return gr.Error(str(error), duration=10, title="That did not work", print_exception=False)
