"""Weights through the commands that list and verify them, and names of weights that are none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from estimators import weights
from estimators.lifting import Lifter

from .cards import AREA, FILE, copied
from .case import EITHER, REFUSED, RIGHT, Case, Place, d3p
from .weight_files import CARD_TEXTS


def _in_folder(*arguments: object) -> Callable[[Place], None]:
    """A command with the place's inputs as the folder of weights."""

    def act(place: Place) -> None:
        weights.weight_folders = lambda: [place.inputs]
        d3p(*arguments)

    return act


def cases() -> Iterator[Case]:
    yield Case(AREA, "verify: good ones", _in_folder("weights", "verify"), RIGHT, copied())
    yield Case(AREA, "verify: none", _in_folder("weights", "verify"), REFUSED)
    yield Case(
        AREA,
        "verify: a wrong hash",
        _in_folder("weights", "verify"),
        REFUSED,
        lambda p: (copied()(p), p.put(FILE, b"x")),
        quick=True,
    )
    yield Case(AREA, "list: none", _in_folder("weights", "list"), REFUSED)
    for what, text in CARD_TEXTS.items():
        for action in ("verify", "list"):
            yield Case(
                AREA,
                f"{action}: a card that is {what}",
                _in_folder("weights", action),
                EITHER if (action, what) == ("list", "twice") else REFUSED,  # to list them, no hash is needed
                lambda p, t=text: (copied()(p), p.put("tiny-9.json", t)),
            )
    for key, value in (
        ("metrics", [1, 2]),
        ("metrics", None),
        ("metrics", {"[/x]": {"a": [1]}}),
        ("licence", {"a": 1}),
        ("kind", ["[bold]"]),
        ("licence", "[/nothing]"),
        ("metrics", "x" * 9999),
    ):
        yield Case(
            AREA, f"list: {key} = {str(value)[:20]!r}", _in_folder("weights", "list"), EITHER, copied((key, value))
        )
    yield Case(
        AREA, "list: a card without weights", _in_folder("weights", "list"), REFUSED, lambda p: p.put("x.json", "{}")
    )
    for name in ("../../x", "/etc/passwd", "", "a\0b", "n" * 5000, "../in/tiny-9", "http://127.0.0.1:9/x", "[bold]"):
        yield Case(
            AREA, f"a lifter called {name[:20]!r}", lambda p, n=name: Lifter.load(n), REFUSED, quick=name == "../../x"
        )
        yield Case(
            AREA,
            f"run --lifter {name[:20]!r}",
            lambda p, n=name: d3p("run", p.material / "clip.mp4", "-o", p.out, f"--lifter={n}"),
            REFUSED,
        )
    yield Case(AREA, "a name that leads out of the folder", _outside, REFUSED, copied())


def _outside(place: Place) -> None:
    weights.weight_folders = lambda: [place.root / "home"]
    weights.load("../in/tiny-9")
