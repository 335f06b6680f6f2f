"""The refiner of mixste-81-paper as in the D3PRefiner paper: for a GPU."""

_base_ = "./_base_/refiner_paper.py"

name = "refiner-mixste-81-paper"
model = {"lifter": "mixste-81-paper"}
data = {"strides": (1, 1)}
