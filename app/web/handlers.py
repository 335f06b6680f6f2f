"""What happens on a click. Handlers know sessions, the slot and the panels; they know nothing of the layout."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import gradio as gr

from app.models import Options
from app.video import VideoInfo
from app.web import choices, panels
from app.web.jobs import Cancelled, Job, Slot
from app.web.kept import KeptModels
from app.web.limits import Limits, check_video
from app.web.sessions import Session, Sessions
from app.web.work import Delivery, process
from estimators.errors import D3PError

POLL_S = 0.25  # between two looks at the progress
CANCEL_S = 10.0  # how long a cancelled run is waited for; it takes about a second
OUR_FAULT = "Something went wrong that is not your fault; whoever runs this app finds the details in its log."

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
        if video is not None and (path := Path(video).resolve()).is_relative_to(self.uploads.resolve()):
            session.uploads.add(path)
        return check_video(video, self.limits)

    def begin(self, video: str, options: Options, session: Session) -> Job:
        """Queue a run."""
        self.sessions.sweep()
        work = partial(process, Path(video), session.new_run(), options, self.kept)
        job = self.slot.submit(lambda progress: work(progress))
        session.add(job)
        return job

    def outcome(self, job: Job) -> Delivery:
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

    # --- the page ----------------------------------------------------------------------------------------------------

    def look(self, video: str | None, request: gr.Request) -> str:
        """A video was chosen, or taken away: the status card about it."""
        if video is None:
            return panels.welcome(self.limits.sentence())
        try:
            return panels.accepted(self.admit(video, self.sessions.of(request.session_hash)))
        except D3PError as error:
            return panels.failed(str(error))

    def prepare(
        self,
        video: str | None,
        detector: str,
        lifter: str,
        frames: int,
        who: str,
        number: float | None,
        steps: float,
        refine: bool,
        request: gr.Request,
    ) -> Iterator[str]:
        """Start was clicked: check before queueing. Yields the status card.

        Raises:
            gr.Error: to end the chain of events; the card has the sentence already.
        """
        try:
            self.admit(video, self.sessions.of(request.session_hash))
            choices.options(detector, lifter, frames, choices.person(who, number), steps, refine)
        except D3PError as error:
            yield panels.failed(str(error))
            raise sentence(error) from error
        yield panels.waiting(self.slot.busy())

    def work(
        self,
        video: str,
        detector: str,
        lifter: str,
        frames: int,
        who: str,
        number: float | None,
        steps: float,
        refine: bool,
        request: gr.Request,
    ) -> Iterator[tuple[str, Delivery | None]]:
        """The run, after `prepare`: (status card, None) while it goes on, then (status card, result or None)."""
        options = choices.options(detector, lifter, frames, choices.person(who, number), steps, refine)
        session = self.sessions.of(request.session_hash)
        started = time.monotonic()
        job = self.begin(video, options, session)
        try:
            shown = None
            while not job.wait(POLL_S):
                snapshot = job.progress.snapshot()
                card = panels.running(snapshot, options.refine) if snapshot.stage else panels.waiting(0)
                if card != shown:
                    shown = card
                    yield card, None
            delivery = self.outcome(job)
        except Cancelled:
            yield panels.stopped(), None
            return
        except D3PError as error:
            yield panels.failed(str(error)), None
            return
        finally:
            job.cancel()  # the visitor has gone, if the job is not over
        result = delivery.result
        yield panels.finished(time.monotonic() - started, len(result.motion.people), result.warnings), delivery

    def give_up(self, request: gr.Request) -> str:
        """Stop everything of this session, and wait until it has."""
        self.stop(self.sessions.of(request.session_hash))
        return panels.stopped()

    def stop(self, session: Session) -> int:
        """Cancel the session's jobs; returns how many there were."""
        jobs = session.cancel()
        for job in jobs:
            job.wait(CANCEL_S)
        return len(jobs)

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        self.sessions.close_soon(request.session_hash)
        self.sessions.sweep()


def sentence(error: D3PError) -> gr.Error:
    """The same error for the page and for clients: one sentence, no traceback in the log."""
    return gr.Error(str(error), duration=10, title="That did not work", print_exception=False)
