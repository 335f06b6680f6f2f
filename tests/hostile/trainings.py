"""Training configs with wrong types and unknown keys, data and checkpoints that are none: through `d3p train`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import torch

from .case import REFUSED, RIGHT, Case, Place, d3p
from .checkpoints import poisons, saved

AREA = "train"
CONFIG = {
    "kind": "'lifter'", "name": "'small-9'",
    "model": "{'network': {'type': 'STCFormer', 'channels': 16, 'depth': 1, 'in_channels': 5}, "
             "'normalisation': 'person', 'loss': 'mpjpe'}",
    "data": "{'stages': [(2, 5, 2), (4, 9, 2)], 'strides': (2, 4)}", "optimizer": "{'type': 'AdamW', 'lr': 1e-3}",
    "warmup": "1", "validate_every": "4", "save_every": "2",
}  # fmt: skip
REFINER = {
    "kind": "'refiner'",
    "model": "{'network': {'channels': 16, 'depth': 1}, 'lifter': LIFTER, 'fit_windows': 8}",
}  # fmt: skip


def text_of(**changes: str | None) -> str:
    """A config; entries changed, added, or left out (None)."""
    entries = {key: value for key, value in {**CONFIG, **changes}.items() if value is not None}
    return "".join(f"{key} = {value}\n" for key, value in entries.items())


def _train(*options: str) -> Callable[[Place], None]:
    def act(place: Place) -> None:
        torch.set_num_threads(1)
        named = [option.replace("IN", str(place.inputs)) for option in options]
        data = place.inputs / "mocap.npz"
        data = data if data.exists() else place.material / "mocap.npz"
        d3p("train", place.inputs / "c.py", "--data", data, "--work-dir", place.out, *named)
        assert (place.out / "iter_4.pth").is_file()

    return act


def _case(name: str, text: str, *options: str, **more: object) -> Case:
    def prepare(place: Place) -> None:
        place.put("c.py", text.replace("LIFTER", repr(str(place.material / "tiny-9.safetensors"))))

    settings: dict = {
        "ends": REFUSED,
        "seconds": 120.0,
        "memory_mb": 600,
        "starts": True,
        **more,
    }  # mmengine asks the compiler for its version
    return Case(AREA, name, _train(*options), prepare=prepare, **settings)


def cases() -> Iterator[Case]:
    yield _case("a good config", text_of(), ends=RIGHT)
    yield _case("a good refiner's", text_of(**REFINER), ends=RIGHT, seconds=180.0)
    for key in CONFIG:
        yield _case(f"no {key}", text_of(**{key: None}), quick=key == "model")
    yield _case("an unknown key", text_of(learning_rate="3"), quick=True)
    yield _case("an unknown key of data", text_of(data="{'stages': [(4, 9, 2)], 'strides': (2, 4), 'x': 1}"))
    wrong = {
        "kind": ["'juggler'", "3", "None", "['lifter']"],
        "name": ["3", "''", "'../../x'", "'/tmp/x'", "'a b'", "'n' * 5000", "None", "'-x'"],
        "warmup": ["'1'", "-1", "4", "1.5", "None", "True", "10**30"], "save_every": ["0", "-2", "'2'", "None", "2.5"],
        "validate_every": ["0", "'4'", "[4]"], "tds_fps": ["'x'", "0", "-1.0"],
        "optimizer": ["'AdamW'", "{'type': 'Nothing'}", "{'type': 'AdamW', 'lr': 'x'}", "{'type': 'AdamW', 'lr': -1}",
                      "{}", "[1]",
                      "{'type': 'AdamW', 'unknown': 1}", "{'type': 3}", "{3: 'AdamW'}"],
        "model": ["'x'", "{}", "[1]", "None", "{'network': 3, 'normalisation': 'person', 'loss': 'mpjpe'}", "{3: 4}"],
        "data": ["{}", "[1]", "{'stages': []}", "{'stages': 'abc', 'strides': (2, 4)}",
                 "{'stages': [(4, 9)], 'strides': (2, 4)}",
                 "{'stages': [(4, 9, 0)], 'strides': (2, 4)}", "{'stages': [(4, 9, 2), (2, 9, 2)], 'strides': (2, 4)}",
                 "{'stages': [(4, 9, 2)], 'strides': (4, 2)}", "{'stages': [(4, 9, 2)], 'strides': 2}",
                 "{'stages': [(4, 9, 2)], 'strides': (0, 1)}",
                 "{'stages': [(4, 9, 2)], 'strides': (2, 4), 'noise': {'x': 1}}",
                 "{'stages': [(4, 9, 2)], 'strides': (2, 4), 'noise': 3}",
                 "{'stages': [(4, 9, 2)], 'strides': (2, 4), 'folds': (3, 2)}",
                 "{'stages': [(4.5, 9, 2)], 'strides': (2, 4)}"],
    }  # fmt: skip
    for key, values in wrong.items():
        for value in values:
            yield _case(f"{key} = {value[:60]}", text_of(**{key: value}), quick=value == "'../../x'")
    network = "{'type': 'STCFormer', 'channels': 16, 'depth': 1, 'in_channels': 5}"
    for change in (
        "'type': 'Oracle'",
        "'channels': '16'",
        "'channels': -16",
        "'channels': 15",
        "'depth': 'x'",
        "'unknown': 1",
        "'in_channels': 2",
    ):
        inside = network.replace("}", f", {change}}}")
        yield _case(
            f"a network with {change}",
            text_of(model=f"{{'network': {inside}, 'normalisation': 'person', 'loss': 'mpjpe'}}"),
        )
    for change in ("'loss': 'l3'", "'normalisation': 'none'", "'unknown': 1", "'loss': 3"):
        yield _case(
            f"a lifter with {change}", text_of(model=CONFIG["model"].replace("}", "}", 1)[:-1] + f", {change}}}")
        )
    for change in (
        "'law': 'x'",
        "'loss': 'l3'",
        "'lifter': 'nothing'",
        "'lifter': 3",
        "'fit_windows': 'x'",
        "'start': '../x'",
        "'real_share': 'x'",
    ):
        yield _case(
            f"a refiner with {change}",
            text_of(kind="'refiner'", model=REFINER["model"][:-1] + f", {change}}}"),
            seconds=180.0,
        )
    for what, text in {"no Python": "kind = (", "empty": "", "an error": "raise ValueError('no')",
                       "an endless base": "_base_ = './c.py'\n",
                       "a base that is not there": "_base_ = './x.py'\n", "binary": "\x00\x01",
                       "unclosed": "'''"}.items():  # fmt: skip
        yield _case(f"a config that is {what}", text, quick=what == "no Python")
    for option in (
        "warmup",
        "warmup=",
        "=3",
        "data=3",
        "data.stages=x",
        "model.network=3",
        "a.b.c=3",
        "warmup.x=1",
        "kind=x",
        "optimizer.lr=x",
        "name=../x",
        "warmup=__import__('os')",
    ):
        yield _case(f"--set {option}", text_of(), "--set", option)
    yield from _files()


def _files() -> Iterator[Case]:
    for name in ("nothing.py", "", ".", "/dev/null", "c\0.py", "n" * 5000, "c.json"):
        yield Case(
            AREA,
            f"the config {name[:20]!r}",
            lambda p, n=name: d3p("train", n, "--data", p.material / "mocap.npz", "--work-dir", p.out),
            REFUSED,
        )
    for what, data in {"empty": b"", "text": b"hello"}.items():
        case = _case(f"data that is {what}", text_of())
        yield Case(
            AREA,
            case.name,
            case.act,
            REFUSED,
            lambda p, d=data, c=case: (c.prepare(p), p.put("mocap.npz", d)),
            quick=what == "text",
        )
    yield Case(
        AREA,
        "no --data",
        lambda p: d3p("train", p.put("c.py", text_of()), "--work-dir", p.out),
        REFUSED,
        lambda p: p.put("c.py", text_of()),
    )
    yield _out("the work folder is a file", lambda p: p.out.write_text("x"))
    yield _out("the work folder may not be written", lambda p: (p.out.mkdir(), p.out.chmod(0o555)), as_nobody=True)
    good = {"state_dict": {}, "optimizer": {}, "param_schedulers": [], "message_hub": {}, "meta": {"iter": 2}}
    contents: dict[str, Callable[[Place], bytes]] = {
        "empty": lambda p: b"", "text": lambda p: b"hello", "a list": lambda p: saved([1]),
        "half": lambda p: saved({"state_dict": {}}),
        "poisoned": lambda p: saved({**good, "meta": poisons(p.canary)["os.system"]}),
        "another model": lambda p: saved(good),
        "an iter of text": lambda p: saved({**good, "meta": {"iter": "x"}}),
    }  # fmt: skip
    for what, make in contents.items():
        for options in (("--resume",), ("--export", "OUT")):
            yield _resumed(what, make, options)
    yield Case(AREA, "export without a checkpoint", _export("OUT"), REFUSED, lambda p: p.put("c.py", text_of()))
    yield Case(
        AREA,
        "a marker that points elsewhere",
        _train("--resume"),
        RIGHT,
        _pointing,
        seconds=120,
        memory_mb=600,
        starts=True,
    )


def _out(name: str, prepare: Callable[[Place], object], as_nobody: bool = False) -> Case:
    return Case(
        AREA,
        name,
        _train(),
        REFUSED,
        lambda p: (p.put("c.py", text_of()), prepare(p)),
        seconds=120,
        as_nobody=as_nobody,
        memory_mb=600,
    )


def _export(folder: str) -> Callable[[Place], None]:
    def act(place: Place) -> None:
        d3p("train", place.inputs / "c.py", "--work-dir", place.out, "--export", str(place.out / "weights"))

    return act


def _resumed(what: str, make: Callable[[Place], bytes], options: tuple[str, ...]) -> Case:
    def prepare(place: Place) -> None:
        place.put("c.py", text_of())
        place.out.mkdir()
        (place.out / "iter_2.pth").write_bytes(make(place))
        (place.out / "last_checkpoint").write_text(str(place.out / "iter_2.pth"))

    act = _train("--resume") if options == ("--resume",) else _export("OUT")
    return Case(
        AREA,
        f"{options[0]} from one that is {what}",
        act,
        REFUSED,
        prepare,
        starts=what == "another model",  # the training is built before it is compared: mmengine asks for gcc's version
        seconds=120,
        quick=what == "poisoned",
        memory_mb=600,
    )


def _pointing(place: Place) -> None:
    place.put("c.py", text_of())
    place.out.mkdir()
    os.mkfifo(place.inputs / "pipe.pth")
    (place.out / "last_checkpoint").write_text(f"http://127.0.0.1:{place.listener}/iter_2.pth")
