"""The first tab: one video and what to do with it, its status, its result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from app.options import EVERYBODY
from app.web import choices, panels, pictures
from app.web.choices import Wish
from app.web.delivery import Delivery
from app.web.form import PICK, QUIET, Buttons, Form
from app.web.handlers import Desk, sentence
from app.web.people import Found
from app.web.sessions import Session
from app.web.tab import Tab
from estimators.errors import ConfigError

_VIEWER_JS = """\
const load = () => import(new URL("viewer/viewer.js", document.baseURI).href)
    .then((module) => module.show(element, props.value))
    .catch((error) => { element.textContent = "The viewer could not be started: " + error.message; });
watch("value", load);
if (props.value && props.value.playback) load();
"""
_PREVIEW_JS = """\
const load = () => import(new URL("viewer/preview.js", document.baseURI).href)
    .then((module) => module.show(element, props.value));
watch("value", load);
if (props.value) load();
"""
_EXAMPLES_JS = """\
element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-clip]");
    if (button) trigger("select", { clip: button.dataset.clip });
});
"""


class Workbench(Tab):
    """Build the tab that takes one video."""

    name = "run"

    def __init__(self, desk: Desk, clips: dict[str, tuple[Path, Path]]) -> None:
        """Lay it out inside the Blocks that are being built; `clips` are the examples: name -> (video, truth)."""
        self.desk, self._clips = desk, clips
        with gr.Row(equal_height=False, elem_classes="d3p-top"):
            with gr.Column(scale=6, min_width=320):
                self._video_input()
            with gr.Column(scale=5, min_width=320):
                self.form = Form("", picking=True)
                self.searches = gr.State(0)  # counts the wishes to see the people; a new one begins a search
                self.found_in = gr.State(None)  # the video whose people are shown
                self.buttons = Buttons("", panels.welcome(desk.limits.sentence()))
        with gr.Column(visible=False, elem_id="result") as self.result:
            self._result()
        self._connect()

    def _video_input(self) -> None:
        # A box for files and not for videos: gradio's takes only what browsers call a video (no GIF), and says of what
        # the browser cannot play (HEVC) that it is none.
        with gr.Column(elem_classes="d3p-input"):
            self.files = gr.File(label="Video", elem_id="video")
            self.preview = gr.HTML(
                None,
                html_template="<div class='d3p-preview'></div>",
                js_on_load=_PREVIEW_JS,
                elem_id="preview",
                visible=False,
            )
        self.examples = gr.HTML(
            pictures.example_cards(self._clips), js_on_load=_EXAMPLES_JS, elem_id="examples", visible=bool(self._clips)
        )
        with gr.Accordion("Record with the webcam", open=False, elem_id="webcam"):
            self.webcam = gr.Video(
                show_label=False,
                sources=["webcam"],
                webcam_options=gr.WebcamOptions(mirror=False),
                include_audio=True,  # else gradio would have it stripped by a program that may not be there
                height=320,
                elem_id="camera",
                buttons=[],
            )

    def _result(self) -> None:
        self.viewer = gr.HTML(
            None, html_template="<div class='d3p-viewer'></div>", js_on_load=_VIEWER_JS, elem_id="viewer"
        )
        with gr.Row(equal_height=False):
            with gr.Column(scale=6, min_width=320):
                self.numbers = gr.HTML(elem_id="numbers")
            with gr.Column(scale=5, min_width=320):
                self.archive = gr.DownloadButton("Download everything (zip)", variant="primary", elem_id="archive")
                self.downloads = gr.File(label="Files", file_count="multiple", interactive=False, elem_id="files")

    # --- events ------------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        desk, form, buttons = self.desk, self.form, self.buttons
        slot: dict[str, Any] = {"concurrency_limit": None, **QUIET}  # the slot of the desk is the queue
        picker = [form.who, form.person, form.people, self.found_in]
        held = [*buttons.both(), self.files]
        resumed = self.connect_files()
        self.examples.select(self._example, None, self.files, queue=False, **QUIET)
        self.webcam.change(self._recorded, self.webcam, [self.files, self.webcam], queue=False, **QUIET)
        for other in (self.files, form.controls["detector"], form.controls["rotate"]):
            other.change(self._outdated, form.who, picker, queue=False, **QUIET)

        asked = buttons.start.click(
            self._prepare, [self.files, self.found_in], buttons.status, inputs_kwargs=form.controls,
            concurrency_limit=None, **QUIET,
        )  # fmt: skip
        locked = asked.success(self._begin, None, [*held, self.result], queue=False, **QUIET)
        run = locked.success(self._run, self.files, self.outputs(), inputs_kwargs=form.controls, **slot)

        form.who.input(  # queued: only then does gradio tell the page that a state has changed
            self._choose, [form.who, self.searches], [form.person, form.people, self.searches],
            concurrency_limit=None, **QUIET,
        )  # fmt: skip
        form.people.select(self._picked, None, form.person, queue=False, **QUIET)
        where = [self.files, form.controls["detector"], form.controls["rotate"]]
        sought = self.searches.change(desk.prepare_finding, where, buttons.status, concurrency_limit=None, **QUIET)
        sought.failure(self._forget, None, picker, queue=False, **QUIET)
        begun = sought.success(self.locked, None, held, queue=False, **QUIET)
        find = begun.success(self._find, where, [buttons.status, *held, *picker], **slot)
        buttons.stop.click(
            desk.give_up, None, buttons.status, queue=False, cancels=[run, find, resumed], **QUIET
        ).then(
            self._stopped, form.person, [*held, *picker], queue=False, **QUIET
        )  # fmt: skip

    # --- what the page shows about a video ---------------------------------------------------------------------------

    def outputs(self) -> list[Any]:
        """All components about a video."""
        about = [self.buttons.status, *self.buttons.both(), self.files, self.preview]
        return [*about, self.result, self.viewer, self.numbers, self.downloads, self.archive]

    def welcome(self) -> dict[Any, Any]:
        """There is no video."""
        words = panels.welcome(self.desk.limits.sentence())
        return {self.buttons.status: words, self.preview: gr.update(value=None, visible=False)}

    def accepted(self, files: Any, session: Session) -> dict[Any, Any]:
        """Check a video, and show its first frame, made here: not every browser can play every video."""
        info = self.desk.admit(files, session)
        shown = {"frame": pictures.first_frame(info.path), "video": gr.FileData(path=str(info.path)).model_dump()}
        return {self.buttons.status: panels.accepted(info), self.preview: gr.update(value=shown, visible=True)}

    def _example(self, chosen: gr.EventData, request: gr.Request) -> Any:
        """The path of the example clicked: its name is looked up, never used as a path."""
        clip = self._clips.get(str(chosen._data.get("clip")))
        return str(clip[0]) if clip and self.desk.session(request).idle else gr.skip()

    def _recorded(self, recording: Any, request: gr.Request) -> dict[Any, Any]:
        """What the webcam has recorded is the video now."""
        if recording is None or not self.desk.session(request).idle:
            return {self.webcam: gr.skip()}
        return {self.files: recording, self.webcam: None}

    def _begin(self) -> dict[Any, Any]:
        return {**self.locked(), self.result: gr.update(visible=False)}

    def _prepare(self, video: str | None, found_in: str | None, request: gr.Request, **wish: Any) -> Iterator[str]:
        if wish["person"] not in EVERYBODY and found_in != video:
            error = ConfigError("The person was picked in another video; choose how to pick one in this video.")
            yield panels.failed(str(error))
            raise sentence(error, told=True)
        yield from self.desk.prepare(video, Wish(wish), request)

    def _run(self, video: str, request: gr.Request, **wish: Any) -> Iterator[dict[Any, Any]]:
        delivery = yield from self.buttons.follow(self.desk.run(video, Wish(wish), request))
        yield {**self.unlocked(), **(self.delivered(delivery) if delivery else {})}

    def delivered(self, delivery: Delivery, again: bool = False) -> dict[Any, Any]:
        """The result of a run."""
        result = delivery.result
        return {
            self.buttons.status: panels.finished(
                delivery.seconds, len(result.motion.people), result.warnings, len(result.motion.left_out)
            ),
            self.result: gr.update(visible=True),
            self.viewer: {
                "video": gr.FileData(path=str(delivery.video)).model_dump(),
                "playback": gr.FileData(path=str(delivery.playback)).model_dump(),
                "again": again,
            },
            self.numbers: panels.numbers(result.quality, delivery.errors),
            self.downloads: [str(path) for path in delivery.files],
            self.archive: str(delivery.archive),
        }

    # --- picking a person --------------------------------------------------------------------------------------------

    def _choose(self, who: str, searches: int) -> dict[Any, Any]:
        """One of the radio buttons was clicked."""
        return {
            self.form.person: who,  # PICK until somebody is found
            self.form.people: gr.update(visible=False),
            self.searches: searches + (who == PICK),
        }

    def _picked(self, chosen: gr.EventData) -> str:
        """One of the pictures was clicked; what it says is checked with the rest of the wish."""
        return str(chosen._data.get("person"))

    def _find(self, video: str, detector: str, rotate: str, request: gr.Request) -> Iterator[dict[Any, Any]]:
        found = yield from self.buttons.follow(self.desk.find(video, detector, rotate, request))
        yield {**self.unlocked(), **(self._shown(found, video) if found else self._forget())}

    def _shown(self, found: Found, video: str) -> dict[Any, Any]:
        (largest,) = [one for one in found.portraits if one.largest]
        return {
            self.buttons.status: panels.found(len(found.portraits)),
            self.form.who: PICK,
            self.form.person: str(largest.id),
            self.form.people: gr.update(value=pictures.people_cards(found.portraits), visible=True),
            self.found_in: video,
        }

    def _forget(self) -> dict[Any, Any]:
        """Nobody is picked."""
        default = choices.DEFAULTS.person
        return {
            self.form.who: default,
            self.form.person: default,
            self.form.people: gr.update(value="", visible=False),
            self.found_in: None,
        }

    def _outdated(self, who: str) -> dict[Any, Any]:
        """Whoever was found was found in another video, or by another detector."""
        return (
            self._forget()
            if who == PICK
            else {self.form.people: gr.update(value="", visible=False), self.found_in: None}
        )

    def _stopped(self, person: str) -> dict[Any, Any]:
        return {**self.unlocked(), **(self._forget() if person == PICK else {})}
