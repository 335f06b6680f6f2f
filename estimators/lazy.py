"""Names that a package offers, whose modules are imported when they are asked for: torch and mmpose take seconds."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazily(package: str, names: Mapping[str, str]) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """`__all__`, `__getattr__` and `__dir__` of a package.

    Args:
        package: its `__name__`.
        names: what it offers, and the module that each is defined in.
    """

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(names[name]), name)
        setattr(sys.modules[package], name, value)  # found without us from now on
        return value

    def offered() -> list[str]:  # what is not imported yet, too
        return sorted({*vars(sys.modules[package]), *names})

    return list(names), get, offered
