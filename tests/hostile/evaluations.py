"""What is measured on is broken: through `d3p evaluate`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import torch

from .case import EITHER, REFUSED, RIGHT, Case, Place, d3p
from .damage import damaged
from .running import stand_in

AREA = "evaluate"


def _evaluate(*options: str) -> Callable[[Place], None]:
    def act(place: Place) -> None:
        torch.set_num_threads(1)
        stand_in()
        lifter, refiner = (place.material / f"{name}tiny-9.safetensors" for name in ("", "refiner-"))
        named = [option.replace("IN", str(place.inputs)).replace("GOOD", str(place.material)) for option in options]
        if "--lifter" not in named:
            named += ["--lifter", str(lifter), "--refiner", str(refiner)]
        place.out.mkdir(exist_ok=True)
        d3p("evaluate", *[option.replace("OUT", str(place.out)) for option in named])

    return act


def cases() -> Iterator[Case]:
    yield Case(
        AREA,
        "good mocap",
        _evaluate("mocap", "GOOD/mocap.npz", "--json", "OUT/x.json"),
        RIGHT,
        seconds=180,
        memory_mb=700,
    )
    yield Case(AREA, "good Human3.6M", _evaluate("h36m", "GOOD/h36m.npz"), RIGHT, seconds=120)
    for every in ("0", "-1", "x", "1.5"):
        yield Case(
            AREA,
            f"--every={every}",
            _evaluate("mocap", "GOOD/mocap.npz", f"--every={every}"),
            REFUSED,
            quick=every == "0",
            seconds=120,
        )
    for steps in ("0", "-1", "51", "10000000000", "x"):
        yield Case(
            AREA, f"--steps={steps}", _evaluate("mocap", "GOOD/mocap.npz", f"--steps={steps}"), REFUSED, seconds=120
        )
    for device in ("tpu", "", "cuda:99", "meta", "cpu:x"):
        yield Case(
            AREA, f"--device={device}", _evaluate("h36m", "GOOD/h36m.npz", f"--device={device}"), REFUSED, seconds=120
        )
    for target in ("/nowhere/x.json", "OUT", "IN/a/b/c.json"):
        yield Case(
            AREA, f"--json={target}", _evaluate("h36m", "GOOD/h36m.npz", f"--json={target}"), REFUSED, seconds=120
        )
    yield Case(
        AREA,
        "--report",
        _evaluate("mocap", "GOOD/mocap.npz", "--report", "OUT/report"),
        RIGHT,
        seconds=180,
        memory_mb=700,
    )
    for wrong in (
        ("mocap", "GOOD/mocap.npz", "--report", "GOOD/mocap.npz"),
        ("mocap", "GOOD/mocap.npz", "--alone", "nothing"),
        ("mocap", "GOOD/mocap.npz", "--plot", "OUT/x.svg"),
        ("h36m", "GOOD/h36m.npz", "--report", "OUT/report"),
        ("h36m", "GOOD/h36m.npz", "--alone", "stcformer-81"),
    ):
        yield Case(AREA, " ".join(wrong), _evaluate(*wrong), REFUSED, seconds=120)
    for lifters in (
        ("nothing",),
        ("GOOD/tiny-9.safetensors", "nothing"),
        ("GOOD/refiner-tiny-9.safetensors",),
        ("GOOD/plain.pth",),
    ):
        yield Case(
            AREA,
            f"--lifter {' '.join(lifters)}",
            _evaluate("h36m", "GOOD/h36m.npz", "--lifter", *lifters),
            REFUSED,
            seconds=120,
        )
    for job, names in (
        ("mocap", ("nothing", "IN", "GOOD/motion.npz", "/dev/zero")),
        ("h36m", ("nothing", "IN", "GOOD/mocap.npz", "GOOD/data_3d_h36m.npz")),
        ("rendered", ("nothing", "IN", "GOOD/clip.mp4")),
    ):
        for name in names:
            yield Case(
                AREA, f"{job} {name}", _evaluate(job, name), REFUSED, seconds=60, quick=name == "GOOD/motion.npz"
            )
    yield Case(AREA, "nothing to evaluate", lambda p: d3p("evaluate"), REFUSED)
    for words in (("juggling", "x"), ("mocap",), ("calibrate",), ("calibrate", "h36m", "x")):
        yield Case(AREA, " ".join(words), lambda p, w=words: d3p("evaluate", *w), REFUSED)
    yield Case(AREA, "calibrate mocap nothing", _evaluate("calibrate", "mocap", "nothing"), REFUSED, seconds=120)
    yield Case(AREA, "calibrate rendered nothing", _evaluate("calibrate", "rendered", "nothing"), REFUSED, seconds=120)
    yield from _rendered()


def _rendered() -> Iterator[Case]:
    def folder(truth: Callable[[Place], bytes], video: str = "clip.mp4") -> Callable[[Place], object]:
        def prepare(place: Place) -> None:
            place.put("clip.mp4", place.good(video))
            place.put("clip.npz", truth(place))

        return prepare

    # the true detector is loaded by the command itself, so the stand-ins must not be needed before the truth is read
    for what, truth in {"empty": b"", "text": b"hello"}.items():
        yield Case(
            AREA,
            f"a truth that is {what}",
            _evaluate("rendered", "IN"),
            REFUSED,
            folder(lambda p, t=truth: t),
            seconds=120,
            memory_mb=700,
        )
    yield Case(
        AREA,
        "a truth that is a motion",
        _evaluate("rendered", "IN"),
        REFUSED,
        folder(lambda p: p.good("motion.npz")),
        seconds=120,
        memory_mb=700,
    )
    yield Case(
        AREA,
        "a video that is none",
        _evaluate("rendered", "IN"),
        REFUSED,
        folder(lambda p: p.good("clip.npz"), "mocap.npz"),
        seconds=120,
        memory_mb=700,
    )
    for number in (3, 9):
        yield Case(
            AREA,
            f"a damaged truth, {number}",
            _evaluate("rendered", "IN"),
            EITHER,
            folder(lambda p, n=number: list(damaged(p.good("clip.npz")))[n][1]),
            seconds=120,
            memory_mb=700,
        )
    yield Case(
        AREA,
        "a truth of another clip",
        _evaluate("rendered", "IN"),
        EITHER,
        lambda p: (
            shutil.copy(p.material / "clip.npz", p.inputs / "dark.npz"),
            shutil.copy(p.material / "dark.mp4", p.inputs / "dark.mp4"),
        ),
        seconds=120,
        memory_mb=700,
    )
