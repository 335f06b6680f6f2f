"""The refiner of mixste-27: the one of T = 81, trained on with short windows; ten minutes on one core of a CPU."""

_base_ = "./_base_/refiner_27_cpu.py"

name = "refiner-mixste-27"
model = {"lifter": "mixste-27", "start": "refiner-mixste-81"}
data = {"strides": (2, 2)}
