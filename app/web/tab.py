"""What a tab does about its files, whatever they are: looks at those chosen, shows again what a session has of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from app.web import panels
from app.web.form import QUIET, Buttons, Form
from app.web.handlers import Desk
from app.web.jobs import Cancelled
from app.web.sessions import Session, Shown
from estimators.errors import D3PError


class Tab(ABC):
    """A tab with files, a form, buttons and a result.

    Attributes:
        files: the component in which files are chosen.
        form, buttons: what to do with them.
        result: the column that is shown once there is a result.
        unfinished: ticks when a run is under way that this page does not follow yet.
    """

    name: str  # of what a session keeps for it
    desk: Desk
    files: gr.File
    form: Form
    buttons: Buttons
    result: gr.Column
    unfinished: gr.Timer

    @abstractmethod
    def accepted(self, files: Any, session: Session) -> dict[Any, Any]:
        """Check files; what the page then shows, besides the buttons.

        Raises:
            D3PError: they cannot be taken.
        """

    @abstractmethod
    def welcome(self) -> dict[Any, Any]:
        """What the page shows without files, besides the buttons."""

    @abstractmethod
    def delivered(self, delivery: Any, again: bool = False) -> dict[Any, Any]:
        """A result, new or shown `again`."""

    @abstractmethod
    def outputs(self) -> list[Any]:
        """All components that the above may change."""

    def connect_files(self) -> Any:
        """Connect the box of files; returns the event in which a page follows a run that was under way."""
        # Resuming waits in gradio's queue, and a page may miss what it asks of the queue in the moment in which another
        # answer has ended, such as a click on Start. So nothing is asked of it after a look, unless a run is under way.
        self.unfinished = gr.Timer(0.1, active=False)
        changed = [*self.outputs(), self.unfinished]
        self.files.change(self.look, self.files, changed, queue=False, **QUIET)
        return self.unfinished.tick(self.resume, self.files, changed, concurrency_limit=None, **QUIET)

    def locked(self) -> dict[Any, Any]:
        """While work is under way: what is worked on stays what the page shows."""
        return {**self.buttons.locked(), self.files: gr.update(interactive=False)}

    def unlocked(self, ready: bool = True) -> dict[Any, Any]:
        """Before and after; `ready` if there is something to start with."""
        return {**self.buttons.unlocked(ready), self.files: gr.update(interactive=True)}

    def look(self, files: Any, request: gr.Request) -> dict[Any, Any]:
        """Files were chosen, or taken away: what was shown about others goes. What this session has done with the same
        ones is shown again."""
        nothing = {self.result: gr.update(visible=False)}
        if not files:
            self.desk.session(request).tabs.pop(self.name, None)
            return {**nothing, **self.unlocked(False), **self.welcome()}
        session = self.desk.session(request)
        try:
            shown = {**nothing, **self.unlocked(), **self.accepted(files, session)}
        except D3PError as error:
            return {**nothing, **self.unlocked(False), **self.welcome(), self.buttons.status: panels.failed(str(error))}
        known = self._known(files, session)
        if known is None:
            session.tabs[self.name] = Shown(_names(files))
        return {**shown, **self._earlier(known)} if known else shown

    def resume(self, files: Any, request: gr.Request) -> Iterator[dict[Any, Any]]:
        """A page was loaded again while a run was under way: follow it."""
        yield {self.unfinished: gr.Timer(active=False)}
        known = self._known(files, self.desk.session(request)) if files else None
        if known is None:
            return
        delivery = yield from self.buttons.follow(self.desk.follow(known, self.desk.sessions.grace_s))
        yield {**self.unlocked(), **(self.delivered(delivery) if delivery else {})}

    def restored(self, session: Session) -> dict[Any, Any]:
        """The choices of an earlier page; its files, with which all the rest comes again."""
        shown = session.tabs.get(self.name)
        if shown is None or not all(Path(file).is_file() for file in shown.files):  # old files go before their session
            return {}
        return {self.files: self._value(shown.files), **(self.form.taken(shown.wish) if shown.wish else {})}

    def _value(self, files: list[str]) -> Any:
        return files[0] if self.files.file_count == "single" else files

    def _known(self, files: Any, session: Session) -> Shown | None:
        shown = session.tabs.get(self.name)
        return shown if shown and shown.job and shown.files == _names(files) else None

    def _earlier(self, shown: Shown) -> dict[Any, Any]:
        """What a run has come to, or that it goes on."""
        assert shown.job is not None
        if not shown.job.done():
            card = panels.waiting(self.desk.slot.ahead(shown.job))
            return {**self.locked(), self.buttons.status: card, self.unfinished: gr.Timer(active=True)}
        try:
            return self.delivered(self.desk.outcome(shown.job), again=True)
        except Cancelled:
            return {}
        except D3PError as error:
            return {self.buttons.status: panels.failed(str(error))}


def _names(files: Any) -> list[str]:
    return [files] if isinstance(files, str) else list(files)
