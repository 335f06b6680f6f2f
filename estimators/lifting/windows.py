"""Cover a sequence of any length with windows that overlap, and blend their outputs.

Temporal downsampling (TDS) takes every s-th frame, so that a window of T frames sees s times as much time; the s phases
of a sequence are windowed one by one, and together give every frame its own output, at its own time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Window:
    """`source` (T,) frame indices to read (edges replicated); `target` (m,) frames to write, from `inside` on."""

    source: np.ndarray
    target: np.ndarray
    inside: slice


def plan_windows(length: int, frames: int, stride: int = 1, overlap: float = 0.5) -> Iterator[Window]:
    """Windows that cover frames 0..length-1.

    Args:
        length: frames of the sequence (at least 1).
        frames: T, the window's length.
        stride: s of the temporal downsampling.
        overlap: least share of a window that its neighbour covers too.

    Within a phase the windows start evenly spaced, the first at the phase's first frame and the last ending at its
    last. A phase shorter than T is centred in one window, its edges replicated.
    """
    for phase in range(min(stride, length)):
        indices = np.arange(phase, length, stride)
        if len(indices) <= frames:
            before = (frames - len(indices)) // 2
            position = np.clip(np.arange(frames) - before, 0, len(indices) - 1)
            yield Window(indices[position], indices, slice(before, before + len(indices)))
            continue
        hop = max(1, round(frames * (1 - overlap)))
        count = int(np.ceil((len(indices) - frames) / hop)) + 1
        for start in np.linspace(0, len(indices) - frames, count).round().astype(int):
            source = indices[start : start + frames]
            yield Window(source, source, slice(0, frames))


def tds_stride(fps: float, tds_fps: float) -> int:
    """s of the temporal downsampling that brings footage of `fps` as near as possible to a training's `tds_fps`."""
    return max(1, round(fps / tds_fps))


def anti_alias(sequence: np.ndarray, stride: int) -> np.ndarray:
    """Low-pass a sequence (N, ...) before every `stride`-th frame of it is taken.

    Without it, noise that is too fast for the lower rate folds into it, differently in each phase, and the phases
    tremble against each other. A triangle over 2 `stride` - 1 frames keeps motion of constant velocity as it is,
    at the ends too.
    """
    if stride == 1 or len(sequence) < 3:
        return sequence
    reach = min(stride, len(sequence)) - 1
    triangle = stride - np.abs(np.arange(-reach, reach + 1.0))
    padded = np.pad(sequence, [(reach, reach)] + [(0, 0)] * (sequence.ndim - 1), mode="reflect", reflect_type="odd")
    smooth = sum(
        weight * padded[offset : offset + len(sequence)] for offset, weight in enumerate(triangle / triangle.sum())
    )
    return np.asarray(smooth, dtype=sequence.dtype)


def blend_weights(frames: int) -> np.ndarray:
    """(T,) weights of a window's outputs: a raised cosine, positive at the ends.

    The middle of a window sees as much past as future and counts most. Weights are divided by their sum over the
    windows that cover a frame, so neighbours cross-fade and no seam shows.
    """
    phase = (np.arange(frames) + 0.5) / frames
    return (np.sin(np.pi * phase) ** 2 + 1e-3).astype(np.float32)


class Blend:
    """Weighted mean of overlapping window outputs.

    Args:
        length: frames of the sequence. shape: of one frame's output, such as (17, 3).
    """

    def __init__(self, length: int, shape: tuple[int, ...]) -> None:
        self._total = np.zeros((length, *shape), np.float32)
        self._weight = np.zeros(length, np.float32)

    def add(self, window: Window, output: np.ndarray) -> None:
        """Add a window's output (T, *shape)."""
        weights = blend_weights(len(output))[window.inside]
        self._total[window.target] += output[window.inside] * weights.reshape(-1, *[1] * (output.ndim - 1))
        self._weight[window.target] += weights

    def result(self) -> np.ndarray:
        """(length, *shape) float32."""
        return self._total / self._weight.reshape(-1, *[1] * (self._total.ndim - 1))
