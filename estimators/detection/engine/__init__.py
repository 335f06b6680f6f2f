"""ONNX Runtime in torch's place, on CPUs: the bundled networks take half the time, with the same results to rounding.

A network says by `head.picture`, the shape of its input, that all between the picture and the head's maps can be one
ONNX model. That model is read off the torch modules when they have their weights (`graph`), so that there is one
definition of each network and one file of weights, and nothing to convert beforehand or to keep.
"""

from estimators.detection.engine.session import TORCH, attach

__all__ = ["TORCH", "attach"]
