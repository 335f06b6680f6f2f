"""Finds the packages that `d3prefiner` re-exports, whatever lies in the user's folder: many people have an `app.py`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

_OURS = ("app", "refiner", "estimators", "demo_videos")
_HERE = Path(__file__).resolve().parent
# In a checkout this is app/d3prefiner; installed, it lies beside app.
_ROOT = _HERE.parents[1] if (_HERE.parent / "pipeline.py").is_file() else _HERE.parent


class _OwnFinder:
    """Looks for our packages where this one lies, before Python looks anywhere else."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """None for all that is not ours."""
        return PathFinder.find_spec(name, [str(_ROOT)]) if path is None and name in _OURS else None


def own_packages_come_first() -> None:
    """From now on `import app` finds ours.

    Raises:
        ImportError: another module of such a name has been imported already.
    """
    for name in _OURS:
        there = sys.modules.get(name)
        places = [*getattr(there, "__path__", ()), getattr(there, "__file__", None) or ""]
        if there is not None and _ROOT / name not in {Path(place).resolve() for place in places if place}:
            raise ImportError(
                f"d3prefiner has a package named {name!r}, and another module of that name ({places[-1]}) has been "
                "imported before: import d3prefiner first, or give that module another name."
            )
    if _OwnFinder not in sys.meta_path:
        sys.meta_path.insert(0, _OwnFinder)
