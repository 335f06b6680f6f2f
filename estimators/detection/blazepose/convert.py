"""Convert BlazePose's landmark networks from TFLite to `blazepose-SIZE.safetensors` and a model card.

    python -m estimators.detection.blazepose.convert PACKAGE --size heavy -o weights/

PACKAGE is the archive of the npm package @mediapipe/pose 0.5.1675469404 (`npm pack` brings it), or the TFLite file in
it. The same file gives the same bytes again. Needs the `tflite` package (`pip install d3prefiner[convert]`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch

from estimators import conversion, weights
from estimators.detection.tflite_layers import convolutions

SOURCES = {
    "heavy": "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe",
    "full": "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
}
CARD: dict[str, Any] = {
    "kind": "detector",
    "joints": "33 landmarks of BlazePose, and the same in metres",
    "dtype": "float16, computed in float32",
    "training_data": "Google's own; the model page says what it tells of it",
    "licence": "Apache-2.0",
    "copyright": "Google LLC, the MediaPipe authors",
    "notice": (
        "BlazePose GHUM 3D is a work of Google, used under the Apache License 2.0. The weights were converted from "
        "TFLite to safetensors; their values are unchanged, layers are renamed and transposed for PyTorch, the "
        "segmentation's are left out, and the operators after the network are rewritten in Python."
    ),
}
_SEGMENTATION = 11  # convolutions


def layer_names(size: str) -> list[str | None]:
    """The convolutions of `BlazePoseBackbone` and `BlazePoseHead` in the order of the original's operators; None for
    those that are left out."""
    from estimators.detection.blazepose.network import SIZES

    shape = SIZES[size]
    names: list[str | None] = [f"backbone.{layer}" for layer in ("stem", "depthwise", "project")]
    for number in range(len(shape.blocks)):
        names.append(f"backbone.blocks.{number}.expand")
        if number == 0:  # the segmentation's lateral
            names += [None, None]
        if number in shape.taps:
            tap = shape.taps.index(number)
            names += _separable(f"backbone.laterals.{tap}")
            if shape.fine and tap > 0:
                names += _separable(f"head.trunk.laterals.{tap - 1}")
        names += [f"backbone.blocks.{number}.{layer}" for layer in ("depthwise", "project")]
    names += ["backbone.last.0", "backbone.last.1", *_separable(f"backbone.laterals.{len(shape.taps)}")]
    fine = [name for number, (_, more) in enumerate(shape.fine) for name in _stage(f"head.trunk.fine.{number}", more)]
    names += [*fine[:2], *[None] * _SEGMENTATION, *fine[2:], "head.heatmap"]
    names += _separable(f"head.trunk.laterals.{max(0, len(shape.fine) - 1)}")
    for number, residuals in enumerate(shape.coarse):
        names += _stage(f"head.trunk.coarse.{number}", residuals)
    return [*names, "head.landmarks", "head.world", "head.flag"]


def _separable(name: str) -> list[str]:
    return [f"{name}.depthwise", f"{name}.pointwise"]


def _stage(name: str, residuals: int) -> list[str]:
    return [layer for number in range(residuals + 1) for layer in _separable(f"{name}.{number}")]


def convert(data: bytes, size: str) -> dict[str, torch.Tensor]:
    """State dict (float16) of the mmpose model from the bytes of the TFLite file.

    Raises:
        WeightsError: the file's layers are not those of the port.
    """
    from estimators.detection.blazepose.head import BlazePoseHead
    from estimators.detection.blazepose.network import BlazePoseBackbone

    state = {}
    for name, (weight, bias) in conversion.named(convolutions(data), layer_names(size)):
        state[f"{name}.weight"] = torch.from_numpy(weight.copy())
        state[f"{name}.bias"] = torch.from_numpy(bias.copy())
    conversion.check_fit(state, backbone=BlazePoseBackbone(size), head=BlazePoseHead(size))
    return state


def convert_file(source: Path, folder: Path, size: str) -> tuple[Path, weights.Card]:
    """Write `blazepose-SIZE.safetensors` and its card into a folder. Returns the file's path and the card.

    Raises:
        WeightsError: `source` is not, and does not contain, the expected TFLite file.
        ConfigError: the folder cannot be written.
    """
    state = convert(conversion.find_original(source, SOURCES[size]), size)
    card = {
        "name": f"blazepose-{size}",
        **CARD,
        "architecture": {
            "class": "estimators.detection.blazepose.network",
            "config": f"estimators/detection/blazepose/{size}_config.py",
        },
        "version": f"GHUM 3D, {size}, float16",
        "origin": {
            "model_page": "https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker",
            "file": f"pose_landmark_{size}.tflite of the npm package @mediapipe/pose 0.5.1675469404",
            "sha256": SOURCES[size],
        },
        "parameters": sum(tensor.numel() for tensor in state.values()),
    }
    return conversion.write(state, card, folder)


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns 0, or 2 after printing what went wrong."""
    module, what = "estimators.detection.blazepose.convert", "the TFLite file, or an archive that holds it"
    return conversion.command(module, __doc__, convert_file, what, arguments, tuple(SOURCES))


if __name__ == "__main__":
    sys.exit(main())
