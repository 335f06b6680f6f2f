"""Motions as files of other programs. One module a format; where people stand is `app.world.placing`'s.

Every format module says in its docstring what it writes: units, axes, how gaps look.
BVH and TRC hold one person a file.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from estimators.errors import ConfigError, DataError
from estimators.files import complete_folder

if TYPE_CHECKING:
    from app.motion import Motion
    from app.world.placing import Placed


@dataclass(frozen=True)
class Format:
    """A format: its module has `write(placed, path)`, or `write(placed, index, path)` if there is a file a person.

    Attributes:
        module: in this package.
        holds: what is in a file, for the command line's help.
        one_person: a file holds one person.
        sidecar: suffix of the JSON file that says what the format cannot; None if it can.
        even: the format knows a rate only, or holds what is missing:
            it gets a frame every 1 / rate seconds, see `Motion.even`.
    """

    module: str
    holds: str
    one_person: bool = False
    sidecar: str | None = None
    even: bool = False


FORMATS = {
    "bvh": Format(
        "bvh",
        "bones and rotations, metres, Y up; a file a person, and NAME.bvh.json: which frames are missing",
        one_person=True,
        sidecar=".bvh.json",
        even=True,
    ),
    "glb": Format("glb", "animated body, metres, Y up", even=True),
    "trc": Format("trc", "markers for OpenSim and Pose2Sim, metres; a file a person", one_person=True),
    "c3d": Format("c3d_points", "markers, millimetres", even=True),
    "csv": Format("table", "a row a frame and person, metres"),
    "json": Format("document", "everything in one document, metres"),
}


def parse_formats(text: str) -> tuple[str, ...]:
    """The formats of a comma-separated list, each once, in the order given.

    Raises:
        ConfigError: one that there is not, or none, or one whose library is not installed.
    """
    names = tuple(dict.fromkeys(name.strip().lower().removeprefix(".") for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in FORMATS]
    if unknown or not names:
        wrong = f"Cannot export to {', '.join(unknown)}" if unknown else "No format to export to was given"
        raise ConfigError(f"{wrong}; the formats are {', '.join(FORMATS)}.")
    for name in names:
        _module(name)
    return names


def export(
    motion: Motion,
    formats: Sequence[str] | str,
    folder: str | Path,
    stem: str = "motion",
    space: str = "world",
    height: float | None = None,
    clean_feet: bool = False,
) -> list[Path]:
    """Write a motion in some formats: all files, whole, or none.

    Args:
        motion: the people.
        formats: names in `FORMATS`, or one.
        folder: where the files go, `STEM.FORMAT`, or `STEM_personID.FORMAT` for one of several people.
        stem: of the files' names.
        space: "world" or "camera", see `app.world.placing`.
        height: metres, true height of the person seen in most frames; None keeps the estimated scale.
        clean_feet: keep standing feet from sliding, see `app.world.feet`.

    Returns:
        The files written, in the order of `formats`.

    Raises:
        ConfigError: an unknown format or space, an impossible height or name.
        DataError: a motion that a format cannot hold.
    """
    from app.world.placing import place

    if not stem or Path(stem).name != stem:
        raise ConfigError(f"The name of files, {stem!r}, must be a name, without a folder.")
    formats = parse_formats(formats if isinstance(formats, str) else ",".join(formats))
    try:
        placed = place(motion, space, height, clean_feet)
        evenly = placed if motion.even is motion else place(motion.even, space, height, clean_feet)
        with complete_folder(folder) as staging:
            kinds = [(form, evenly if FORMATS[form].even else placed) for form in formats]
            written = [name for form, where in kinds for name in _write(where, form, staging, stem)]
    except (ValueError, ArithmeticError) as error:  # sizes beyond what numbers hold, or none at all
        raise DataError(f"This motion cannot be written as {', '.join(formats)}: {error}.") from error
    return [Path(folder) / name for name in written]


def _write(placed: Placed, name: str, folder: Path, stem: str) -> list[str]:
    """Write one format; returns the names of its files."""
    kind, module = FORMATS[name], _module(name)
    if not kind.one_person:
        module.write(placed, folder / f"{stem}.{name}")
        return [f"{stem}.{name}"]
    written = []
    people = placed.motion.people
    for index, person in enumerate(people):
        whose = f"{stem}_person{person.id}" if len(people) > 1 else stem
        module.write(placed, index, folder / f"{whose}.{name}")
        written.append(f"{whose}.{name}")
        if kind.sidecar:
            module.write_sidecar(placed, index, folder / f"{whose}{kind.sidecar}")
            written.append(f"{whose}{kind.sidecar}")
    return written


def exported_files(folder: str | Path, stem: str = "motion") -> list[Path]:
    """The files in `folder` whose names `export` gives, of whatever run."""
    folder = Path(folder)
    endings = [f".{name}" for name in FORMATS] + [kind.sidecar for kind in FORMATS.values() if kind.sidecar]
    patterns = [f"{stem}{whose}{ending}" for ending in endings for whose in ("", "_person[0-9]*")]
    return sorted({path for pattern in patterns for path in folder.glob(pattern)})


def _module(name: str) -> Any:
    """The module that writes a format.

    Raises:
        ConfigError: a library that it needs is not installed.
    """
    try:
        return importlib.import_module(f"{__name__}.{FORMATS[name].module}")
    except ModuleNotFoundError as error:
        raise ConfigError(f"Export to {name} needs the package {error.name}: pip install {error.name}.") from error
