"""What the conversions of both MoveNets share: the order of the original's layers, and their model cards."""

from __future__ import annotations

from typing import Any


def trunk_names(width: float) -> list[str]:
    """The convolutions of `MoveNetBackbone` and `MoveNetNeck`, of this width,
    in the order of the original's operators."""
    from estimators.detection.movenet.network import LATERALS, TAPS, WIDTHS  # pulls in mmpose: seconds

    names = ["backbone.stem", "backbone.depthwise", "backbone.project"]
    taps = iter(range(len(TAPS)))
    for number in range(1, len(WIDTHS[width].blocks) + 1):
        names += [f"backbone.blocks.{number - 1}.{layer}" for layer in ("expand", "depthwise", "project")]
        if number in TAPS:  # the original branches off to the pyramid as soon as the map is there
            names.append(f"neck.laterals.{next(taps)}")
    names += ["backbone.last", f"neck.laterals.{len(TAPS)}"]
    for level in range(len(LATERALS) - 1):
        names += [f"neck.smooth.{level}.depthwise", f"neck.smooth.{level}.pointwise"]
    return names


def card(name: str, version: str, notice: str, file: str, sha256: str) -> dict[str, Any]:
    """The model card of a converted MoveNet.

    Args:
        name: of the weights: "movenet-" and what its config is called.
        version: of Google's model.
        notice: whose work it is, and what was changed.
        file: where the original lies in the package that it was taken from.
        sha256: of the original.
    """
    kind = name.removeprefix("movenet-")
    return {
        "name": name,
        "kind": "detector",
        "architecture": {
            "class": "estimators.detection.movenet.network",
            "config": f"estimators/detection/movenet/{kind}_config.py",
        },
        "version": version,
        "joints": "coco17",
        "dtype": "float16, computed in float32",
        "training_data": "COCO Keypoints 2017 and an internal Google data set (Active), as Google's model card says",
        "licence": "Apache-2.0",
        "copyright": "Google LLC, the TensorFlow authors",
        "notice": notice,
        "origin": {"model_page": "https://www.kaggle.com/models/google/movenet", "file": file, "sha256": sha256},
    }
