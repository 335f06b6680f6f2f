"""The refiner of mixste-81: STCFormer's, trained on with MixSTE's errors; half an hour on one core of a CPU."""

_base_ = "./_base_/refiner_81_cpu.py"

name = "refiner-mixste-81"
model = {"lifter": "mixste-81", "start": "refiner-stcformer-81"}
data = {"strides": (2, 2)}  # the lifter's, and that of the start's, both at home there
seed = 1  # other windows than those that its start has seen
