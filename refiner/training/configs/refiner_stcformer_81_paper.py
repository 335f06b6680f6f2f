"""The refiner of stcformer-81-paper as in the D3PRefiner paper: for a GPU."""

_base_ = "./_base_/refiner_paper.py"

name = "refiner-stcformer-81-paper"
model = {"lifter": "stcformer-81-paper"}
data = {"strides": (3, 3)}
