"""Is a training config what it should be? Found out before anything is built, with the entry's name in the message."""

from __future__ import annotations

import re
from typing import Any

from estimators.errors import ConfigError

KINDS = ("lifter", "refiner", "plan")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")  # names a file and a folder
_LARGEST = 10**9  # steps, frames, windows: more is a slip of the pen
_REQUIRED = ("kind", "name", "model", "data", "optimizer", "warmup", "validate_every", "save_every")
_OPTIONAL = ("tds_fps", "seed", "compiled", "half")
_PLAN_REQUIRED, _PLAN_OPTIONAL = ("kind", "name", "trainings"), ("pairs", "alone", "every", "seed")
_DATA = ("stages", "strides", "detector", "held_out", "noise", "folds", "crossed")


def check_config(config: dict[str, Any]) -> None:
    """Check names, types and ranges of a config's entries; those of `model` are checked when it is built.

    Names with an underscore in front are the config's own.

    Raises:
        ConfigError: an entry is missing, unknown, or makes no sense.
    """
    plan = config.get("kind") == "plan"
    required, optional = (_PLAN_REQUIRED, _PLAN_OPTIONAL) if plan else (_REQUIRED, _OPTIONAL)
    if missing := [key for key in required if key not in config]:
        raise ConfigError(f"The config lacks {', '.join(missing)}.")
    if unknown := [str(key) for key in config if key not in (*required, *optional) and not str(key).startswith("_")]:
        raise ConfigError(f"The config has unknown entries: {', '.join(unknown)[:200]}.")
    if config["kind"] not in KINDS:
        raise ConfigError(f"The config has an unknown kind {config['kind']!r}; there are {', '.join(KINDS)}.")
    if not _name(config["name"]):
        raise ConfigError("The config's name must be letters, digits, dots and dashes: it names the weights' file.")
    if "seed" in config and not _whole(config["seed"], 0):
        raise ConfigError("The config's seed must be a whole number from 0 on.")
    if plan:
        _check_plan(config)
    else:
        _check_training(config)


def _check_plan(config: dict[str, Any]) -> None:
    trainings, alone = config["trainings"], config.get("alone", [])
    if not (isinstance(trainings, list | tuple) and trainings and all(map(_training, trainings))):
        raise ConfigError("The plan's trainings must be a list of names, or of {name, config, set}.")
    if not (isinstance(alone, list | tuple) and all(map(_name, alone))):
        raise ConfigError("The plan's alone must be a list of names.")
    pairs = config.get("pairs", [])
    right = isinstance(pairs, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 and all(map(_name, pair)) for pair in pairs
    )
    if not right:
        raise ConfigError("The plan's pairs must be a list of (lifter, refiner) names.")
    if not _whole(config.get("every", 1), 1):
        raise ConfigError("The plan's every must be a whole number from 1 on.")


def _check_training(config: dict[str, Any]) -> None:
    for key in ("model", "data", "optimizer"):
        if not isinstance(config[key], dict) or not all(isinstance(name, str) for name in config[key]):
            raise ConfigError(f"The config's {key} must be a dictionary.")
    _check_data(config["data"])
    for key, least in (("warmup", 0), ("validate_every", 1), ("save_every", 1)):
        if not _whole(config[key], least):
            raise ConfigError(f"The config's {key} must be a whole number of steps from {least} on.")
    steps = config["data"]["stages"][-1][0]
    if config["warmup"] >= steps:
        raise ConfigError(f"The config's warmup of {config['warmup']} steps must end before the last, {steps}.")
    for key in ("compiled", "half"):
        if not isinstance(config.get(key, False), bool):
            raise ConfigError(f"The config's {key} must be True or False.")
    if "tds_fps" in config and not (isinstance(config["tds_fps"], int | float) and 0 < config["tds_fps"] < _LARGEST):
        raise ConfigError("The config's tds_fps must be a positive number.")


def _check_data(data: dict[str, Any]) -> None:
    if unknown := [key for key in data if key not in _DATA]:
        raise ConfigError(f"The config's data has unknown entries: {', '.join(unknown)[:200]}.")
    stages: Any = data.get("stages")
    right = isinstance(stages, list | tuple) and stages and all(_wholes(stage, 3, 1) for stage in stages)
    if not right or sorted({stage[0] for stage in stages}) != [stage[0] for stage in stages]:
        raise ConfigError("The config's data.stages must be a list of (until step, frames, windows), the steps rising.")
    strides: Any = data.get("strides")
    if not _wholes(strides, 2, 1) or strides[0] > strides[1]:
        raise ConfigError("The config's data.strides must be two whole numbers, the smaller one first.")
    folds = data.get("folds")
    if folds is not None and not (_wholes(folds, 2, 0) and folds[0] < folds[1]):
        raise ConfigError("The config's data.folds must be (k, n) with k below n.")
    if not _whole(data.get("crossed", 0), 0) or (folds and data.get("crossed")):
        raise ConfigError("The config's data.crossed must be a number of folds, and there are no data.folds with it.")
    for key in ("detector", "held_out"):
        if not isinstance(data.get(key), str | None):
            raise ConfigError(f"The config's data.{key} must be the name or path of a measured detector.")
    if data.get("held_out") and not data.get("detector"):
        raise ConfigError("The config's data.held_out needs a data.detector: their noise has the same options.")
    noise = data.get("noise")
    if noise is not None and not (isinstance(noise, dict) and all(isinstance(v, int | float) for v in noise.values())):
        raise ConfigError("The config's data.noise must be a dictionary of numbers.")


def _training(value: Any) -> bool:
    if not isinstance(value, dict):
        return _name(value)
    right = value.keys() == {"name", "config", "set"} and _name(value["name"]) and _name(value["config"])
    return right and isinstance(value["set"], dict) and all(isinstance(key, str) for key in value["set"])


def _name(value: Any) -> bool:
    return isinstance(value, str) and _PLAIN.fullmatch(value) is not None


def _wholes(value: Any, count: int, least: int) -> bool:
    return isinstance(value, list | tuple) and len(value) == count and all(_whole(one, least) for one in value)


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= _LARGEST
