"""A torch network as an ONNX model: `torch.fx` notes what its forward does, and each step has its operator here."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import fx, nn
from torch.nn import functional as F

from estimators.detection.engine import onnx

INPUT = "picture"


class _Tracer(fx.Tracer):
    """Goes into every module, torch's own too, until there are functions only."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return False


def onnx_model(network: nn.Module, shape: tuple[onnx.Size, ...]) -> tuple[bytes, type[Any]]:
    """The ONNX model of a network that takes one picture and returns a named tuple.

    Args:
        shape: of the picture, (B,3,H,W).

    Returns:
        The model, whose outputs are named as the fields of the tuple, and the tuple's type.

    Raises:
        NotImplementedError: the network does something for which there is no operator here.
    """
    writer = _Writer(network)
    for node in _Tracer().trace(network).nodes:
        writer.write(node)
    model = onnx.model(writer.nodes, list(writer.constants.values()), [onnx.value(INPUT, shape)], writer.outputs)
    return model, writer.maps


class _Writer:
    """Operators and constants, one step after the other."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.nodes: list[bytes] = []
        self.constants: dict[str, bytes] = {}
        self.outputs: list[bytes] = []
        self.maps: type[Any] = tuple  # that the network puts out
        self.names: dict[fx.Node, str] = {}  # what a step has put out
        # Zeros to the right of and below a map, which the convolution after them adds itself: (source, padding)
        self.padded: dict[fx.Node, tuple[str, tuple[int, int]]] = {}

    def write(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            self.names[node] = INPUT
        elif node.op == "get_attr":
            self.names[node] = self.constant(str(node.target), _attribute(self.network, str(node.target)))
        elif isinstance(node.target, type) and issubclass(node.target, tuple):
            self.maps = node.target
            for field, source in zip(node.target._fields, node.args, strict=True):
                self.nodes.append(onnx.node("Identity", [self.names[source]], field))
                self.outputs.append(onnx.value(field, None))
        elif node.op != "output":
            step = _STEPS.get(node.target)
            if step is None:
                raise NotImplementedError(f"There is no operator for {node.target}.")
            step(self, node, *node.args, **node.kwargs)

    def constant(self, name: str, array: np.ndarray) -> str:
        self.constants[name] = onnx.tensor(name, array)
        return name

    def add(self, node: fx.Node, kind: str, inputs: list[fx.Node | str], **attributes: onnx.Value) -> None:
        names = [item if isinstance(item, str) else self.names[item] for item in inputs]
        self.nodes.append(onnx.node(kind, names, node.name, **attributes))
        self.names[node] = node.name


def _attribute(network: nn.Module, path: str) -> np.ndarray:
    found: Any = network
    for name in path.split("."):
        found = getattr(found, name)
    return found.detach().float().numpy()


def _conv(
    writer: _Writer, node: fx.Node, x: fx.Node, weight: fx.Node, bias: fx.Node | None,
    stride: tuple[int, int], padding: tuple[int, int], dilation: tuple[int, int], groups: int,
) -> None:  # fmt: skip
    source, (right, below) = writer.padded.get(x, (x, (0, 0)))
    above, left = padding
    writer.add(
        node, "Conv", [source, weight, *([] if bias is None else [bias])],
        strides=stride, pads=(above, left, above + below, left + right), dilations=dilation, group=groups,
    )  # fmt: skip


def _pad(writer: _Writer, node: fx.Node, x: fx.Node, sizes: tuple[int, ...], **_: Any) -> None:
    """F.pad's sizes are (before, after) of the last axis first."""
    if len(sizes) == 4 and not sizes[0] and not sizes[2] and all(_is_conv(user) for user in node.users):
        writer.padded[node] = (writer.names[x], (sizes[1], sizes[3]))
        return
    pairs = [(0, 0)] * (4 - len(sizes) // 2) + list(zip(sizes[::2], sizes[1::2], strict=True))[::-1]
    pads = np.array([before for before, _ in pairs] + [after for _, after in pairs])
    writer.add(node, "Pad", [x, writer.constant(f"{node.name}.pads", pads)])


def _is_conv(node: fx.Node) -> bool:
    return node.target is torch.conv2d


def _relu6(writer: _Writer, node: fx.Node, x: fx.Node, inplace: bool = False) -> None:
    low, high = (writer.constant(f"clip.{limit}", np.float32(limit)) for limit in (0, 6))
    writer.add(node, "Clip", [x, low, high])


def _interpolate(writer: _Writer, node: fx.Node, x: fx.Node, scale_factor: int, mode: str, **_: Any) -> None:
    scales = writer.constant(f"scales.{scale_factor}", np.array([1, 1, scale_factor, scale_factor], np.float32))
    writer.add(node, "Resize", [x, "", scales], mode="linear", coordinate_transformation_mode="half_pixel")


def _max_pool(writer: _Writer, node: fx.Node, x: fx.Node, size: int, **_: Any) -> None:
    writer.add(node, "MaxPool", [x], kernel_shape=(size, size), strides=(size, size))


def _reshape(writer: _Writer, node: fx.Node, x: fx.Node, *shape: int) -> None:
    writer.add(node, "Reshape", [x, writer.constant(f"{node.name}.shape", np.array(shape))])


def _same(writer: _Writer, node: fx.Node, x: fx.Node, **_: Any) -> None:
    writer.names[node] = writer.names[x]


_STEPS: dict[Any, Callable[..., None]] = {
    torch.conv2d: _conv,
    F.pad: _pad,
    F.relu6: _relu6,
    F.interpolate: _interpolate,
    F.max_pool2d: _max_pool,
    F.relu: lambda writer, node, x, **_: writer.add(node, "Relu", [x]),
    operator.add: lambda writer, node, x, y: writer.add(node, "Add", [x, y]),
    "sigmoid": lambda writer, node, x: writer.add(node, "Sigmoid", [x]),
    "flatten": lambda writer, node, x: _reshape(writer, node, x, -1),
    "reshape": _reshape,
    "contiguous": _same,
}
