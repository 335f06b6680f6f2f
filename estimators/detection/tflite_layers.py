"""The convolutions of a TFLite file, which the bundled detectors are published as."""

from __future__ import annotations

import numpy as np

from estimators.errors import WeightsError


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
