"""The checkpoints of a training: find the newest that is whole, and make sure that a training can go on from it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from torch import nn

from estimators.checkpoints import read_checkpoint
from estimators.errors import ConfigError, WeightsError

_NAME = re.compile(r"iter_(\d+)\.pth")
_PARTS = {"state_dict": dict, "optimizer": dict, "param_schedulers": list, "message_hub": dict, "meta": dict}


def newest_checkpoint(work_dir: str | Path) -> tuple[Path, dict[str, Any]] | None:
    """The newest whole checkpoint of a training and what it holds, read without running code; None if there is none.

    A training that was killed while it wrote may have left half a file: then the one before is the newest.

    Raises:
        WeightsError: there are checkpoints, but none that can be read.
    """
    found = {int(match[1]): path for path in Path(work_dir).glob("iter_*.pth") if (match := _NAME.fullmatch(path.name))}
    problem: WeightsError | None = None
    for number in sorted(found, reverse=True):
        try:
            content = read_checkpoint(found[number])
            for part, kind in _PARTS.items():
                if not isinstance(content.get(part), kind):
                    raise WeightsError(f"The checkpoint {found[number].name} is not one of a training: no {part}.")
            if not isinstance(content["meta"].get("iter"), int):
                raise WeightsError(f"The checkpoint {found[number].name} does not say how far the training was.")
            return found[number].resolve(), content
        except WeightsError as error:
            problem = problem or error
    if problem:
        raise problem
    return None


def latest_checkpoint(work_dir: str | Path) -> tuple[Path, dict[str, Any]]:
    """The newest whole checkpoint, of which there must be one.

    Raises:
        ConfigError: there is none. WeightsError: none that can be read.
    """
    newest = newest_checkpoint(work_dir)
    if newest is None:
        raise ConfigError(f"There is no checkpoint in {work_dir}; train first.")
    return newest


def check_fit(model: nn.Module, path: Path, content: dict[str, Any]) -> None:
    """mmengine leaves out in silence what does not fit.

    Raises:
        ConfigError: the checkpoint is of another model.
    """
    expected = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    found = {str(key): tuple(getattr(value, "shape", ())) for key, value in content["state_dict"].items()}
    if expected != found:
        wrong = sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key))
        raise ConfigError(f"{path.name} is of a training with another config: {wrong[0]!r} differs.")
