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
from app.web.uploads import file_box


class FolderTab:
    """The tab."""

    def __init__(self, desk: Desk) -> None:
        """Lay it out inside the Blocks that are being built."""
        self._desk = desk
        with gr.Row(equal_height=False, elem_classes="d3p-top"):
            with gr.Column(scale=6, min_width=320):
                self.videos = file_box(label="Videos", file_count="multiple", height=360, elem_id="folder-videos")
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
        desk, form, buttons = self._desk, self.form, self.buttons
        self.videos.change(desk.look_folder, self.videos, buttons.status, queue=False, **QUIET)
        asked = buttons.start.click(
            self._prepare, self.videos, buttons.status, inputs_kwargs=form.controls, concurrency_limit=None, **QUIET
        )
        locked = asked.success(self._begin, None, [*buttons.both(), self.result], queue=False, **QUIET)
        shown = [buttons.status, *buttons.both(), self.result, self.table, self.archive, self.report]
        run = locked.success(
            self._run, self.videos, shown, inputs_kwargs=form.controls, concurrency_limit=None, **QUIET
        )
        buttons.stop.click(
            desk.give_up, None, buttons.status, queue=False, cancels=[run], **QUIET
        ).then(
            buttons.unlocked, None, buttons.both(), queue=False, **QUIET
        )  # fmt: skip

    def _begin(self) -> dict[Any, Any]:
        return {**self.buttons.locked(), self.result: gr.update(visible=False)}

    def _prepare(self, videos: list[str] | None, request: gr.Request, **wish: Any) -> Iterator[str]:
        yield from self._desk.prepare_folder(videos, Wish(**wish), request)

    def _run(self, videos: list[str], request: gr.Request, **wish: Any) -> Iterator[dict[Any, Any]]:
        delivery = yield from self.buttons.follow(self._desk.work_folder(videos, Wish(**wish), request))
        yield {**self.buttons.unlocked(), **(self._delivered(delivery) if delivery else {})}

    def _delivered(self, delivery: FolderDelivery) -> dict[Any, Any]:
        return {
            self.buttons.status: panels.folder_finished(delivery.outcomes, delivery.seconds),
            self.result: gr.update(visible=True),
            self.table: f"<div class='d3p-report'>{delivery.table}</div>",
            self.archive: str(delivery.archive),
            self.report: str(delivery.report),
        }
