"""Stretches of frames: of those in which something holds, between cuts, and the gaps within."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def runs(present: np.ndarray, cuts: Sequence[int] = ()) -> list[slice]:
    """Maximal stretches of True in an (N,) bool array, none of which goes on across a cut (the first frame of a
    shot)."""
    found = []
    for shot in parts(len(present), cuts):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], present[shot], [False]]).astype(np.int8)))
        found += [slice(shot.start + int(start), shot.start + int(end)) for start, end in edges.reshape(-1, 2)]
    return found


def parts(length: int, cuts: Sequence[int]) -> list[slice]:
    """The shots of a video of so many frames, whose frames `cuts` each begin a new one."""
    edges = [0, *(cut for cut in cuts if 0 < cut < length), length]
    return [slice(start, end) for start, end in pairwise(edges)]


def gaps(known: np.ndarray) -> list[tuple[int, int]]:
    """(last known before, first known after) of every inner gap in an (N,) bool array."""
    frames = np.flatnonzero(known)
    return [(int(a), int(b)) for a, b in pairwise(frames) if b - a > 1]
