"""Weights: good ones, and cards with entries that lie."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from estimators.lifting import Lifter
from estimators.observation import Observation
from refiner.refiner import Refiner

from .case import EITHER, REFUSED, RIGHT, Case, Place
from .material import LIFTER_CARD, REFINER_CARD, seal

AREA = "weights"
FILE = "tiny-9.safetensors"


def cases() -> Iterator[Case]:
    for kind, load in (("lifter", lift), ("refiner", _refine)):
        yield Case(AREA, f"a good {kind}", load, RIGHT, copied())
        yield from _cards(kind, load)


def _observed() -> Observation:
    points = np.random.default_rng(0).uniform(0, 100, (20, 17, 2)).astype("f4")
    return Observation.of(points, None, (160, 120), 30.0)


def lift(place: Place) -> None:
    """Loads the lifter of the inputs and lifts with it."""
    lifter = Lifter.load(str(place.inputs / FILE))
    poses = lifter.lift(_observed())
    assert poses.shape == (20, 17, 3) and np.isfinite(poses).all()


def _refine(place: Place) -> None:
    refiner = Refiner.load(str(place.inputs / f"refiner-{FILE}"))
    refined = refiner.refine(_observed(), np.zeros((20, 17, 3), "f4"))
    assert np.isfinite(refined.poses).all() and refiner.description()


def copied(*changes: tuple[str, Any]) -> Callable[[Place], object]:
    """Both weights; cards with entries changed, `KeyError` for one that is not there. Dots lead inside."""

    def prepare(place: Place) -> None:
        for name, card in (("tiny-9", LIFTER_CARD), ("refiner-tiny-9", REFINER_CARD)):
            card = copy.deepcopy(card)
            for path, value in changes:
                inside, *rest = path.split(".")
                target = card[inside] if rest else card
                key = rest[0] if rest else inside
                if value is KeyError:
                    target.pop(key, None)
                else:
                    target[key] = value
            seal(place.inputs, name, place.good(f"{name}.safetensors"), card)

    return prepare


def _cards(kind: str, load: Callable[[Place], None]) -> Iterator[Case]:
    for key in (
        "kind",
        "architecture",
        "frames",
        "normalisation",
        "tds_fps",
        *(["lifter"] if kind == "refiner" else []),
    ):
        yield Case(AREA, f"{kind}: card without {key}", load, REFUSED, copied((key, KeyError)), quick=key == "frames")
    wrong: dict[str, list[Any]] = {
        "kind": ["juggler", 3, None, ["lifter"]],
        "frames": [0, -9, 10**9, "9", None, 9.5, [9], True, float("nan")],
        "normalisation": ["none", 3, None, ["person"], {}, "image"],
        "tds_fps": [0, -25, "25", None, float("nan"), float("inf"), 1e-300, [25]],
        "architecture": [None, [], "STCFormer", {}, 7],
        "architecture.channels": [0, -16, 10**9, 2**62, "16", 16.5, 15, None, [16]],
        "architecture.depth": [0, -1, 10**9, "1", 2, None], "architecture.dropout": [7, "x", -1.0, float("nan")],
        "architecture.unknown": [1], "architecture.in_channels": [3, 10**12],
    }  # fmt: skip
    if kind == "lifter":
        wrong["architecture.type"] = ["Oracle", None, 3, "__import__('os').system('touch canary')", "nn.Linear"]
    else:
        wrong["architecture.output"] = ["nothing", 3, None]
        wrong["scores"] = ["yes", 1, None, [True]]
        wrong["uncertainty"] = ["large", [1.0], {"scale": "x"}, {"tail": float("nan")}, {"scale": None}]
    for path, values in wrong.items():
        for value in values:
            harmless = path in ("architecture.in_channels",) and kind == "refiner"
            ends = EITHER if value == 1e-300 or path == "architecture.dropout" or harmless else REFUSED
            yield Case(
                AREA,
                f"{kind}: {path} = {value!r}",
                load,
                ends,
                copied((path, value)),
                quick=(path, value) == ("architecture.channels", 10**9),
            )
