"""The real training command, in a process of its own: mmengine keeps registries, loggers and visualisers in globals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

Stages = list[tuple[int, int, int]]  # up to which step, frames of a window, windows of a batch


def train(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `python -m refiner.training`."""
    command = [sys.executable, "-m", "refiner.training", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT)


def write(path: Path, text: str) -> Path:
    """A config's file."""
    path.write_text(text)
    return path


def lifter_config(
    name: str, stages: Stages, dropout: float, warmup: int, validate_every: int, save_every: int, **model: Any
) -> str:
    """The config of a lifter so small that a step takes milliseconds; `model` adds to its options."""
    network = {"type": "STCFormer", "channels": 32, "depth": 1, "in_channels": 5, "dropout": dropout}
    model = {"network": network, "normalisation": "person", "loss": "mpjpe", **model}
    return _config("lifter", name, model, stages, 2e-3, warmup, validate_every, save_every)


def refiner_config(
    name: str, lifter: str, stages: Stages, warmup: int, validate_every: int, save_every: int, **model: Any
) -> str:
    """The config of a refiner as small, of a lifter by its name or file; `model` adds to its options."""
    model = {"network": {"channels": 32, "depth": 1}, "lifter": lifter, **model}
    return _config("refiner", name, model, stages, 1e-3, warmup, validate_every, save_every)


def _config(
    kind: str, name: str, model: dict[str, Any], stages: Stages, rate: float, warmup: int, validate: int, save: int
) -> str:
    entries = {
        "kind": kind,
        "name": name,
        "model": model,
        "data": {"stages": stages, "strides": (2, 4)},
        "optimizer": {"type": "AdamW", "lr": rate},
        "warmup": warmup,
        "validate_every": validate,
        "save_every": save,
    }
    return "".join(f"{key} = {value!r}\n" for key, value in entries.items())


SMALL_LIFTER = lifter_config("small-9", [(4, 5, 8), (8, 9, 4)], dropout=0.0, warmup=2, validate_every=8, save_every=4)
