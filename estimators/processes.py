"""Python started anew finds our packages, whatever lies in the user's folder:
an `app.py` or a `pickle.py` there is not ours.

By `-m` and by `-c`, as `multiprocessing` does, Python looks into the current folder before anywhere else. `-P`, or
PYTHONSAFEPATH, ends that; then a checkout that is not installed has to be named in PYTHONPATH.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]  # of our packages: a checkout, or where they are installed


def module_command(module: str, *arguments: object) -> list[str]:
    """The command that runs a module of ours; `own_environment` is to go with it."""
    return [sys.executable, "-P", "-m", module, *map(str, arguments)]


def own_environment(**more: str) -> dict[str, str]:
    """This process's environment, for a Python that is to find our packages, and nothing in the current folder.

    Args:
        more: further variables.
    """
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]  # "" is the current folder
    if not _installed():  # else Python finds them by itself, after its own library
        paths.insert(0, str(ROOT))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1", **more}


@contextmanager
def safe_path() -> Iterator[None]:
    """Processes that `multiprocessing` spawns in here look for modules where this one does,
    from their first import on."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _installed() -> bool:
    """Whether our packages lie where Python looks by itself."""
    folders = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), site.getusersitepackages()]
    return ROOT in {Path(folder).resolve() for folder in folders}
