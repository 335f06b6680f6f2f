"""The page: layout, and which handler each control calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from app.web import about, choices, panels
from app.web.api import add_endpoints
from app.web.handlers import Desk
from app.web.work import Delivery
from demo_videos.truth import demo_clips

STATIC = Path(__file__).parent / "static"
WORK_ID = "work"  # all that computes shares one place in gradio's queue

_HEADER = """\
<header class="d3p-header"><h1>D3PRefiner</h1>
<p>Video in, 3D human motion out: found in 2D, lifted to 3D, refined by diffusion.</p></header>
"""
_VIEWER_JS = """\
const load = () => import(new URL("viewer/viewer.js", document.baseURI).href)
    .then((module) => module.show(element, props.value))
    .catch((error) => { element.textContent = "The viewer could not be started: " + error.message; });
watch("value", load);
if (props.value && props.value.playback) load();
"""
_EXAMPLES_JS = """\
element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-clip]");
    if (button) trigger("select", { clip: button.dataset.clip });
});
"""


def build_page(desk: Desk, max_age_s: int) -> gr.Blocks:
    """All of the page and its API; files older than `max_age_s` seconds are deleted."""
    with gr.Blocks(
        title="D3PRefiner", analytics_enabled=False, delete_cache=(min(600, max_age_s), max_age_s), fill_width=False
    ) as blocks:
        gr.HTML(_HEADER)
        with gr.Tabs():
            with gr.Tab("Your video", id="run"):
                Workbench(desk)
            with gr.Tab("About", id="about"):
                gr.Markdown(about.about(desk.limits), elem_classes="d3p-prose")
                gr.HTML(about.model_cards())
                gr.Markdown(about.licences(), elem_classes="d3p-prose")
        add_endpoints(desk, WORK_ID)
        blocks.unload(desk.leave)
    return blocks


class Workbench:
    """The first tab: video and choices, status, result."""

    def __init__(self, desk: Desk) -> None:
        """Lay it out, inside the Blocks that are being built."""
        self._desk = desk
        self._clips = demo_clips()
        with gr.Row(equal_height=False, elem_classes="d3p-top"):
            with gr.Column(scale=6, min_width=320):
                self._video_input()
            with gr.Column(scale=5, min_width=320):
                self._options()
                with gr.Row(elem_classes="d3p-buttons"):
                    self.start = gr.Button("Start", variant="primary", elem_id="start", scale=3)
                    self.stop = gr.Button("Cancel", variant="stop", elem_id="cancel", interactive=False, scale=1)
                self.status = gr.HTML(panels.welcome(desk.limits.sentence()), elem_id="status")
        with gr.Column(visible=False, elem_id="result") as self.result:
            self._result()
        self._connect()

    def _video_input(self) -> None:
        self.video = gr.Video(
            label="Video",
            sources=["upload", "webcam"],
            webcam_options=gr.WebcamOptions(mirror=False),
            include_audio=True,  # else gradio would have it stripped by a program that may not be there
            height=360,
            elem_id="video",
            buttons=[],
        )
        self.examples = gr.HTML(
            panels.example_cards(self._clips), js_on_load=_EXAMPLES_JS, elem_id="examples", visible=bool(self._clips)
        )

    def _options(self) -> None:
        self._lifters = choices.lifters()
        names = list(self._lifters)
        frames = self._lifters[names[0]] if names else []
        self.lifter = gr.Dropdown(
            names, value=names[0] if names else None, label="Lifter", info="Turns 2D into 3D.", elem_id="lifter"
        )
        self.who = gr.Radio(
            [("Most prominent", "largest"), ("Everyone", "all"), ("By number", "number")],
            value="largest",
            label="Person",
            elem_id="who",
        )
        self.number = gr.Number(
            None,
            label="Person's number",
            info="As a run with everyone shows it.",
            precision=0,
            minimum=0,
            visible=False,
        )
        with gr.Accordion("More choices", open=False):
            self.refine = gr.Checkbox(
                True, label="Refine", info="The diffusion model after the lifter.", elem_id="refine"
            )
            self.steps = gr.Slider(
                1, choices.MAX_STEPS, choices.DEFAULTS.steps, step=1, label="Diffusion steps", elem_id="steps"
            )
            self.frames = gr.Dropdown(
                frames, value=frames[0] if frames else None, label="Window T", info="Frames seen at once by the lifter."
            )
            self.detector = gr.Dropdown(
                choices.detectors(), value=choices.BUNDLED_DETECTOR, label="Detector", info="Finds people in 2D."
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
                self.files = gr.File(label="Files", file_count="multiple", interactive=False, elem_id="files")

    # --- events ------------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        desk = self._desk
        form = [
            self.video, self.detector, self.lifter, self.frames, self.who, self.number, self.steps, self.refine,
        ]  # fmt: skip
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        self.video.change(desk.look, self.video, self.status, queue=False, **quiet)
        self.examples.select(self._example, None, self.video, queue=False, **quiet)
        self.who.change(lambda who: gr.update(visible=who == "number"), self.who, self.number, queue=False, **quiet)
        self.lifter.change(self._windows, self.lifter, self.frames, queue=False, **quiet)
        self.refine.change(lambda on: gr.update(interactive=on), self.refine, self.steps, queue=False, **quiet)

        shown = [self.status, self.start, self.stop, self.result, self.viewer, self.numbers, self.files, self.archive]
        queued = self.start.click(desk.prepare, form, self.status, concurrency_limit=None, **quiet)
        locked = queued.success(self._lock, None, [self.start, self.stop, self.result], queue=False, **quiet)
        work = locked.success(
            self._present(), form, shown, concurrency_limit=1, concurrency_id=WORK_ID, **quiet
        )  # fmt: skip
        self.stop.click(
            desk.give_up, None, self.status, queue=False, cancels=[work], **quiet
        ).then(self._unlock, None, [self.start, self.stop], queue=False, **quiet)  # fmt: skip

    def _example(self, chosen: gr.EventData) -> str | None:
        """The path of the example clicked: its name is looked up, never used as a path."""
        clip = self._clips.get(str(chosen._data.get("clip")))
        return str(clip[0]) if clip else None

    def _windows(self, lifter: str) -> Any:
        frames = self._lifters.get(lifter, [])
        return gr.update(choices=frames, value=frames[0] if frames else None)

    @staticmethod
    def _lock() -> tuple[Any, Any, Any]:
        return gr.update(interactive=False), gr.update(interactive=True), gr.update(visible=False)

    @staticmethod
    def _unlock() -> tuple[Any, Any]:
        return gr.update(interactive=True), gr.update(interactive=False)

    def _present(self) -> Any:
        """The run's handler, with its cards and result put where they belong."""
        desk = self._desk

        def run(
            video: str,
            detector: str,
            lifter: str,
            frames: int,
            who: str,
            number: float | None,
            steps: float,
            refine: bool,
            request: gr.Request,
        ) -> Iterator[dict[Any, Any]]:
            for card, delivery in desk.work(video, detector, lifter, frames, who, number, steps, refine, request):
                yield self._delivered(card, delivery) if delivery else {self.status: card}
            if delivery is None:
                yield dict(zip([self.start, self.stop], self._unlock(), strict=True))

        return run

    def _delivered(self, card: str, delivery: Delivery) -> dict[Any, Any]:
        start, stop = self._unlock()
        return {
            self.status: card,
            self.start: start,
            self.stop: stop,
            self.result: gr.update(visible=True),
            self.viewer: {
                "video": gr.FileData(path=str(delivery.video)).model_dump(),
                "playback": gr.FileData(path=str(delivery.playback)).model_dump(),
            },
            self.numbers: panels.numbers(delivery.result.quality, delivery.errors),
            self.files: [str(path) for path in delivery.files],
            self.archive: str(delivery.archive),
        }
