"""The same for programs: named endpoints, for gradio_client or any HTTP client.

    /choices   ()                         what can be chosen, the defaults, the presets, the limits
    /check     (video)                    what the video is, or why it is not taken
    /people    (video, detector, rotate)  who is in it, with pictures and numbers
    /process   (video, OPTIONS)           summary, files, zip
    /folder    (videos, OPTIONS)          report, report.html, zip
    /cancel    ()                         stops what this client has under way

A video is what an upload has answered; the same session asks for `/people` and then for one of them by number. OPTIONS
are those of `app.options` that the page shows: detector, lifter, frames, person, steps, refine, looks, rotate. An error
is one sentence, raised at the client.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from app.batch.outcome import sum_up
from app.options import EVERYBODY
from app.web import choices
from app.web.choices import Wish
from app.web.delivery import Delivery
from app.web.handlers import Desk, sentence
from app.web.jobs import Cancelled, Job
from app.web.limits import seconds_of
from estimators.errors import D3PError

_POLL_S = 1.0


def add_endpoints(desk: Desk) -> None:
    """Add the endpoints to the Blocks that are being built."""
    api = Api(desk)
    slot: dict[str, Any] = {"concurrency_limit": None}  # the slot of the desk is the queue
    with gr.Group(visible=False):
        trigger = gr.Button()
        video, videos = gr.File(label="video"), gr.File(label="videos", file_count="multiple")
        wish: dict[str, Block] = {name: _control(name, value) for name, value in choices.defaults().asked.items()}
        summary = gr.JSON(label="summary")
        files, archive = gr.File(label="files", file_count="multiple"), gr.File(label="zip")
        report = gr.File(label="report")
    delivered = [summary, files, archive]
    trigger.click(api.process, video, delivered, inputs_kwargs=wish, api_name="process", **slot)
    trigger.click(api.folder, videos, [summary, report, archive], inputs_kwargs=wish, api_name="folder", **slot)
    trigger.click(api.people, [video, wish["detector"], wish["rotate"]], summary, api_name="people", **slot)
    trigger.click(api.check, video, summary, api_name="check", concurrency_limit=4, concurrency_id="check")
    trigger.click(api.choices, None, summary, api_name="choices", queue=False)
    trigger.click(api.cancel, None, summary, api_name="cancel", queue=False)


def _control(name: str, default: str | float | bool) -> Component:
    """Describes a value to clients; handed on as it was sent, for `Wish.options` to check."""
    control: Component
    if isinstance(default, bool):
        control = gr.Checkbox(default, label=name)
    elif isinstance(default, str):
        control = gr.Textbox(default, label=name)
    else:
        control = gr.Number(default, label=name, precision=0)
    control.preprocess = lambda payload: payload  # type: ignore[method-assign]
    return control


class Api:
    """The endpoints; each method is one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def choices(self) -> dict[str, Any]:
        """Names of detectors and lifters (with their windows T), what the other options can be, defaults, presets, and
        the limits of a video."""
        return {
            "detectors": [name for _, name in choices.detectors()],
            "lifters": choices.lifters(),
            "person": [*EVERYBODY, "the number of a person"],
            **choices.ranges(),
            "defaults": choices.defaults().asked,
            "presets": choices.presets(),
            "limits": asdict(self._desk.limits),
        }

    def check(self, video: Any, request: gr.Request) -> dict[str, Any]:
        """Size, frames, rate and length of a video that would be taken; an error for one that would not."""
        with _sentences():
            info = self._desk.admit(video, self._desk.session(request))
        return {
            "width": info.size[0],
            "height": info.size[1],
            "frames": len(info.clock.ticks),
            "fps": float(info.fps),
            "seconds": seconds_of(info),
        }

    def people(self, video: Any, detector: str, rotate: str, request: gr.Request) -> list[dict[str, Any]]:
        """Who is in a video: id, share of the frames, whether "largest" means this one, and a picture (base64 JPEG).
        A run on the same video need not look for them again."""
        desk, session = self._desk, self._desk.session(request)
        with _sentences():
            choices.check_search(detector, rotate)
            found = self._wait(desk.begin_finding(video, detector, rotate, session))
        return [asdict(one) for one in found.portraits]

    def process(self, video: Any, request: gr.Request, **wish: Any) -> tuple[dict[str, Any], list[str], str]:
        """Run the pipeline on a video: a summary with quality.json inside, the files, and a zip of all."""
        desk, session = self._desk, self._desk.session(request)
        with _sentences():
            delivery = self._wait(desk.begin(video, Wish(wish).options(), session))
        return _summary(delivery), [str(path) for path in delivery.files], str(delivery.archive)

    def folder(self, videos: Any, request: gr.Request, **wish: Any) -> tuple[dict[str, Any], str, str]:
        """Run it on several videos: what became of each, the report as HTML, and a zip of all. A bad video stops none
        of the others."""
        desk, session = self._desk, self._desk.session(request)
        with _sentences():
            options = Wish(wish).options()
            folder = desk.admit_folder(videos, session)
            delivery = self._wait(desk.begin_folder(folder, options, session))
        told = {**sum_up(delivery.outcomes), "clips": [asdict(one) for one in delivery.outcomes]}
        return told, str(delivery.report), str(delivery.archive)

    def cancel(self, request: gr.Request) -> dict[str, int]:
        """Stop what this client has under way; says how many runs that were."""
        return {"cancelled": self._desk.stop(self._desk.session(request))}

    def _wait(self, job: Job) -> Any:
        while not job.wait(_POLL_S):
            pass
        return self._desk.outcome(job)


@contextmanager
def _sentences() -> Iterator[None]:
    """What goes wrong inside is one sentence at the client."""
    try:
        yield
    except Cancelled:
        raise gr.Error("The run was cancelled; nothing of it was kept.", print_exception=False) from None
    except D3PError as error:
        raise sentence(error) from error


def _summary(delivery: Delivery) -> dict[str, Any]:
    result = delivery.result
    return {
        "frames": len(result.motion),
        "people": [person.id for person in result.motion.people],
        "seconds": result.seconds,
        "warnings": result.warnings,
        "quality": result.quality,
        "errors_mm": delivery.errors,
    }
