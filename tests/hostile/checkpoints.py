"""Checkpoints of other people, which are pickles: through `d3p weights import`, `--detector`, `train --resume`."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from estimators.checkpoints import read_checkpoint

from .archives import Bomb, claiming
from .case import EITHER, REFUSED, RIGHT, Case, Place, d3p
from .damage import damaged

AREA = "checkpoints"


def _import(place: Place) -> None:
    d3p("weights", "import", place.inputs / "x.pth", "--frames", "81", "-o", place.out)
    assert (place.out / "stcformer-81-published.safetensors").is_file()


def _read(place: Place) -> None:
    assert isinstance(read_checkpoint(place.inputs / "x.pth"), dict)


class Reduces:
    """Pickles as a call of `function(*arguments)`."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def saved(content: object, **options: Any) -> bytes:
    """What torch.save writes."""
    file = io.BytesIO()
    torch.save(content, file, **options)
    return file.getvalue()


def poisons(canary: Path) -> dict[str, object]:
    """Things that run code, each by another way."""
    return {
        "os.system": Bomb(canary), "eval": Reduces(eval, f"open({str(canary)!r}, 'w')"),
        "exec": Reduces(exec, f"open({str(canary)!r}, 'w')"),
        "open": Reduces(open, str(canary), "w"), "getattr": Reduces(getattr, "x", "upper"),
        "Path.touch": Reduces(Path.touch, canary),
        "numpy.save": Reduces(np.save, str(canary), [1]), "torch.load": Reduces(torch.load, str(canary)),
        "a module": Reduces(__import__, "this"), "ndarray.tofile": Reduces(np.ndarray.tofile, np.zeros(3), str(canary)),
    }  # fmt: skip


def cases() -> Iterator[Case]:
    yield Case(AREA, "import: a good one", _import, RIGHT, lambda p: p.put("x.pth", p.good("published.pth")))
    yield Case(AREA, "read: a good one", _read, RIGHT, lambda p: p.put("x.pth", p.good("plain.pth")))
    for what in poisons(Path("x")):
        for wrap in ("bare", "beside weights", "legacy"):

            def prepare(place: Place, what: str = what, wrap: str = wrap) -> None:
                poison = poisons(place.canary)[what]
                content = poison if wrap == "bare" else {"state_dict": {"a": torch.ones(2)}, "meta": poison}
                place.put("x.pth", saved(content, _use_new_zipfile_serialization=wrap != "legacy"))

            yield Case(AREA, f"poisoned: {what}, {wrap}", _read, REFUSED, prepare, quick=what == "os.system")
        yield Case(
            AREA,
            f"import poisoned: {what}",
            _import,
            REFUSED,
            lambda p, w=what: p.put("x.pth", saved({"a": poisons(p.canary)[w]})),
        )
    yield Case(AREA, "a bare pickle", _read, REFUSED, lambda p: p.put("x.pth", pickle.dumps(Bomb(p.canary))))
    for number, (what, _) in enumerate(damaged(bytes(1000))):
        yield Case(
            AREA,
            what,
            _import,
            EITHER,
            lambda p, n=number: p.put("x.pth", list(damaged(p.good("published.pth")))[n][1]),
            quick=number == 9,
        )
    contents: dict[str, object] = {
        "a list": [1], "a number": 3, "a tensor": torch.ones(3), "none": None, "empty": {}, "text": {"state_dict": "x"},
        "no tensors": {"state_dict": {"a": 1}},
        "keys of numbers": {1: torch.ones(2)}, "a shape of another": {"pose_emb.weight": torch.ones(16, 9)},
        "no dimensions": {"pose_emb.weight": torch.ones(())},
        "nothing in it": {"pose_emb.weight": torch.ones(0, 2)},
        "a block 10^9": {"pose_emb.weight": torch.ones(16, 2), "stcformer.stc_block.999999999.x": torch.ones(2)},
        "half a MixSTE": {"Spatial_patch_to_embedding.weight": torch.ones(16, 2)},
        "a MixSTE of no dimension": {"Spatial_patch_to_embedding.weight": torch.ones(()),
                                     "Temporal_pos_embed": torch.ones(1, 9, 16)},
        "a MixSTE of 10^6 frames": {"Spatial_patch_to_embedding.weight": torch.ones(16, 2),
                                    "Temporal_pos_embed": torch.ones(1, 1, 1).expand(1, 10**6, 16)},
        "complex": {"pose_emb.weight": torch.ones(16, 2, dtype=torch.complex64)},
        "sparse": {"pose_emb.weight": torch.ones(16, 2).to_sparse()},
        "on meta": {"pose_emb.weight": torch.ones(10**6, 10**6, device="meta")},
        "expanded": {"pose_emb.weight": torch.ones(1, 1).expand(10**6, 10**6)},
    }  # fmt: skip
    for what, content in contents.items():
        yield Case(
            AREA,
            f"import: {what}",
            _import,
            REFUSED,
            lambda p, c=content: p.put("x.pth", saved(c)),
            quick=what == "expanded",
        )
    for frames in ("0", "-5", "10000000000", "x", "81.5"):
        yield Case(
            AREA,
            f"import --frames={frames}",
            lambda p, f=frames: d3p("weights", "import", p.material / "published.pth", f"--frames={f}", "-o", p.out),
            REFUSED,
        )
    yield Case(AREA, "a zip without data", _read, REFUSED, lambda p: p.put("x.pth", _zip({"hello": b"x"})))
    yield Case(
        AREA,
        "a zip that leads out",
        _read,
        REFUSED,
        lambda p: p.put("x.pth", _zip({"../../canary": b"x", "x/data.pkl": b"\x80\x02}."})),
    )
    yield Case(
        AREA, "a storage of 10^12 bytes", _read, REFUSED, lambda p: p.put("x.pth", _huge_storage(p.good("plain.pth")))
    )
    yield Case(
        AREA,
        "a memo of 4 thousand million",
        _read,
        EITHER,  # an empty dictionary, for those who do not mind the memo
        lambda p: p.put("x.pth", _zip({"x/data.pkl": b"\x80\x02}r\xff\xff\xff\xff.", "x/version": b"3"})),
    )
    yield Case(
        AREA,
        "a text of 2 GB announced",
        _read,
        REFUSED,
        lambda p: p.put("x.pth", _zip({"x/data.pkl": b"\x80\x02X\xff\xff\xff\x7fabc.", "x/version": b"3"})),
    )
    yield Case(
        AREA,
        "a deep pickle",
        _read,
        EITHER,
        lambda p: p.put(
            "x.pth", _zip({"x/data.pkl": b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", "x/version": b"3"})
        ),
    )
    for name, data in {
        "x.tflite": b"TFL3",
        "x.zip": _zip({"a": b"x"}),
        "x.tar": bytes(10240),
        "x.whl": b"PK\x03\x04",
        "x.nfd": claiming("(1,)"),
    }.items():
        yield Case(
            AREA,
            f"import: a {name} that holds nothing",
            lambda p, n=name: d3p("weights", "import", p.inputs / n, "-o", p.out),
            REFUSED,
            lambda p, n=name, d=data: p.put(n, d),
        )
    yield Case(
        AREA,
        "import: a bomb of zips",
        lambda p: d3p("weights", "import", p.inputs / "x.zip", "-o", p.out),
        REFUSED,
        lambda p: p.put("x.zip", _nested()),
        seconds=60,
        quick=False,
    )
    for name in ("nothing.pth", "nothing.zip", ".", "/dev/zero", "/dev/null", "a\0.pth"):
        yield Case(
            AREA, f"import {name!r}", lambda p, n=name: d3p("weights", "import", n, "-o", p.out), REFUSED, seconds=30
        )
    yield from _detectors()


def _zip(members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def _nested() -> bytes:
    """20 x 20 x 90 MB of zeros in a few hundred kB."""
    inner = _zip({"zeros": bytes(90_000_000)})
    middle = _zip({f"{i}.zip": inner for i in range(20)})
    return _zip({f"{i}.zip": middle for i in range(20)})


def _huge_storage(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for info in old.infolist():
            member = old.read(info)
            if info.filename.endswith("data.pkl"):
                at = member.index(b"cpu") + 3
                at = member.index(b"K\x06", at)
                member = member[:at] + b"\x8a\x06" + struct.pack("<Q", 10**12)[:6] + member[at + 2 :]
            new.writestr(info.filename, member)
    return file.getvalue()


def _detectors() -> Iterator[Case]:
    def run(*options: str) -> Callable[[Place], None]:
        def act(place: Place) -> None:
            named = [option.replace("IN", str(place.inputs)) for option in options]
            d3p(
                "run",
                place.material / "clip.mp4",
                "-o",
                place.out,
                "--lifter",
                place.material / "tiny-9.safetensors",
                *named,
            )

        return act

    good = "model = dict(type='MoveNet')\n"
    configs = {
        "nothing in it": "", "no Python": "model = {", "no model": "x = 3\n", "a model of text": "model = 'x'\n",
        "a model of a list": "model = [1]\n",
        "an unknown type": good, "a type of a number": "model = dict(type=3)\n",
        "an error": "raise RuntimeError('no')\n", "an endless base": "_base_ = './c.py'\n",
        "a base that is not there": "_base_ = './nothing.py'\n",
        "a head of a list": "model = dict(type='TopdownPoseEstimator', backbone=[1], head=3)\n",
        "wrong types": "model = dict(type='BottomupPoseEstimator', "
        "backbone=dict(type='MoveNetBackbone', init_cfg=7), head=dict(type='MoveNetHead'))\n",
    }  # fmt: skip
    for what, text in configs.items():
        yield Case(
            AREA, f"a detector's config with {what}", run("--detector", "IN/c.py", "--checkpoint", "IN/x.pth"), REFUSED,
            lambda p, t=text: (p.put("c.py", t), p.put("x.pth", p.good("plain.pth"))), quick=what == "no Python",
            starts=True,
        )  # fmt: skip
    for options in (("--detector", "nothing"), ("--detector", ""), ("--detector", "../x"), ("--detector", "IN/c.py"),
                    ("--checkpoint", "IN/nothing.pth"),
                    ("--detector", "rtmpose-t", "--checkpoint", "IN/nothing.pth"), ("--frames", "0"),
                    ("--frames", "99999999999"), ("--steps", "0"),
                    ("--steps", "51"), ("--person", "x"), ("--person", "-1"), ("--person", "9" * 5000),
                    ("--device", "cuda"), ("--to", "fbx")):  # fmt: skip
        yield Case(AREA, f"run {' '.join(options)[:40]}", run(*options), REFUSED, starts=True)
