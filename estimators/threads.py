"""How many threads compute, and what they do while they wait: for torch, for ONNX Runtime, for whatever uses OpenMP.

Both are read from the environment when torch is loaded, so that it is told before. What a user has set stays.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

MOST = 4  # threads that one network is given: its layers take tens of microseconds, and more have little to share
_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # a container's, as it sees it itself: "200000 100000" are two cores


def cores() -> int:
    """Processors that this process may use: by its affinity, and by the quota of its container."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(there, _quota() or there))


def be_a_good_neighbour() -> None:
    """Let threads that wait for one another sleep, and have no more of them than a container's quota allows.

    OpenMP's spin by default. Beside other programs the one that is waited for then does not get a processor: with ten
    busy programs on two cores, detection took 244 ms a frame instead of 73, the refiner 113 instead of 16 to 29.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if quota := _quota():
        os.environ.setdefault("OMP_NUM_THREADS", str(min(quota, cores())))


def _quota() -> int | None:
    """Cores that the container may use; None: as many as there are."""
    try:
        allowed, period = _QUOTA.read_text().split()
        return max(1, math.ceil(int(allowed) / int(period)))
    except (OSError, ValueError, ZeroDivisionError):  # no such thing here, or "max"
        return None
