"""The refiner of stcformer-81, at a size that two CPU cores train in about an hour."""

_base_ = "./_base_/refiner_81_cpu.py"

name = "refiner-stcformer-81"
model = {"lifter": "stcformer-81", "start": "stcformer-81"}
optimizer = {"lr": 3e-4}
