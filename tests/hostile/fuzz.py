"""`python -m tests.hostile.fuzz TARGET [--seconds N]`: a coverage-guided fuzzer over what reads files.

Needs atheris (`pip install atheris`), which is no dependency of the tests. Good files are where it starts. Anything but
the reader's own typed error is a finding: atheris prints the traceback and keeps the input as crash-HASH in the folder
CORPUS.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=[
        "app.motion",
        "app.export",
        "estimators.arrays",
        "estimators.weights",
        "refiner.data.mocap",
        "refiner.data.human36m",
    ]
):
    from app.export import export
    from app.motion import Motion
    from demo_videos.truth import load_truth
    from estimators import weights
    from estimators.checkpoints import read_checkpoint
    from estimators.lifting.build import LifterCard, check_card
    from refiner.data.human36m import read_human36m
    from refiner.data.mocap import read_mocap
from estimators.errors import D3PError

from . import material
from .material import LIFTER_CARD

SCRATCH = Path(tempfile.mkdtemp(prefix="fuzz-"))


def _file(data: bytes, name: str) -> Path:
    path = SCRATCH / name
    path.write_bytes(data)
    return path


def _members(data: bytes, template: Path) -> bytes:
    """Raw bytes as they are, or, with a first byte under 128, as one member of a good .npz: beyond its checksums."""
    if not data or data[0] >= 128:
        return data[1:]
    file = io.BytesIO()
    with zipfile.ZipFile(template) as good, zipfile.ZipFile(file, "w") as new:
        names = good.namelist()
        chosen = names[data[0] % len(names)]
        for name in names:
            new.writestr(name, data[1:] if name == chosen else good.read(name))
    return file.getvalue()


def fuzz_motion(data: bytes, good: Path) -> None:
    """Loading and exporting a motion."""
    motion = Motion.load(_file(_members(data, good / "motion.npz"), "x.npz"))
    export(motion, ("json", "bvh"), SCRATCH / "out")


def fuzz_mocap(data: bytes, good: Path) -> None:
    """Motion capture, a truth and Human3.6M, all by the same bytes."""
    for name, read in (
        ("mocap.npz", lambda path: read_mocap(path, "train")), ("clip.npz", load_truth),
        ("h36m.npz", lambda path: list(read_human36m(path))),
    ):  # fmt: skip
        try:
            read(_file(_members(data, good / name), name))
        except D3PError:
            continue


def fuzz_weights(data: bytes, good: Path) -> None:
    """A card, and safetensors with their true hash."""
    half = len(data) // 2
    try:
        path = _file(data[:half], "x.json")
        check_card(LifterCard, weights.read_card(path), {}, "x")
    except D3PError:
        pass
    weights.load(material.seal(SCRATCH, "y", data[half:], LIFTER_CARD))


def fuzz_checkpoint(data: bytes, good: Path) -> None:
    """A checkpoint: raw, or the pickle inside a good one's zip."""
    if data and data[0] < 128:
        file = io.BytesIO()
        with zipfile.ZipFile(good / "plain.pth") as whole, zipfile.ZipFile(file, "w") as new:
            for name in whole.namelist():
                new.writestr(name, data[1:] if name.endswith("data.pkl") else whole.read(name))
        read_checkpoint(_file(file.getvalue(), "x.pth"))
    else:
        read_checkpoint(_file(data[1:], "x.pth"))


TARGETS: dict[str, Callable[[bytes, Path], None]] = {
    "motion": fuzz_motion, "mocap": fuzz_mocap, "weights": fuzz_weights, "checkpoint": fuzz_checkpoint,
}  # fmt: skip


def seeds(good: Path, corpus: Path) -> None:
    """What the fuzzer starts from: whole files, and members of them."""
    for name in ("motion.npz", "mocap.npz", "clip.npz", "h36m.npz", "tiny-9.safetensors", "plain.pth"):
        data = (good / name).read_bytes()
        (corpus / name).write_bytes(b"\xff" + data)
        if zipfile.is_zipfile(good / name):
            with zipfile.ZipFile(good / name) as archive:
                for number, member in enumerate(archive.namelist()):
                    (corpus / f"{name}-{number}").write_bytes(bytes([number]) + archive.read(member)[:4096])
    card = json.dumps(LIFTER_CARD).encode()
    (corpus / "card").write_bytes(card + (good / "tiny-9.safetensors").read_bytes()[: len(card)])


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=180)
    parser.add_argument("--corpus", type=Path, help="folder that keeps what was found (default: none is kept)")
    options = parser.parse_args()
    good = material.make_in_a_child(SCRATCH / "material")
    corpus = options.corpus or SCRATCH / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    seeds(good, corpus)
    target = TARGETS[options.target]

    def one(data: bytes) -> None:
        try:
            target(data, good)
        except D3PError:
            return

    settings = [
        f"-max_total_time={options.seconds}",
        "-rss_limit_mb=3000",
        "-timeout=30",
        "-max_len=20000",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *settings, f"-artifact_prefix={corpus}/", str(corpus)], one)
    os.chdir(SCRATCH)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
