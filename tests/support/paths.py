"""Where things lie: the checkout, and the data beside it that is not part of it."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Recordings and motion capture that are not bundled; tests that need a file of it are skipped where it is absent.
SHARED = Path(os.environ.get("D3P_SHARED") or ROOT.parent / "shared")


def environment(**more: str) -> dict[str, str]:
    """This process's environment for a child that imports the checkout's packages, those of the tests among them."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}
