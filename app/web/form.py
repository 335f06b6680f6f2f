"""The controls of a run's options, and the buttons that begin and end it: the same for one video and for several."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import closing
from typing import Any, TypeVar

import gradio as gr
from gradio.components import Component

from app.options import EVERYBODY, PRESETS
from app.web import choices

PICK = "pick"  # value of "who" while somebody is looked for, or picked, by picture
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}  # of events that are the page's own

_Result = TypeVar("_Result")
_PEOPLE_JS = """\
element.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-person]");
    if (!chosen) return;
    for (const one of element.querySelectorAll("[data-person]"))
        one.setAttribute("aria-checked", String(one === chosen));
    trigger("select", { person: chosen.dataset.person });
});
"""

_PRESETS = choices.presets()

# In the browser, so that no two answers of the server can cross.
_TAKE_PRESET = f"(name) => Object.values({json.dumps(_PRESETS)}[name])"
_NAME_PRESET = f"""(...chosen) => {{
    const same = ([, values]) => Object.values(values).every((value, i) => String(value) === String(chosen[i]));
    return Object.entries({json.dumps(_PRESETS)}).find(same)?.[0] ?? null;
}}"""

_FIRST = ("refine", "steps", "frames", "detector")  # of "More choices"; the others follow as they are declared


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
        self._name, self._default = name, choices.defaults().asked
        self.preset = gr.Radio(
            [(preset.capitalize(), preset) for preset in PRESETS],
            value="best",
            label="Preset",
            info="Fast looks at fewer frames, and asks a small refiner once.",
            elem_id=f"{name}preset",
        )
        made = {"lifter": self._control("lifter")}
        self._choose_person(picking)
        made["person"] = self.person
        with gr.Accordion("More choices", open=False):
            for one in (*_FIRST, *(one for one in choices.offered() if one not in (*_FIRST, *made))):
                made[one] = self._control(one)
        self.controls: dict[str, Any] = {one: made[one] for one in choices.offered()}
        self._connect()

    def _control(self, name: str) -> Any:
        """The control of an option, as it is declared to be shown."""
        option, default = choices.offered()[name], self._default[name]
        assert option.shown is not None
        about: dict[str, Any] = {"label": option.shown.label, "info": option.shown.info, "elem_id": self._name + name}
        values = choices.buttons(name)
        if values is not None:  # radio buttons throughout: gradio's list to choose from stays open after a Tab
            return gr.Radio(values, value=default, **about)
        if option.kind is bool:
            return gr.Checkbox(default, **about)
        assert option.least is not None and option.shown.most is not None, f"{name} has no ends for a slider"
        return gr.Slider(option.least, option.shown.most, default, step=1, **about)

    def _choose_person(self, picking: bool) -> None:
        default = self._default["person"]
        whom = [(label, who) for who, label in EVERYBODY.items()] + ([("Pick by picture", PICK)] if picking else [])
        self.who = gr.Radio(whom, value=default, label="Person", elem_id=f"{self._name}who")
        self.person: Component = gr.State(default) if picking else self.who
        self.people = gr.HTML(visible=False, js_on_load=_PEOPLE_JS, elem_id=f"{self._name}people", render=picking)

    def _connect(self) -> None:
        # "input" is what a person does; "change" would also follow what these set
        lifter, frames, refine = (self.controls[name] for name in ("lifter", "frames", "refine"))
        lifter.input(_windows, [lifter, frames], frames, queue=False, **QUIET)
        preset = [self.controls[name] for name in _PRESETS["best"]]
        self.preset.input(None, self.preset, preset, js=_TAKE_PRESET, queue=False, **QUIET)
        chosen = [control.input for control in preset]
        gr.on(chosen, None, preset, self.preset, js=_NAME_PRESET, queue=False, **QUIET)
        refine.change(lambda on: gr.update(interactive=on), refine, self.controls["steps"], queue=False, **QUIET)

    def taken(self, wish: choices.Wish) -> dict[Any, Any]:
        """The controls as they were when this was asked for; somebody picked by picture is to be picked again."""
        chosen, who = {name: wish.asked[name] for name in self.controls if name != "person"}, wish.asked["person"]
        presets = [name for name, preset in _PRESETS.items() if all(chosen[key] == preset[key] for key in preset)]
        whom = {self.who: who, self.person: who} if who in EVERYBODY else {}
        windows = gr.update(choices=choices.windows(chosen["lifter"], chosen["frames"]), value=chosen["frames"])
        controls = {self.controls[name]: value for name, value in chosen.items()}
        return {**controls, self.controls["frames"]: windows, self.preset: next(iter(presets), None), **whom}

    def everything(self) -> list[Any]:
        """The outputs of `taken`."""
        return [self.preset, self.who, *self.controls.values()]


def _windows(lifter: str, chosen: int) -> Any:
    """The windows T that there are for a lifter, after it was chosen."""
    frames = choices.lifters().get(lifter, [])
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
