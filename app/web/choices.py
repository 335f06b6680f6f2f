"""What can be chosen: detectors, lifters and their windows, people, steps; and the options made of a choice."""

from __future__ import annotations

from functools import lru_cache

from app.models import Options
from estimators import weights
from estimators.errors import ConfigError, D3PError

DEFAULTS = Options()
MAX_STEPS = 20  # more change nothing that could be seen, and take their time
BUNDLED_DETECTOR = "movenet"


@lru_cache(maxsize=1)
def detectors() -> list[tuple[str, str]]:
    """(label, name) of the detectors that work without a download; looked up once, mmpose's index is long."""
    from estimators.detection import zoo

    found = [("MoveNet (bundled)", BUNDLED_DETECTOR)]
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
    """Names of the bundled lifters, the default first: windows T for which there are weights, best first."""
    found: dict[str, list[int]] = {}
    for name, card in weights.available().items():
        kind, _, frames = name.rpartition("-")
        if card.get("kind") == "lifter" and frames.isdigit():
            found.setdefault(kind, []).append(int(frames))
    ordered = sorted(found, key=lambda kind: (kind != DEFAULTS.lifter, kind))
    return {kind: sorted(found[kind], key=lambda t: (t != DEFAULTS.frames, -t)) for kind in ordered}


def options(
    detector: str, lifter: str, frames: int | str, person: str | int | None, steps: int | float, refine: bool
) -> Options:
    """The pipeline's options, if they are among the choices: no path and no download can be asked for.

    Raises:
        ConfigError: something else.
    """
    names = [name for _, name in detectors()]
    if detector not in names:
        raise ConfigError(f"There is no detector {detector!r} here; there are {', '.join(names)}.")
    known = lifters()
    if lifter not in known:
        raise ConfigError(f"There is no lifter {lifter!r} here; there are {', '.join(known)}.")
    if not str(frames).isdigit() or int(frames) not in known[lifter]:
        raise ConfigError(f"{lifter} has no weights for T = {frames}; there are {', '.join(map(str, known[lifter]))}.")
    who = str(person if person is not None else "").strip().lower() or DEFAULTS.person
    if who not in ("largest", "all") and not who.isdigit():
        raise ConfigError(f"{str(person)[:40]!r} is nobody; choose 'largest', 'all' or a person's number.")
    if not 1 <= steps <= MAX_STEPS or int(steps) != steps:
        raise ConfigError(f"The number of diffusion steps is a whole number from 1 to {MAX_STEPS}, not {steps}.")
    return Options(
        detector=detector, lifter=lifter, frames=int(frames), person=who, steps=int(steps), refine=bool(refine)
    )


def person(who: str, number: float | None) -> str:
    """The pipeline's `person` of the page's two fields: "largest", "all", or "number" and the number itself.

    Raises:
        ConfigError: the number is missing or none.
    """
    if who != "number":
        return who
    if number is None or number < 0 or int(number) != number:
        raise ConfigError("Type the person's number: 0, 1, 2, … as a run with everyone shows them.")
    return str(int(number))
