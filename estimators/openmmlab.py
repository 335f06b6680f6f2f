"""mmengine, mmcv-lite and mmpose: what detection and training stand on, and pip cannot be asked for by a requirement.

Their own lists of requirements do not install, or break what is there (`openmmlab.txt` says how), and a list in
pyproject.toml has no way to leave them out. So they are a step of their own, `d3p setup`,
and whoever needs them says so.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from estimators.errors import SetupError

PINS = Path(__file__).with_name("openmmlab.txt")
MODULES = ("mmengine", "mmcv", "mmpose")


def pins() -> dict[str, str]:
    """Distribution -> its one release that works here."""
    lines = (line.split("#")[0].strip() for line in PINS.read_text(encoding="utf-8").splitlines())
    return dict(line.split("==") for line in lines if line)


def require() -> None:
    """Nothing, if all three can be imported.

    Raises:
        SetupError: they cannot; says what to run.
    """
    absent = [name for name in MODULES if importlib.util.find_spec(name) is None]
    if absent:
        names = " and ".join(filter(None, (", ".join(absent[:-1]), absent[-1])))
        raise SetupError(f"{names} must be installed first, which pip cannot do with the rest: run `d3p setup` once.")


def outstanding() -> list[str]:
    """The pins that do not hold here, as requirements. A full mmcv does for mmcv-lite."""
    found = {name: _version(name) for name in pins()}
    if _version("mmcv") is not None:
        found["mmcv-lite"] = pins()["mmcv-lite"]
    return [f"{name}=={release}" for name, release in pins().items() if found[name] != release]


def install() -> list[str]:
    """Install what is outstanding into the running Python's environment, and nothing else; returns what was installed.

    pip does it, or uv where there is no pip, with whatever settings they have (an index of one's own, a proxy).

    Raises:
        SetupError: there is neither, or it failed; says what to run by hand.
    """
    wanted = outstanding()
    if not wanted:
        return []
    command = [*_installer(), "--no-deps", *wanted]
    try:
        done = subprocess.run(command, check=False)
    except OSError as error:
        raise SetupError(f"{command[0]} cannot be started: {error.strerror}.") from error
    importlib.invalidate_caches()
    if done.returncode or (missed := outstanding()):
        what = "; ".join(wanted if done.returncode else missed)
        raise SetupError(f"{what} could not be installed, see above; the command was `{shlex.join(command)}`.")
    return wanted


def _installer() -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    if uv := shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))):
        return [uv, "pip", "install", "--python", sys.executable]
    raise SetupError(
        f"There is neither pip nor uv for {sys.executable}; install {', '.join(outstanding())} there by other means, "
        "without their requirements."
    )


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
