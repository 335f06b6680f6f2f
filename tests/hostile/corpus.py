"""All cases, and what they stand on."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from .case import Case
from .material import make_in_a_child

AREAS = (  # modules; the area of weights is in four of them
    "videos", "names", "outputs", "batches", "motions", "arrays", "cards", "weight_files", "weight_commands",
    "downloads", "checkpoints", "trainings", "evaluations", "app_inputs", "app_http", "library", "commands",
)  # fmt: skip


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case of every area, in order; names are unique within an area."""
    cases = [case for area in AREAS for case in importlib.import_module(f".{area}", __package__).cases()]
    names = [(case.area, case.name) for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two cases of one name: {twice}")
    return tuple(cases)


def prepare(folder: Path) -> Path:
    """Import what is heavy, take what may run in threads down to one, and make the good files."""
    import cv2
    import matplotlib.font_manager  # noqa: F401  makes its cache, asking other programs, when it is first imported
    import torch

    import refiner.data.convert_human36m
    import refiner.evaluation.human36m
    import refiner.training.export
    import refiner.training.runner  # noqa: F401

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    return make_in_a_child(folder)
