"""The refiner of stcformer-81, third part: trained on from the second, twice as wide; about an hour on one core."""

_base_ = "./_base_/refiner_wide_cpu.py"

name = "refiner-stcformer-81"
model = {"lifter": "stcformer-81"}
data = {"stages": [(2000, 27, 10), (2700, 81, 4)], "strides": (2, 4)}
seed = 4  # other windows than those that its start has seen
validate_every = 800
