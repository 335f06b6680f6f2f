"""The controls of a run's options, and the buttons that begin and end it: the same for one video and for several."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import closing
from typing import Any, TypeVar

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from app.options import PRESETS, ROTATIONS, UNSURE
from app.web import choices

PICK = "pick"  # value of "who" while somebody is looked for, or picked, by picture
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}  # of events that are the page's own

_Result = TypeVar("_Result")
_PEOPLE_JS = """\
element.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-person]");
    if (!chosen) return;
    for (const one of element.querySelectorAll("[data-person]")) one.setAttribute("aria-checked", String(one === chosen));
    trigger("select", { person: chosen.dataset.person });
});
"""

_LOOKS = sorted({preset["looks"] for preset in PRESETS.values()} - {0})

# What a preset sets. The lifter is another question: every one can be asked thoroughly, or fast.
_PRESETS = {name: {key: value for key, value in preset.items() if key != "lifter"} for name, preset in PRESETS.items()}

# In the browser, so that no two answers of the server can cross.
_TAKE_PRESET = f"(name) => Object.values({json.dumps(_PRESETS)}[name])"
_NAME_PRESET = f"""(...chosen) => Object.entries({json.dumps(_PRESETS)})
    .find(([, values]) => Object.values(values).every((value, i) => String(value) === String(chosen[i])))?.[0] ?? null"""


class Form:
    """The controls.

    Attributes:
        controls: what a `choices.Wish` is made of, by its names.
        who, person: the radio buttons, and the person asked for: "largest", "all" or an id (see `Picker`).
        people: pictures of the people found.
    """

    def __init__(self, name: str, picking: bool) -> None:
        """Lay them out inside the Blocks that are being built.

        Args:
            name: begins the elements' ids.
            picking: whether a person can be picked by picture.
        """
        default = choices.defaults()
        self._lifters = choices.lifters()
        self.preset = gr.Radio(
            [(preset.capitalize(), preset) for preset in PRESETS],
            value="best",
            label="Preset",
            info="Fast looks at fewer frames, and asks a small refiner once.",
            elem_id=f"{name}preset",
        )
        self.lifter = gr.Radio(  # all choices are radio buttons: gradio's list to choose from stays open after a Tab
            list(self._lifters), value=default.lifter, label="Lifter", info="Turns 2D into 3D.", elem_id=f"{name}lifter"
        )
        whom = [("Most prominent", "largest"), ("Everyone", "all")] + ([("Pick by picture", PICK)] if picking else [])
        self.who = gr.Radio(whom, value=default.person, label="Person", elem_id=f"{name}who")
        self.person: Component = gr.State(default.person) if picking else self.who
        self.people = gr.HTML(visible=False, js_on_load=_PEOPLE_JS, elem_id=f"{name}people", render=picking)
        with gr.Accordion("More choices", open=False):
            self.refine = gr.Checkbox(
                default.refine, label="Refine", info="The diffusion model after the lifter.", elem_id=f"{name}refine"
            )
            self.steps = gr.Slider(
                1, choices.MAX_STEPS, default.steps, step=1, label="Diffusion steps", elem_id=f"{name}steps"
            )
            self.frames = gr.Radio(
                self._lifters.get(default.lifter, [default.frames]),
                value=default.frames,
                label="Window T",
                info="Frames seen at once by the lifter.",
                elem_id=f"{name}frames",
            )
            self.detector = gr.Radio(
                choices.detectors(),
                value=default.detector,
                label="Detector",
                info="Finds people in 2D.",
                elem_id=f"{name}detector",
            )
            self.looks = gr.Radio(
                [("at every frame", 0), *((f"{looks} times a second", looks) for looks in _LOOKS)],
                value=default.looks,
                label="Detector looks",
                info="Joints between two looks are interpolated.",
                elem_id=f"{name}looks",
            )
            self.rotate = gr.Radio(
                [("as the people show it", UNSURE), *((f"{degrees}° clockwise", degrees) for degrees in ROTATIONS[1:])],
                value=default.rotate,
                label="Turn the pictures",
                info="For cameras that lay on their side or hung upside down.",
                elem_id=f"{name}rotate",
            )
        self.controls: dict[str, Block] = {
            "detector": self.detector, "lifter": self.lifter, "frames": self.frames, "person": self.person,
            "steps": self.steps, "refine": self.refine, "looks": self.looks, "rotate": self.rotate,
        }  # fmt: skip
        # "input" is what a person does; "change" would also follow what these set
        self.lifter.input(self._windows, [self.lifter, self.frames], self.frames, queue=False, **QUIET)
        preset = [getattr(self, name) for name in _PRESETS["best"]]
        self.preset.input(None, self.preset, preset, js=_TAKE_PRESET, queue=False, **QUIET)
        chosen = [control.input for control in preset]
        gr.on(chosen, None, preset, self.preset, js=_NAME_PRESET, queue=False, **QUIET)
        self.refine.change(lambda on: gr.update(interactive=on), self.refine, self.steps, queue=False, **QUIET)

    def taken(self, wish: choices.Wish) -> dict[Any, Any]:
        """The controls as they were when this was asked for; somebody picked by picture is to be picked again."""
        chosen = {name: getattr(wish, name) for name in self.controls if name != "person"}
        presets = [name for name, preset in _PRESETS.items() if all(chosen[key] == preset[key] for key in preset)]
        whom = {self.who: wish.person, self.person: wish.person} if wish.person in choices.EVERYBODY else {}
        windows = gr.update(choices=self._lifters.get(wish.lifter, [wish.frames]), value=wish.frames)
        controls = {self.controls[name]: value for name, value in chosen.items()}
        return {**controls, self.frames: windows, self.preset: next(iter(presets), None), **whom}

    def everything(self) -> list[Any]:
        """The outputs of `taken`."""
        return [self.preset, self.who, *self.controls.values()]

    def _windows(self, lifter: str, chosen: int) -> Any:
        frames = self._lifters.get(lifter, [])
        return gr.update(choices=frames, value=chosen if chosen in frames else next(iter(frames), None))


# The progress is what to look at after a click: on a phone it is below the window, and its card grows.
_SHOW_PROGRESS = """() => {
    const [buttons, card] = ["NAMEstart", "NAMEstatus"].map((id) => document.getElementById(id));
    const show = () => {
        if (card.getBoundingClientRect().bottom > innerHeight) buttons.scrollIntoView({ block: "start" });
    };
    const growing = new ResizeObserver(show);
    growing.observe(card);
    setTimeout(() => growing.disconnect(), 5000);
}"""


class Buttons:
    """Start, cancel, and the status card under them."""

    def __init__(self, name: str, status: str) -> None:
        """Lay them out; `name` begins their ids, `status` is the first card."""
        with gr.Row(elem_classes="d3p-buttons"):
            self.start = gr.Button("Start", variant="primary", elem_id=f"{name}start", interactive=False, scale=3)
            self.stop = gr.Button("Cancel", variant="stop", elem_id=f"{name}cancel", interactive=False, scale=1)
        self.status = gr.HTML(status, elem_id=f"{name}status")
        self.start.click(None, None, None, js=_SHOW_PROGRESS.replace("NAME", name), queue=False, **QUIET)

    def locked(self) -> dict[Any, Any]:
        """While work is under way."""
        return {self.start: gr.update(interactive=False), self.stop: gr.update(interactive=True)}

    def unlocked(self, ready: bool = True) -> dict[Any, Any]:
        """Before and after; `ready` if there is something to start with."""
        return {self.start: gr.update(interactive=ready), self.stop: gr.update(interactive=False)}

    def both(self) -> list[Any]:
        """The outputs of `locked` and `unlocked`."""
        return [self.start, self.stop]

    def follow(self, work: Generator[str, None, _Result]) -> Generator[dict[Any, Any], None, _Result]:
        """A handler's cards as updates of the page; returns what the handler returns."""
        with closing(work):  # also if the visitor leaves in between
            while True:
                try:
                    card = next(work)
                except StopIteration as over:
                    return over.value
                yield {self.status: card}
