"""What a user can choose of a run.

To add an option, add a field to `Options` and the line that uses it. From the field come its argument on the command
line (`app.cli.run`), its control on the page and its value in the web API if it is `Shown` (`app.web`), and the checks
of all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from estimators.devices import DEVICES, checked_name
from estimators.errors import ConfigError
from estimators.lifting.names import PICTURE
from refiner.pairing import refiner_of
from refiner.steps import STEPS

# What a user who does not want to choose networks chooses between.
PRESETS: dict[str, dict[str, Any]] = {
    # two networks look at everybody in every frame; the wide refiner
    "best": {"detector": "thunder+blazepose", "lifter": "stcformer", "frames": 81, "steps": 2, "looks": 0},
    # one network looks now and then; a small refiner, asked once
    "fast": {"detector": "thunder", "lifter": "stcformer", "frames": 27, "steps": 1, "looks": 12},
}
_FAST_LOOKS = PRESETS["fast"]["looks"]

UNSURE = "auto"  # whether pictures have to be turned: the detector is asked, see `app.turn`
ROTATIONS = (UNSURE, "0", "90", "180", "270")  # degrees clockwise
EVERYBODY = {"largest": "Most prominent", "all": "Everyone"}  # whom a run can be about before anybody has a number

_LONGEST = 40  # characters of a wrong value that a message quotes: programs send anything


@dataclass(frozen=True)
class Shown:
    """How the page shows an option: a truth value as a checkbox, one of several values as radio buttons, and any whole
    number as a slider.

    Attributes:
        label, info: its name, and a sentence.
        values: what the radio buttons stand for, and what they are called.
        most: the largest whole number that visitors may ask for, on the page or as programs.
    """

    label: str
    info: str | None = None
    values: Mapping[Any, str] | None = None
    most: int | None = None


@dataclass(frozen=True)
class Option:
    """What is declared of a field of `Options` besides its default.

    Attributes:
        what: its name in a sentence about a wrong value.
        help: what it is, half a sentence.
        kind: of its values: bool, int, float or str.
        optional: None is a value, too.
        metavar: what stands for a value in the command line's help.
        least, most: of a whole number.
        values: all that there are, where they can be listed.
        check: raises a ConfigError of its own for a value that makes no sense.
        shown: on the page; None for what visitors cannot choose.
    """

    what: str
    help: str
    kind: type
    optional: bool = False
    metavar: str | None = None
    least: int | None = None
    most: int | None = None
    values: tuple[str, ...] | None = None
    check: Callable[[Any], object] | None = None
    shown: Shown | None = None

    def checked(self, value: Any, most: int | None = None) -> Any:
        """A value, if it makes sense; `most` is the largest whole number that is wanted, where not all are.

        Raises:
            ConfigError: it makes none.
        """
        if value is None and self.optional:
            return None
        if self.check is not None:
            self.check(value)
            return value
        self._check_kind(value)
        if self.kind is bool and not isinstance(value, bool):
            raise ConfigError(f"{self.what} is true or false, not {_quoted(value)}.")
        if self.values is not None and value not in self.values:
            raise ConfigError(f"{self.what} is one of {', '.join(self.values)}, not {_quoted(value)}.")
        if self.least is not None:
            return self._whole(value, self.least, self.most if most is None else most)
        return value

    def as_text(self, value: Any) -> Any:
        """Numbers and paths as text where any text is taken: `person=3`, `lifter=Path("mine.safetensors")`."""
        free = self.kind is str and self.check is None
        if free and isinstance(value, int | os.PathLike) and not isinstance(value, bool):
            return os.fspath(value) if isinstance(value, os.PathLike) else str(value)
        return value

    def _check_kind(self, value: Any) -> None:
        if value is None:
            raise ConfigError(f"{self.what} is not None.")
        if self.kind is str and not isinstance(value, str):
            raise ConfigError(f"{self.what} is a text, not {_quoted(value)}.")
        if self.kind is float and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ConfigError(f"{self.what} is a number, not {_quoted(value)}.")

    def _whole(self, value: Any, least: int, most: int | None) -> int:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or value % 1 != 0 or value < least or (most is not None and value > most):
            limits = f"of at least {least}" if most is None else f"from {least} to {most}"
            raise ConfigError(f"{self.what} is a whole number {limits}, not {_quoted(value)}.")
        return int(value)


def _quoted(value: Any) -> str:
    if (
        isinstance(value, int) and value.bit_length() > 8 * _LONGEST
    ):  # Python writes out no number of thousands of digits
        return "such a number"
    return repr(value[:_LONGEST]) if isinstance(value, str) else repr(value)[:_LONGEST]


def _check_rotation(value: Any) -> None:
    if value not in ROTATIONS:
        raise ConfigError(f"Pictures are turned by {', '.join(ROTATIONS[1:])} degrees or 'auto', not {_quoted(value)}.")


def _option(default: Any, what: str, help: str, kind: type | None = None, **declared: Any) -> Any:
    """A field of `Options`; its kind is that of its default, if it has one."""
    option = Option(what, help, kind or type(default), optional=default is None, **declared)
    return field(default=default, metadata={"option": option})


@dataclass(frozen=True)
class Options:
    """What a user can choose; the defaults are what `d3p run` does, the preset "best".

    Raises:
        ConfigError: a value makes no sense.
    """

    detector: str = _option(
        PRESETS["best"]["detector"],
        "The detector",
        "what finds people in 2D: thunder+blazepose, thunder, blazepose, blazepose-full, movenet (bundled); "
        "rtmpose-t|s|m|l, rtmo-t|s|m|l, any name of mmpose's, or a config",
        metavar="NAME",
        shown=Shown("Detector", "Finds people in 2D."),
    )
    checkpoint: str | None = _option(
        None, "The checkpoint", "weights of the detector, if that is a config", str, metavar="FILE"
    )
    lifter: str = _option(
        "stcformer",
        "The lifter",
        "what turns 2D into 3D: stcformer, mixste, a safetensors file, or blazepose (the detector's own 3D)",
        metavar="NAME",
        shown=Shown("Lifter", "Turns 2D into 3D."),
    )
    frames: int = _option(
        81,
        "The number of frames of the lifter's window",
        "length of the lifter's window: 81 or 27",
        metavar="T",
        least=1,
        shown=Shown("Window T", "Frames seen at once by the lifter."),
    )
    person: str = _option(
        "largest",
        "The person",
        "whom the run is about: largest, all, or the id of a person",
        metavar="WHO",
        shown=Shown("Person", values=EVERYBODY),
    )
    steps: int = _option(
        2,
        "The number of diffusion steps",
        "diffusion steps of the refiner",
        metavar="K",
        least=1,
        most=STEPS,
        shown=Shown("Diffusion steps", most=20),  # more change nothing that could be seen, and take their time
    )
    refine: bool = _option(
        True,
        "Whether to refine",
        "refine what the lifter says",
        shown=Shown("Refine", "The diffusion model after the lifter."),
    )
    device: str = _option("auto", "The device", DEVICES, metavar="NAME", check=checked_name)
    video: bool = _option(True, "Whether to draw a video", "write side_by_side.mp4")
    focal: float | None = _option(
        None,
        "The focal length",
        "focal length of the camera in pixels of the upright picture (default: the file's own word, else 1.2 times the "
        "longer side)",
        float,
        metavar="PIXELS",
    )
    looks: int = _option(
        0,
        "The number of the detector's looks a second",
        "about how many times a second the detector looks; joints between are interpolated (0: at every frame)",
        metavar="N",
        least=0,
        shown=Shown(
            "Detector looks",
            "Joints between two looks are interpolated.",
            values={0: "at every frame", _FAST_LOOKS: f"{_FAST_LOOKS} times a second"},
            most=240,  # no video there has more frames
        ),
    )
    rotate: str = _option(
        UNSURE,
        "The rotation",
        "degrees clockwise by which the pictures are turned beyond what the file says; auto does so if people stand "
        "upside down or on their side",
        values=ROTATIONS,
        check=_check_rotation,
        shown=Shown(
            "Turn the pictures",
            "For cameras that lay on their side or hung upside down.",
            values={UNSURE: "as the people show it", **{degrees: f"{degrees}° clockwise" for degrees in ROTATIONS[1:]}},
        ),
    )

    def __post_init__(self) -> None:
        for name, option in declared().items():
            object.__setattr__(self, name, option.checked(option.as_text(getattr(self, name))))

    @classmethod
    def preset(cls, name: str, **given: Any) -> Options:
        """The options that one of `PRESETS` names, but for those `given` by name.

        Raises:
            ConfigError: there is no such preset, or a value makes no sense.
        """
        if name not in PRESETS:
            raise ConfigError(f"There is no preset {_quoted(name)}; there are {', '.join(PRESETS)}.")
        return cls(**{**PRESETS[name], **given})

    @property
    def lifter_weights(self) -> str:
        """Name or path of the lifter's weights; the lifter's own name if it has none."""
        whole = self.lifter == PICTURE or self.lifter.endswith(".safetensors")
        return self.lifter if whole else f"{self.lifter}-{self.frames}"

    @property
    def refiner_weights(self) -> str:
        """The refiner trained for that lifter: a bundled name, or a file beside a lifter given by its path."""
        return refiner_of(self.lifter_weights, self.frames)

    @property
    def weights(self) -> list[str]:
        """Names or paths of the weights of the lifter, if it has any, and of the refiner, if there is to be one."""
        own = [] if self.lifter == PICTURE else [self.lifter_weights]
        return own + ([self.refiner_weights] if self.refine else [])


def declared() -> dict[str, Option]:
    """What is declared of each option, by its name."""
    return {one.name: one.metadata["option"] for one in fields(Options)}
