"""Training configs: found, read, and checked before anything is built, with the entry's name in the message.

A config is a Python file, of a training or of a plan of several, see `TrainingConfig` and `PlanConfig` for its entries.
What several have in common lies in `configs/_base_` (`_base_` is mmengine's: a dictionary is merged into that of the
base). Names with an underscore in front are the config's own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from mmengine.config import Config
from pydantic import Field, field_validator, model_validator

from estimators.checked import MOST, Checked, Count, Finite, Listed, Whole, checked
from estimators.checkpoints import first_line
from estimators.errors import ConfigError

BUNDLED = Path(__file__).parent / "configs"

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]  # names a file and a folder
Stage = Annotated[tuple[Count, Count, Count], Listed]


class Data(Checked):
    """`data` of a training: its windows and the detector's noise, see `CapturePreprocessor`."""

    stages: Annotated[
        tuple[Stage, ...],
        Listed,
        Field(min_length=1, description="a list of (until step, frames, windows), the steps rising"),
    ]
    strides: Annotated[
        tuple[Count, Count], Listed, Field(description="two whole numbers from 1 on, the smaller one first")
    ]
    detector: str | None = Field(None, description="the name or path of a measured detector")
    held_out: str | None = Field(None, description="the name or path of a measured detector")
    noise: dict[str, Finite] | None = Field(None, description="a dictionary of numbers")
    folds: Annotated[tuple[Whole, Whole] | None, Listed] = Field(None, description="(k, n) with k below n")
    crossed: Whole = Field(0, description="a number of folds")

    @field_validator("stages")
    @classmethod
    def _rising(cls, stages: tuple[tuple[int, int, int], ...]) -> tuple[tuple[int, int, int], ...]:
        ends = [until for until, _, _ in stages]
        if sorted(set(ends)) != ends:
            raise ValueError
        return stages

    @field_validator("strides")
    @classmethod
    def _smaller_first(cls, strides: tuple[int, int]) -> tuple[int, int]:
        if strides[0] > strides[1]:
            raise ValueError
        return strides

    @field_validator("folds")
    @classmethod
    def _one_of_them(cls, folds: tuple[int, int] | None) -> tuple[int, int] | None:
        if folds and folds[0] >= folds[1]:
            raise ValueError
        return folds

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.folds and self.crossed:
            raise ValueError("The config's data has crossed folds and folds; it can have one of them.")
        if self.held_out and not self.detector:
            raise ValueError("The config's data.held_out needs a data.detector: their noise has the same options.")
        return self


class _Config(Checked):
    kind: str
    name: Name = Field(description="letters, digits, dots and dashes: it names the weights' file")
    seed: Whole = Field(0, description="a whole number from 0 on")


class TrainingConfig(_Config):
    """A training of a lifter or a refiner; the entries of `model` are checked when it is built.

    The number of steps is where the last stage of `data["stages"]` ends. The learning rate rises linearly over `warmup`
    steps and falls to zero along a cosine.
    """

    model: dict[str, Any] = Field(description="a dictionary")
    data: Data = Field(description="a dictionary")
    optimizer: dict[str, Any] = Field(description="a dictionary")
    warmup: Whole = Field(description="a whole number of steps from 0 on")
    validate_every: Count = Field(description="a whole number of steps from 1 on")
    save_every: Count = Field(description="a whole number of steps from 1 on")
    tds_fps: Finite = Field(1.0, gt=0, lt=MOST, description="a positive number")  # not given: follows from the strides
    compiled: bool = Field(False, description="True (with torch.compile) or False")
    half: bool = Field(False, description="True (weights are exported in float16) or False")

    @model_validator(mode="after")
    def _learns_after_warming_up(self) -> Self:
        steps = self.data.stages[-1][0]
        if self.warmup >= steps:
            raise ValueError(f"The config's warmup of {self.warmup} steps must end before the last, {steps}.")
        return self


class Variant(Checked):
    """A training of a plan: `config`, with entries `set` by dotted key, under a `name` of its own."""

    name: Name
    config: Name
    set: dict[str, Any]


class PlanConfig(_Config):
    """Several trainings in a row, see `refiner.training.plan`."""

    trainings: Annotated[
        tuple[Name | Variant, ...],
        Listed,
        Field(min_length=1, description="a list of names, or of {name, config, set}"),
    ]
    pairs: Annotated[tuple[Annotated[tuple[Name, Name], Listed], ...], Listed] = Field(
        (), description="a list of (lifter, refiner) names"
    )
    alone: Annotated[tuple[Name, ...], Listed] = Field((), description="a list of names")
    every: Count = Field(1, description="a whole number from 1 on")


KINDS: dict[str, type[_Config]] = {"lifter": TrainingConfig, "refiner": TrainingConfig, "plan": PlanConfig}


def find_config(name_or_path: str | Path) -> Path:
    """A config by its path, or a bundled one by its name: "lifter_stcformer_81_cpu".

    Raises:
        ConfigError: there is none.
    """
    try:
        for path in (Path(name_or_path), BUNDLED / f"{name_or_path}.py"):
            if path.is_file() and (path.parent == BUNDLED or path == Path(name_or_path)):
                return path
    except (OSError, ValueError):  # a name that no file can have
        pass
    raise ConfigError(f"No training config at {str(name_or_path)[:200]}.")


def load_config(path: str | Path, options: dict[str, Any] | None = None) -> Config:
    """Read a config; `options` override entries by dotted key.

    Raises:
        ConfigError: no such file, or entries are missing, unknown or make no sense.
    """
    path = find_config(path)
    try:
        config = Config.fromfile(str(path))
        if options:
            config.merge_from_dict(options)
        entries = config.to_dict()
    except Exception as error:  # a config is code, and mmengine raises whatever it meets while running it
        raise ConfigError(f"{path.name} cannot be read as a config: {first_line(error)}") from error
    check_config(entries)
    return config


def check_config(config: dict[str, Any]) -> None:
    """Check names, types and ranges of a config's entries.

    Raises:
        ConfigError: an entry is missing, unknown, or makes no sense.
    """
    entries = {key: value for key, value in config.items() if not str(key).startswith("_")}
    if "kind" not in entries:
        raise ConfigError("The config lacks kind.")
    kind = entries["kind"]
    if not isinstance(kind, str) or kind not in KINDS:
        raise ConfigError(f"The config has an unknown kind {str(kind)[:40]!r}; there are {', '.join(KINDS)}.")
    checked(KINDS[kind], entries, "the config", ConfigError)
