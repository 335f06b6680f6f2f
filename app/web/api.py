"""The same for programs: named endpoints, for gradio_client or any HTTP client.

    /choices   ()                                                         what can be chosen, the defaults, the limits
    /check     (video)                                                    what the video is, or why it is not taken
    /process   (video, detector, lifter, frames, person, steps, refine)   summary, files, zip
    /cancel    ()                                                         stops what this client has under way

An error is one sentence, raised at the client.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from app.web import choices
from app.web.handlers import Desk, sentence
from app.web.jobs import Cancelled
from app.web.limits import seconds_of
from app.web.work import Delivery
from estimators.errors import D3PError

_POLL_S = 1.0


def add_endpoints(desk: Desk, work_id: str) -> None:
    """Add the endpoints to the Blocks that are being built; what computes waits in the queue `work_id`."""
    api = Api(desk)
    default, lifters = choices.DEFAULTS, choices.lifters()
    lifter = next(iter(lifters), default.lifter)
    with gr.Group(visible=False):
        trigger = gr.Button()
        video = gr.File(label="video", type="filepath")
        detector = gr.Textbox(choices.BUNDLED_DETECTOR, label="detector")
        lifter_name = gr.Textbox(lifter, label="lifter")
        frames = gr.Number(next(iter(lifters.get(lifter, [])), default.frames), label="frames", precision=0)
        person = gr.Textbox(default.person, label="person")
        steps = gr.Number(default.steps, label="steps", precision=0)
        refine = gr.Checkbox(default.refine, label="refine")
        summary = gr.JSON(label="summary")
        files = gr.File(label="files", file_count="multiple")
        archive = gr.File(label="zip")
    form = [video, detector, lifter_name, frames, person, steps, refine]
    trigger.click(
        api.process, form, [summary, files, archive], api_name="process", concurrency_limit=1, concurrency_id=work_id
    )
    trigger.click(api.check, video, summary, api_name="check", concurrency_limit=4, concurrency_id="check")
    trigger.click(api.choices, None, summary, api_name="choices", queue=False)
    trigger.click(api.cancel, None, summary, api_name="cancel", queue=False)


class Api:
    """The endpoints; each method is one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def choices(self) -> dict[str, Any]:
        """Names of detectors and lifters (with their windows T), default options, and limits of a video."""
        default, limits = choices.DEFAULTS, self._desk.limits
        return {
            "detectors": [name for _, name in choices.detectors()],
            "lifters": choices.lifters(),
            "person": ["largest", "all", "the number of a person"],
            "steps": [1, choices.MAX_STEPS],
            "defaults": {"steps": default.steps, "person": default.person, "refine": default.refine},
            "limits": {
                "seconds": limits.seconds, "frames": limits.frames, "megapixels": limits.megapixels,
                "megabytes": limits.megabytes,
            },
        }  # fmt: skip

    def check(self, video: str | None, request: gr.Request) -> dict[str, Any]:
        """Size, frames, rate and length of a video that would be taken; an error for one that would not."""
        try:
            info = self._desk.admit(video, self._desk.sessions.of(request.session_hash))
        except D3PError as error:
            raise sentence(error) from error
        return {
            "width": info.size[0],
            "height": info.size[1],
            "frames": len(info.clock.ticks),
            "fps": float(info.fps),
            "seconds": seconds_of(info),
        }

    def process(
        self,
        video: str | None,
        detector: str,
        lifter: str,
        frames: int,
        person: str,
        steps: int,
        refine: bool,
        request: gr.Request,
    ) -> tuple[dict[str, Any], list[str], str]:
        """Run the pipeline on a video: a summary with quality.json inside, the files, and a zip of all."""
        desk, session = self._desk, self._desk.sessions.of(request.session_hash)
        try:
            options = choices.options(detector, lifter, frames, person, steps, refine)
            desk.admit(video, session)
            job = desk.begin(str(video), options, session)
            while not job.wait(_POLL_S):
                pass
            delivery = desk.outcome(job)
        except Cancelled:
            raise gr.Error("The run was cancelled; nothing of it was kept.", print_exception=False) from None
        except D3PError as error:
            raise sentence(error) from error
        return _summary(delivery), [str(path) for path in delivery.files], str(delivery.archive)

    def cancel(self, request: gr.Request) -> dict[str, int]:
        """Stop what this client has under way; says how many runs that were."""
        return {"cancelled": self._desk.stop(self._desk.sessions.of(request.session_hash))}


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
