"""What visitors can choose: the options of a run that the page shows, with the detectors and lifters that are here; and
the options made of a choice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.options import EVERYBODY, PRESETS, Option, Options, declared
from estimators import weights
from estimators.errors import ConfigError, D3PError
from estimators.lifting.names import PICTURE

DEFAULTS = Options()


@lru_cache(maxsize=1)
def detectors() -> list[tuple[str, str]]:
    """(label, name) of the detectors that work without a download; looked up once, mmpose's index is long."""
    from estimators.detection import zoo
    from estimators.detection.networks import BUNDLED

    found = [(eyes.label, name) for name, eyes in BUNDLED.items()]
    try:
        known = zoo.models()
    except (OSError, D3PError):  # mmpose without its index: its models cannot be used
        return found
    cache = zoo.cache_folder()
    for alias, name in zoo.ALIASES.items():
        model = known.get(name)
        if model is not None and (cache / "checkpoints" / model.url.rsplit("/", 1)[-1]).is_file():
            found.append((alias.replace("rtm", "RTM", 1) + " (downloaded)", alias))
    return found


def lifters() -> dict[str, list[int]]:
    """Names of the bundled lifters, the default first: windows T for which there are weights, best first. Last the one
    that has neither weights nor a window: its T is that of the default lifter's refiner behind it."""
    found: dict[str, list[int]] = {}
    for name, card in weights.available().items():
        kind, _, frames = name.rpartition("-")
        if card.get("kind") == "lifter" and frames.isdigit():
            found.setdefault(kind, []).append(int(frames))
    ordered = sorted(found, key=lambda kind: (kind != DEFAULTS.lifter, kind))
    windows = {kind: sorted(found[kind], key=lambda t: (t != DEFAULTS.frames, -t)) for kind in ordered}
    return {**windows, PICTURE: windows.get(DEFAULTS.lifter, [DEFAULTS.frames])}


def windows(lifter: Any, otherwise: int) -> list[int]:
    """The windows T for which there are weights of a lifter; the one given if the lifter is not here."""
    return lifters().get(lifter, [otherwise])


def presets() -> dict[str, dict[str, Any]]:
    """What each preset sets. The lifter is another question: every one can be asked thoroughly, or fast."""
    return {
        name: {key: getattr(Options.preset(name), key) for key in preset if key != "lifter"}
        for name, preset in PRESETS.items()
    }


def offered() -> dict[str, Option]:
    """The options that visitors have, by name."""
    return {name: option for name, option in declared().items() if option.shown is not None}


def buttons(name: str) -> list[tuple[str, Any]] | None:
    """What an option's radio buttons are called, and their values; None for one that has none."""
    if name == "detector":
        return detectors()
    if name == "lifter":
        return [(lifter, lifter) for lifter in lifters()]
    if name == "frames":
        return [(str(frames), frames) for frames in next(iter(lifters().values()), [DEFAULTS.frames])]
    shown = declared()[name].shown
    return None if shown is None or shown.values is None else [(label, value) for value, label in shown.values.items()]


def ranges() -> dict[str, list[Any]]:
    """For programs: the smallest and the largest number, or all values, of options that depend on no weights."""
    found: dict[str, list[Any]] = {}
    for name, option in offered().items():
        if option.values is not None:
            found[name] = list(option.values)
        elif option.shown is not None and option.shown.most is not None:
            found[name] = [option.least, option.shown.most]
    return found


@dataclass(frozen=True)
class Wish:
    """What somebody asks for, on the page or as a program; not checked yet.

    Attributes:
        asked: a value for every option `offered`, of any type.
    """

    asked: dict[str, Any]

    def options(self) -> Options:
        """The pipeline's options, if all is among the choices: no path and no download can be asked for.

        Raises:
            ConfigError: something else.
        """
        asked = {name: self.asked[name] for name in offered()}
        check_detector(asked["detector"])
        asked["frames"] = _window(asked["lifter"], asked["frames"])
        asked["person"] = _person(asked["person"])
        for name, option in offered().items():
            option.checked(asked[name], option.shown.most if option.shown else None)
        return Options(**asked)


def _window(lifter: Any, frames: Any) -> int:
    """The window T that is asked for, if there are weights of this lifter for it."""
    known = lifters()
    if lifter not in list(known):  # what a program sends may be of any type
        raise ConfigError(f"There is no lifter {str(lifter)[:40]!r} here; there are {', '.join(known)}.")
    if str(frames) not in map(str, known[lifter]):
        some = ", ".join(map(str, known[lifter]))
        raise ConfigError(f"{lifter} has no weights for T = {str(frames)[:40]}; there are {some}.")
    return int(frames)


def _person(asked: Any) -> str:
    who = str(asked if asked is not None else "").strip()[:40].lower() or DEFAULTS.person
    if who not in EVERYBODY and not (who.isascii() and who.isdigit() and len(who) < 10):
        raise ConfigError(f"{who!r} is nobody; choose 'largest', 'all' or a person's number.")
    return who


def check_detector(name: Any) -> None:
    """Whether it is among the choices.

    Raises:
        ConfigError: it is not.
    """
    names = [known for _, known in detectors()]
    if name not in names:
        raise ConfigError(f"There is no detector {str(name)[:40]!r} here; there are {', '.join(names)}.")


def check_search(detector: Any, rotate: Any) -> None:
    """What a search for people is asked for.

    Raises:
        ConfigError: an unknown detector or rotation.
    """
    check_detector(detector)
    declared()["rotate"].checked(rotate)


def defaults() -> Wish:
    """What a click on nothing but the start button asks for."""
    lifter, frames = next(iter(lifters().items()), (DEFAULTS.lifter, [DEFAULTS.frames]))
    asked = {name: getattr(DEFAULTS, name) for name in offered()}
    return Wish({**asked, "lifter": lifter, "frames": frames[0]})
