"""Writes ONNX models: just enough of the format, by hand, for the networks that are bundled.

A model is a protobuf message, of which these few fields are needed. The `onnx` package would write it too, but it is
larger than the engine itself needs to be, and nothing else here has a use for it. Field numbers are those of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, which never change.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

IR_VERSION, OPSET = 8, 17  # of 2022: readers of any age know them
FLOAT, UINT8, INT64 = 1, 2, 7  # TensorProto.DataType
_TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.int64): INT64}
_VARINT, _BYTES = 0, 2  # kinds of fields
_INT, _INTS, _STRING = 2, 7, 3  # AttributeProto.AttributeType
_EXTERNAL = 1  # TensorProto.DataLocation

Value = int | str | Sequence[int]  # of an attribute
Size = int | str  # of one axis: a number, or the name of a size that is known when the model runs


def _varint(number: int) -> bytes:
    """Seven bits a byte, lowest first, the last without the top bit; negative ones as 64 bits."""
    number &= (1 << 64) - 1
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _bytes(field: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content


def tensor(name: str, array: np.ndarray) -> bytes:
    """A constant, TensorProto: float32 or int64."""
    dims = b"".join(_number(1, size) for size in array.shape)
    return dims + _number(2, _TYPES[array.dtype]) + _bytes(8, name) + _bytes(9, np.ascontiguousarray(array).tobytes())


def promise(name: str, shape: Sequence[int]) -> bytes:
    """A float32 constant whose values are handed over when the model is opened, TensorProto."""
    dims = b"".join(_number(1, size) for size in shape)
    place = _bytes(13, _bytes(1, "location") + _bytes(2, "memory"))
    return dims + _number(2, FLOAT) + _bytes(8, name) + place + _number(14, _EXTERNAL)


def node(kind: str, inputs: Sequence[str], output: str, **attributes: Value) -> bytes:
    """An operator with one output, NodeProto; an input that is left out is ""."""
    content = b"".join(_bytes(1, name) for name in inputs) + _bytes(2, output) + _bytes(3, output) + _bytes(4, kind)
    return content + b"".join(_bytes(5, _attribute(name, value)) for name, value in attributes.items())


def _attribute(name: str, value: Value) -> bytes:
    content = _bytes(1, name)
    if isinstance(value, str):
        return content + _bytes(4, value) + _number(20, _STRING)
    if isinstance(value, int):
        return content + _number(3, value) + _number(20, _INT)
    return content + b"".join(_number(8, number) for number in value) + _number(20, _INTS)


def value(name: str, kind: int = FLOAT, shape: Sequence[Size] | None = None) -> bytes:
    """An input or output of one of the types of numbers, ValueInfoProto."""
    content = _number(1, kind)
    if shape is not None:
        dims = (_bytes(2, size) if isinstance(size, str) else _number(1, size) for size in shape)
        content += _bytes(2, b"".join(_bytes(1, dim) for dim in dims))
    return _bytes(1, name) + _bytes(2, _bytes(1, content))


def model(
    nodes: Sequence[bytes], constants: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes]
) -> bytes:
    """The content of a model file, ModelProto."""
    parts = ((1, nodes), (5, constants), (11, inputs), (12, outputs))
    graph = b"".join([_bytes(field, part) for field, several in parts for part in several] + [_bytes(2, "network")])
    return _number(1, IR_VERSION) + _bytes(7, graph) + _bytes(8, _number(2, OPSET))
