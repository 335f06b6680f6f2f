"""Weights: cards that lie, safetensors that are none, downloads that are not what they should be."""

from __future__ import annotations

import copy
import json
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import numpy as np
import torch

from estimators import weights
from estimators.detection import zoo
from estimators.lifting import Lifter
from estimators.observation import Observation
from refiner.refiner import Refiner

from .case import EITHER, REFUSED, RIGHT, Case, Place, d3p
from .damage import damaged
from .material import LIFTER_CARD, REFINER_CARD, seal

AREA = "weights"
FILE = "tiny-9.safetensors"


def cases() -> Iterator[Case]:
    for kind, load in (("lifter", _lift), ("refiner", _refine)):
        yield Case(AREA, f"a good {kind}", load, RIGHT, _copied())
        yield from _cards(kind, load)
    yield from _files()
    yield from _commands()
    yield from _downloads()


def _observed() -> Observation:
    points = np.random.default_rng(0).uniform(0, 100, (20, 17, 2)).astype("f4")
    return Observation.of(points, None, (160, 120), 30.0)


def _lift(place: Place) -> None:
    lifter = Lifter.load(str(place.inputs / FILE))
    poses = lifter.lift(_observed())
    assert poses.shape == (20, 17, 3) and np.isfinite(poses).all()


def _refine(place: Place) -> None:
    refiner = Refiner.load(str(place.inputs / f"refiner-{FILE}"))
    refined = refiner.refine(_observed(), np.zeros((20, 17, 3), "f4"))
    assert np.isfinite(refined.poses).all() and refiner.description()


def _copied(*changes: tuple[str, Any]) -> Callable[[Place], object]:
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
        yield Case(AREA, f"{kind}: card without {key}", load, REFUSED, _copied((key, KeyError)), quick=key == "frames")
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
                _copied((path, value)),
                quick=(path, value) == ("architecture.channels", 10**9),
            )


CARD_TEXTS = {
    "no JSON": "{", "a list": "[]", "a number": "7", "null": "null", "empty": "", "binary": "\x00\x01\x02",
    "deep": "[" * 100_000,
    "deep inside": '{"kind":' * 50_000, "a huge number": "9" * 100_000, "not a number": "NaN",
    "twice": '{"kind": 1, "kind": 2}',
}  # fmt: skip


def _files() -> Iterator[Case]:
    for what, text in CARD_TEXTS.items():
        yield Case(
            AREA,
            f"a card that is {what}",
            _lift,
            REFUSED,
            lambda p, t=text: (_copied()(p), p.put("tiny-9.json", t)),
            quick=what == "deep",
        )
    yield Case(
        AREA,
        "a card that is not UTF-8",
        _lift,
        REFUSED,
        lambda p: (_copied()(p), p.put("tiny-9.json", b'{"kind": "\xff"}')),
    )
    yield Case(AREA, "no card", _lift, REFUSED, lambda p: p.put(FILE, p.good(FILE)))
    yield Case(
        AREA,
        "a card that is a folder",
        _lift,
        REFUSED,
        lambda p: (p.put(FILE, p.good(FILE)), (p.inputs / "tiny-9.json").mkdir()),
    )
    yield Case(
        AREA,
        "a card that may not be read",
        _lift,
        REFUSED,
        lambda p: (_copied()(p), (p.inputs / "tiny-9.json").chmod(0)),
        as_nobody=True,
    )
    yield Case(
        AREA,
        "weights that may not be read",
        _lift,
        REFUSED,
        lambda p: (_copied()(p), (p.inputs / FILE).chmod(0)),
        as_nobody=True,
    )
    for number, (what, _) in enumerate(damaged(bytes(1000))):
        yield Case(
            AREA,
            f"wrong hash: {what}",
            _lift,
            REFUSED,
            lambda p, n=number: (_copied()(p), p.put(FILE, list(damaged(p.good(FILE)))[n][1])),
            quick=number == 0,
        )
        yield Case(
            AREA, f"right hash: {what}", _lift, EITHER,
            lambda p, n=number: seal(p.inputs, "tiny-9", list(damaged(p.good(FILE)))[n][1], LIFTER_CARD),
            quick=number == 3,
        )  # fmt: skip
    for what, header in SAFETENSORS.items():
        yield Case(
            AREA, f"safetensors: {what}", _lift, REFUSED, lambda p, h=header: seal(p.inputs, "tiny-9", h(), LIFTER_CARD)
        )
    for value in (float("nan"), float("inf")):
        yield Case(AREA, f"weights of {value}", _lift, REFUSED, lambda p, v=value: _filled(p, v), quick=value != value)
    yield Case(AREA, "weights of double precision", _lift, RIGHT, lambda p: _filled(p, 0.01, torch.float64))
    yield Case(AREA, "weights of whole numbers", _lift, EITHER, lambda p: _filled(p, 1, torch.int8))


def _safetensors(header: object, data: bytes = bytes(64), length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


SAFETENSORS: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"", "a header of 2^63 bytes": lambda: _safetensors({}, length=2**63),
    "no tensors": lambda: _safetensors({}, b""),
    "a header of 1 GB": lambda: _safetensors({}, length=1 << 30), "no JSON": lambda: _safetensors(b"{"),
    "a list": lambda: _safetensors([]),
    "a shape of 10^12": lambda: _safetensors({"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 64]}}),
    "a negative shape": lambda: _safetensors({"a": {"dtype": "F32", "shape": [-4], "data_offsets": [0, 64]}}),
    "offsets beyond the end": lambda: _safetensors({"a": {"dtype": "F32", "shape": [99], "data_offsets": [0, 396]}}),
    "overlapping": lambda: _safetensors({k: {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]} for k in "ab"}),
    "an unknown type": lambda: _safetensors({"a": {"dtype": "Q99", "shape": [16], "data_offsets": [0, 64]}}),
    "deep": lambda: _safetensors(b"[" * 100_000), "a pickle": lambda: b"\x80\x04N.",
    "other names": lambda: _safetensors({"a": {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]}}),
}  # fmt: skip


def _filled(place: Place, value: float, dtype: torch.dtype = torch.float32) -> None:
    from safetensors.torch import load, save

    state = load(place.good(FILE))
    seal(
        place.inputs,
        "tiny-9",
        save({key: torch.full_like(one, value, dtype=dtype) for key, one in state.items()}),
        LIFTER_CARD,
    )


# --- commands --------------------------------------------------------------------------------------------------------


def _in_folder(*arguments: object) -> Callable[[Place], None]:
    """A command with the place's inputs as the folder of weights."""

    def act(place: Place) -> None:
        weights.weight_folders = lambda: [place.inputs]
        d3p(*arguments)

    return act


def _commands() -> Iterator[Case]:
    yield Case(AREA, "verify: good ones", _in_folder("weights", "verify"), RIGHT, _copied())
    yield Case(AREA, "verify: none", _in_folder("weights", "verify"), REFUSED)
    yield Case(
        AREA,
        "verify: a wrong hash",
        _in_folder("weights", "verify"),
        REFUSED,
        lambda p: (_copied()(p), p.put(FILE, b"x")),
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
                lambda p, t=text: (_copied()(p), p.put("tiny-9.json", t)),
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
            AREA, f"list: {key} = {str(value)[:20]!r}", _in_folder("weights", "list"), EITHER, _copied((key, value))
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
    yield Case(AREA, "a name that leads out of the folder", _outside, REFUSED, _copied())


def _outside(place: Place) -> None:
    weights.weight_folders = lambda: [place.root / "home"]
    weights.load("../in/tiny-9")


# --- downloads -------------------------------------------------------------------------------------------------------


class _Server(BaseHTTPRequestHandler):
    """Answers as `server.answer` says."""

    def do_GET(self) -> None:
        self.server.answer(self)  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None: ...


def _body(status: int, data: bytes, headers: dict[str, str] | None = None) -> Callable[[_Server], None]:
    def answer(request: _Server) -> None:
        request.send_response(status)
        for key, value in (headers or {"Content-Length": str(len(data))}).items():
            request.send_header(key, value)
        request.end_headers()
        request.wfile.write(data)

    return answer


def _endless(request: _Server) -> None:
    request.send_response(200)
    request.end_headers()
    try:
        while True:
            request.wfile.write(bytes(1 << 20))
    except OSError:
        return


def _slow(request: _Server) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000000")
    request.end_headers()
    try:
        for _ in range(200):
            request.wfile.write(b"x")
            request.wfile.flush()
            time.sleep(0.5)
    except OSError:
        return


def _get(answer: Callable[[_Server], None]) -> Callable[[Place], None]:
    def act(place: Place) -> None:
        server = HTTPServer(("127.0.0.1", 0), _Server)
        server.answer = answer  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.environ["D3P_ZOO"] = f"http://127.0.0.1:{server.server_port}"
        os.environ["D3P_CACHE"] = str(place.out)
        zoo.TIMEOUT_S = 3
        zoo.MAX_BYTES, zoo.MAX_SECONDS = 20 << 20, 8
        try:
            d3p("weights", "get", "rtmpose-t")
        finally:
            left = [path for path in place.out.rglob("*") if path.is_file()]
            assert not left, f"kept {left}"

    return act


def _downloads() -> Iterator[Case]:
    answers: dict[str, Callable[[_Server], None]] = {
        "another file": _body(200, b"hello"), "nothing": _body(200, b""), "not there": _body(404, b"no"),
        "an error": _body(500, b"no"),
        "cut short": _body(200, b"x", {"Content-Length": "1000"}),
        "10^15 bytes announced": _body(200, b"x", {"Content-Length": str(10**15)}),
        "a length that is no number": _body(200, b"x", {"Content-Length": "many"}),
        "sent to a file": _body(302, b"", {"Location": "file:///etc/passwd"}),
        "sent in a circle": _body(302, b"", {"Location": "/again"}),
        "no HTTP": lambda request: request.wfile.write(b"\xff\xfe hello\r\n\r\n"),
        "endless": _endless, "a byte every half second": _slow,
    }  # fmt: skip
    for what, answer in answers.items():
        yield Case(AREA, f"get: {what}", _get(answer), REFUSED, connects=True, quick=what == "another file", seconds=60)
    for name in ("nothing", "", "../../x", "rtmpose-t/../x", "n" * 5000, "[/bold]", "a\nb"):
        yield Case(AREA, f"get {name[:20]!r}", lambda p, n=name: d3p("weights", "get", "--", n), REFUSED)
