"""A torch network as an ONNX model: `torch.fx` notes what its forward does, and each step has its operator here."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import fx, nn
from torch.nn import functional as F

from estimators.detection.engine import onnx

INPUT = "picture"


@dataclass(frozen=True)
class Graph:
    """A network as an ONNX model without its weights.

    Attributes:
        content: of the model's file; its one input is `INPUT`.
        weights: of the network by their names in the model, in the network's own memory.
        outputs: the type of what it puts out, a named tuple, whose fields name the model's outputs.
    """

    content: bytes
    weights: dict[str, np.ndarray]
    outputs: type[Any]


def onnx_graph(network: nn.Module, shape: tuple[onnx.Size, ...]) -> Graph:
    """The graph of a network that takes bytes and returns a named tuple.

    Args:
        shape: of the bytes, (B,3,H,W).

    Raises:
        NotImplementedError: the network does something for which there is no operator here.
    """
    writer = _Writer(network)
    for node in _Tracer(network).trace(network).nodes:
        writer.write(node)
    constants = [onnx.tensor(name, array) for name, array in writer.constants.items()]
    constants += [onnx.promise(name, array.shape) for name, array in writer.weights.items()]
    content = onnx.model(writer.nodes, constants, [onnx.value(INPUT, onnx.UINT8, shape)], writer.outputs)
    return Graph(content, writer.weights, writer.kind)


class _Tracer(fx.Tracer):
    """Goes into every module, torch's own too, until there are functions only."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._names = {id(weights): name for name, weights in _weights(network).items()}

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return False

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """Weights, without torch's search for each among all of them, which takes longer than all else."""
        name = self._names.get(id(attr_val))
        return attr_val if name is None else self.create_proxy("get_attr", name, (), {})


def _weights(network: nn.Module) -> dict[str, torch.Tensor]:
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


class _Writer:
    """Operators, constants and weights, one step after the other."""

    def __init__(self, network: nn.Module) -> None:
        self.given = _weights(network)
        self.nodes: list[bytes] = []
        self.constants: dict[str, np.ndarray] = {}
        self.weights: dict[str, np.ndarray] = {}
        self.outputs: list[bytes] = []
        self.kind: Any = tuple  # of what the network puts out
        self.names: dict[fx.Node, str] = {}  # what a step has put out
        # Zeros to the right of and below a map, which the convolution after them adds itself: (source, padding)
        self.padded: dict[fx.Node, tuple[str, tuple[int, int]]] = {}

    def write(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            self.names[node] = INPUT
        elif node.op == "get_attr":
            self.names[node] = name = str(node.target)
            self.weights[name] = self.given[name].detach().contiguous().numpy()
        elif hasattr(node.target, "_fields"):  # a named tuple
            self.kind = cast(Any, node.target)
            for field, source in zip(self.kind._fields, cast(tuple[fx.Node, ...], node.args), strict=True):
                self.nodes.append(onnx.node("Identity", [self.names[source]], field))
                self.outputs.append(onnx.value(field))
        elif node.op != "output":
            step = _STEPS.get(node.target)
            if step is None:
                raise NotImplementedError(f"There is no operator for {node.target}.")
            step(self, node, *node.args, **node.kwargs)

    def constant(self, name: str, array: np.ndarray) -> str:
        self.constants[name] = array
        return name

    def add(self, node: fx.Node, kind: str, inputs: list[fx.Node | str], **attributes: onnx.Value) -> None:
        names = [item if isinstance(item, str) else self.names[item] for item in inputs]
        self.nodes.append(onnx.node(kind, names, node.name, **attributes))
        self.names[node] = node.name


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
    low, high = (writer.constant(f"clip.{limit}", np.array(limit, np.float32)) for limit in (0, 6))
    writer.add(node, "Clip", [x, low, high])


def _interpolate(writer: _Writer, node: fx.Node, x: fx.Node, scale_factor: int, mode: str, **_: Any) -> None:
    scales = writer.constant(f"scales.{scale_factor}", np.array([1, 1, scale_factor, scale_factor], np.float32))
    writer.add(node, "Resize", [x, "", scales], mode="linear", coordinate_transformation_mode="half_pixel")


def _max_pool(writer: _Writer, node: fx.Node, x: fx.Node, size: int, **_: Any) -> None:
    writer.add(node, "MaxPool", [x], kernel_shape=(size, size), strides=(size, size))


def _reshape(writer: _Writer, node: fx.Node, x: fx.Node, *shape: int) -> None:
    writer.add(node, "Reshape", [x, writer.constant(f"{node.name}.shape", np.array(shape))])


def _flip(writer: _Writer, node: fx.Node, x: fx.Node, axis: int) -> None:
    """Of three channels."""
    writer.add(node, "Gather", [x, writer.constant("backwards", np.array([2, 1, 0]))], axis=axis)


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
    operator.sub: lambda writer, node, x, y: writer.add(node, "Sub", [x, y]),
    operator.truediv: lambda writer, node, x, y: writer.add(node, "Div", [x, y]),
    "float": lambda writer, node, x: writer.add(node, "Cast", [x], to=onnx.FLOAT),
    "sigmoid": lambda writer, node, x: writer.add(node, "Sigmoid", [x]),
    "flatten": lambda writer, node, x: _reshape(writer, node, x, -1),
    "flip": _flip,
    "reshape": _reshape,
    "contiguous": _same,
}
