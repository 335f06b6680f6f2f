"""The real training command, in a process of its own: mmengine keeps registries, loggers and visualizers in globals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def train(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `python -m refiner.training`."""
    command = [sys.executable, "-m", "refiner.training", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT)
