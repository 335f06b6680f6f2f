"""The second tab: several videos in a row, with one report and one zip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from app.web import panels
from app.web.choices import Wish
from app.web.folder import FolderDelivery
from app.web.form import QUIET, Buttons, Form
from app.web.handlers import Desk
from app.web.sessions import Session
from app.web.tab import Tab


class FolderTab(Tab):
    """Build the tab that takes several videos."""

    name = "folder"

    def __init__(self, desk: Desk) -> None:
        """Lay it out inside the Blocks that are being built."""
        self.desk = desk
        with gr.Row(equal_height=False, elem_classes="d3p-top"):
            with gr.Column(scale=6, min_width=320):
                self.files = gr.File(label="Videos", file_count="multiple", height=360, elem_id="folder-videos")
            with gr.Column(scale=5, min_width=320):
                self.form = Form("folder-", picking=False)
                self.buttons = Buttons("folder-", panels.welcome(desk.limits.folder_sentence(), "videos"))
        with gr.Column(visible=False, elem_id="folder-result") as self.result:
            self.table = gr.HTML(elem_id="folder-report")
            with gr.Row(equal_height=False):
                self.archive = gr.DownloadButton(
                    "Download everything (zip)", variant="primary", elem_id="folder-archive"
                )
                self.report = gr.DownloadButton("Download the report (HTML)", elem_id="folder-page")
        self._connect()

    def _connect(self) -> None:
        desk, form, buttons = self.desk, self.form, self.buttons
        resumed = self.connect_files()
        asked = buttons.start.click(
            self._prepare, self.files, buttons.status, inputs_kwargs=form.controls, concurrency_limit=None, **QUIET
        )
        held = [*buttons.both(), self.files]
        locked = asked.success(self._begin, None, [*held, self.result], queue=False, **QUIET)
        run = locked.success(
            self._run, self.files, self.outputs(), inputs_kwargs=form.controls, concurrency_limit=None, **QUIET
        )
        buttons.stop.click(
            desk.give_up, None, buttons.status, queue=False, cancels=[run, resumed], **QUIET
        ).then(
            self.unlocked, None, held, queue=False, **QUIET
        )  # fmt: skip

    def outputs(self) -> list[Any]:
        """All components about the videos."""
        about = [self.buttons.status, *self.buttons.both(), self.files]
        return [*about, self.result, self.table, self.archive, self.report]

    def welcome(self) -> dict[Any, Any]:
        """There are no videos."""
        return {self.buttons.status: panels.welcome(self.desk.limits.folder_sentence(), "videos")}

    def accepted(self, files: Any, session: Session) -> dict[Any, Any]:
        """Check the videos; one that can be processed is enough to start."""
        folder = self.desk.admit_folder(files, session)
        ready = len(folder.outcomes) < len(folder.names)
        return {**self.unlocked(ready), self.buttons.status: panels.folder_accepted(folder)}

    def _begin(self) -> dict[Any, Any]:
        return {**self.locked(), self.result: gr.update(visible=False)}

    def _prepare(self, videos: list[str] | None, request: gr.Request, **wish: Any) -> Iterator[str]:
        yield from self.desk.prepare_folder(videos, Wish(wish), request)

    def _run(self, videos: list[str], request: gr.Request, **wish: Any) -> Iterator[dict[Any, Any]]:
        delivery = yield from self.buttons.follow(self.desk.run_folder(videos, Wish(wish), request))
        yield {**self.unlocked(), **(self.delivered(delivery) if delivery else {})}

    def delivered(self, delivery: FolderDelivery, again: bool = False) -> dict[Any, Any]:
        """The report, and what can be downloaded."""
        return {
            self.buttons.status: panels.folder_finished(delivery.outcomes, delivery.seconds),
            self.result: gr.update(visible=True),
            self.table: f"<div class='d3p-report'>{delivery.table}</div>",
            self.archive: str(delivery.archive),
            self.report: str(delivery.report),
        }
