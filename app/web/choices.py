"""What can be chosen: detectors, lifters and their windows, people, steps; and the options made of a choice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from app.options import Options
from estimators import weights
from estimators.errors import ConfigError, D3PError

DEFAULTS = Options()
MAX_LOOKS = 240  # a second; no video here has more frames
MAX_STEPS = 20  # more change nothing that could be seen, and take their time
BUNDLED_DETECTOR = "movenet"
EVERYBODY = ("largest", "all")  # who can be asked for before anybody was found


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


@dataclass(frozen=True)
class Wish:
    """What somebody asks for, on the page or as a program; not checked yet. The controls of both have these names.

    Attributes:
        detector, lifter, frames: by name, and the window T.
        person: "largest", "all" or a person's id.
        steps: of the diffusion.
        refine: whether to.
        looks: of the detector a second, 0 for every frame.
        rotate: degrees clockwise by which the pictures are turned, or "auto".
    """

    detector: str
    lifter: str
    frames: int | str
    person: str
    steps: float
    refine: bool
    looks: float
    rotate: str

    def options(self) -> Options:
        """The pipeline's options, if all is among the choices: no path and no download can be asked for.

        Raises:
            ConfigError: something else.
        """
        check_detector(self.detector)
        known = lifters()
        if self.lifter not in list(known):  # what a program sends may be of any type
            raise ConfigError(f"There is no lifter {str(self.lifter)[:40]!r} here; there are {', '.join(known)}.")
        frames = known[self.lifter]
        if str(self.frames) not in map(str, frames):
            some = ", ".join(map(str, frames))
            raise ConfigError(f"{self.lifter} has no weights for T = {str(self.frames)[:40]}; there are {some}.")
        who = str(self.person if self.person is not None else "").strip()[:40].lower() or DEFAULTS.person
        if who not in EVERYBODY and not (who.isascii() and who.isdigit() and len(who) < 10):
            raise ConfigError(f"{who!r} is nobody; choose 'largest', 'all' or a person's number.")
        if not _whole(self.steps) or self.steps not in range(1, MAX_STEPS + 1):
            raise ConfigError(
                f"The number of diffusion steps is a whole number from 1 to {MAX_STEPS}, not {str(self.steps)[:40]}."
            )
        if not isinstance(self.refine, bool):
            raise ConfigError(f"Whether to refine is true or false, not {str(self.refine)[:40]!r}.")
        if not _whole(self.looks) or self.looks not in range(MAX_LOOKS + 1):
            raise ConfigError(
                f"The detector's looks a second are a whole number from 1 to {MAX_LOOKS}, or 0 for every frame, "
                f"not {str(self.looks)[:40]}."
            )
        return Options(
            detector=self.detector,
            lifter=self.lifter,
            frames=int(self.frames),
            person=who,
            steps=int(self.steps),
            refine=self.refine,
            looks=int(self.looks),
            rotate=self.rotate,
        )


def _whole(value: object) -> bool:
    """Whether it is a number that is not a truth value; a program may send anything."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_detector(name: str) -> None:
    """Whether it is among the choices.

    Raises:
        ConfigError: it is not.
    """
    names = [known for _, known in detectors()]
    if name not in names:
        raise ConfigError(f"There is no detector {str(name)[:40]!r} here; there are {', '.join(names)}.")


def check_search(detector: str, rotate: str) -> None:
    """What a search for people is asked for.

    Raises:
        ConfigError: an unknown detector or rotation.
    """
    check_detector(detector)
    Options(rotate=rotate)


def defaults() -> Wish:
    """What a click on nothing but the start button asks for."""
    lifter, frames = next(iter(lifters().items()), (DEFAULTS.lifter, [DEFAULTS.frames]))
    return Wish(
        BUNDLED_DETECTOR, lifter, frames[0], DEFAULTS.person, DEFAULTS.steps, DEFAULTS.refine, DEFAULTS.looks, DEFAULTS.rotate
    )  # fmt: skip
