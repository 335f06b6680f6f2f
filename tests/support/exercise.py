"""Somebody who exercises, made up, and the motion-capture file of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from demo_videos.rotations import about, apply


def exercise(frames: int = 60) -> np.ndarray:
    """(N, 17, 3) a made-up person, Y up, looking along +z: steps, bends and arms that swing, unlike left and right."""
    t = np.linspace(0, 2 * np.pi, frames)
    down, side = np.array([0.0, -1, 0]), np.array([1.0, 0, 0])
    x = np.zeros((frames, 17, 3))
    x[:, 0] = [0, 0.95, 0] + 0.2 * t[:, None] * [0, 0, 1]
    for joint, offset in {7: (0, 0.23, 0), 8: (0, 0.48, 0.01), 9: (0, 0.60, 0.08), 10: (0, 0.715, 0.02)}.items():
        x[:, joint] = x[:, 0] + offset
    for hip, knee, foot, sign, phase in ((4, 5, 6, 1, 0.0), (1, 2, 3, -1, np.pi)):
        x[:, hip] = x[:, 0] + sign * 0.09 * side
        thigh = about(side, 0.1 - 0.5 * np.sin(t + phase))
        shin = about(side, 0.15 + 0.5 * (1 - np.cos(t + phase)) - 0.5 * np.sin(t + phase))
        x[:, knee] = x[:, hip] + 0.42 * apply(thigh, down)
        x[:, foot] = x[:, knee] + 0.41 * apply(shin, down)
    for shoulder, elbow, wrist, sign, reach in ((11, 12, 13, 1, 1.2), (14, 15, 16, -1, 2.4)):
        x[:, shoulder] = x[:, 8] + sign * 0.17 * side
        raised = about(np.array([0, 0, 1.0]), sign * (0.3 + reach * (1 - np.cos(t)) / 2))
        x[:, elbow] = x[:, shoulder] + 0.28 * apply(raised, down)
        bent = raised @ about(side, -1.0 - 0.6 * np.sin(t))
        x[:, wrist] = x[:, elbow] + 0.25 * apply(bent, down)
    return x


def write_exercise(path: Path, joints: np.ndarray) -> None:
    """`joints` (N, 17, 3), Y up, as the second of two clips of a Z-up file."""
    z_up = np.concatenate([np.zeros((7, 17, 3)), joints[..., [2, 0, 1]]])
    offsets = np.round((z_up - z_up[:, :1]) * 1e4).astype(np.int16)
    kinds = ("name", "subject", "split", "text", "licence")
    labels: dict[str, Any] = {kind: np.array([f"{kind}0", f"{kind}1"]) for kind in kinds}
    root = z_up[:, 0].astype(np.float32)
    np.savez(path, **labels, root_m=root, offset_0p1mm=offsets, length=np.array([7, len(joints)]), fps=np.float32(50))
