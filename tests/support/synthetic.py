"""A small motion-capture file in the documented format, made up: people who sway, bend and swing their arms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from estimators.skeleton import H36M17

# an upright person, metres, Z up, facing +x (left is +y)
REST = np.array(
    [
        [0, 0, 0.95], [0, -0.1, 0.95], [0, -0.1, 0.5], [0, -0.1, 0.08], [0, 0.1, 0.95], [0, 0.1, 0.5], [0, 0.1, 0.08],
        [0, 0, 1.2], [0, 0, 1.45], [0.08, 0, 1.57], [0, 0, 1.69],
        [0, 0.18, 1.42], [0, 0.2, 1.13], [0.05, 0.2, 0.88], [0, -0.18, 1.42], [0, -0.2, 1.13], [0.05, -0.2, 0.88],
    ]
)  # fmt: skip


def joints(frames: int, seed: int) -> np.ndarray:
    """(frames, 17, 3) metres: smooth random motion around the rest pose."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames)[:, None, None] / 50
    sway = 0.08 * np.sin(2 * np.pi * (rng.uniform(0.3, 1, (1, 17, 3)) * time + rng.uniform(size=(1, 17, 3))))
    walk = np.concatenate([0.5 * time, 0.1 * time, 0 * time], axis=-1)
    return REST + sway + walk


def write_mocap(path: Path, frames: int = 120, **origin: list[str]) -> Path:
    """Two people to train, one to validate, one to test; `origin`: `source` and `licence` of each of the four."""
    subjects, splits = ["a", "b", "c", "d"], ["train", "train", "val", "test"]
    clips = [joints(frames, seed) for seed in range(4)]
    every = np.concatenate(clips)
    told: dict[str, Any] = {key: np.array(values) for key, values in origin.items()}
    np.savez(
        path,
        name=np.array([f"clip_{s}" for s in subjects]),
        subject=np.array(subjects),
        split=np.array(splits),
        text=np.array(["sway", "walk", "sway", "sway"]),
        length=np.full(4, frames, np.int32),
        fps=np.float32(50),
        root_m=every[:, 0].astype(np.float32),
        offset_0p1mm=((every - every[:, :1]) * 1e4).round().astype(np.int16),
        **told,
    )
    return path


assert len(REST) == len(H36M17.joints)
