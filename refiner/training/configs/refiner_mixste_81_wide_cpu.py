"""The refiner of mixste-81, second part: the wide one of stcformer-81, made used to MixSTE's errors.

Ten minutes on one core.
"""

_base_ = "./_base_/refiner_wide_cpu.py"

name = "refiner-mixste-81"
model = {"lifter": "mixste-81"}
data = {"stages": [(350, 81, 4)], "strides": (1, 2)}
optimizer = {"lr": 1e-4}
warmup = 50
validate_every = 350
seed = 5  # other windows than those that its start has seen
