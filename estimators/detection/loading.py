"""Build an mmpose model from a config and put weights into it, safely: no unpickling,
no weights left out in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from estimators.detection import mmpose_shim  # isort: skip  # must come before mmpose

from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmpose.apis import init_model
from torch import nn

from estimators import checkpoints, weights
from estimators.checkpoints import first_line
from estimators.errors import ConfigError, WeightsError
from estimators.hashes import file_sha256


def _nothing(*_: Any) -> None:
    """Stands in for `getattr`, by which mmengine's training history names its methods.
    The real one could reach anything."""


# mmengine's message hub keeps the histories of losses, and names their methods by `getattr`.
SAFE_GLOBALS = [HistoryBuffer, (_nothing, "builtins.getattr")]


def build(config: str | Path) -> nn.Module:
    """The model of a config, with random weights, on the CPU, in evaluation mode.

    Raises:
        ConfigError: no such file, not a config of a pose model, or one that needs a package that is not there.
    """
    path = Path(config)
    if not path.is_file():
        raise ConfigError(f"There is no model config {str(config)!r}; give the path of an mmpose config file.")
    try:
        with mmpose_shim.quiet():
            parsed = Config.fromfile(path)
            # CSPNeXt is asked of mmdet there, but mmpose has it too
            if "backbone" in parsed.model:
                parsed.model.backbone.pop("_scope_", None)
            if "test_cfg" in parsed.model:
                # a second pass over the mirrored image doubles the time for 0.3 points of precision
                parsed.model.test_cfg["flip_test"] = False
            return init_model(parsed, None, device="cpu")
    except Exception as error:  # a config is code, and mmengine raises whatever it meets while running it
        raise ConfigError(f"The config {path.name} gives no pose model: {first_line(error)}") from error


def load_into(model: nn.Module, checkpoint: str | Path, sha256: str | None = None) -> str:
    """Put the weights of an mmengine checkpoint (.pth) or a bundled safetensors file into a model, all of them.

    Args:
        sha256: of the file, where it is known already.

    Returns:
        The sha256 of the file.

    Raises:
        WeightsError: missing, damaged, unsafe, or made for another model.
    """
    path = Path(checkpoint)
    if path.suffix == ".pth":
        content = read_checkpoint(path)
        digest = sha256 or file_sha256(path)
        if meta := content.get("meta", {}).get("dataset_meta"):
            model.dataset_meta = meta
        state = content.get("state_dict", content)
    else:
        state, card = weights.load(checkpoint)
        digest = card["sha256"]
    # not weights: mean and deviation of the input, which the config gives
    state = {name: value for name, value in state.items() if not name.startswith("data_preprocessor.")}
    try:
        result = model.load_state_dict(state, strict=False)
    except (RuntimeError, AttributeError, TypeError) as error:
        raise WeightsError(f"{path.name} does not fit the model of the config: {first_line(error)}") from error
    missing = [name for name in result.missing_keys if not name.startswith("data_preprocessor.")]
    if missing:
        raise WeightsError(
            f"{path.name} does not fit the model of the config: {len(missing)} weights are missing, "
            f"{missing[0]!r} among them."
        )
    return digest


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What an mmengine checkpoint holds, without running any code in it.

    Raises:
        WeightsError: missing, damaged, or holding more than data.
    """
    with mmpose_shim.quiet():
        return checkpoints.read_checkpoint(path, SAFE_GLOBALS)
