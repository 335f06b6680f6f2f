"""The refiner of stcformer-27: the one of T = 81, trained on with short windows; ten minutes on one core of a CPU."""

_base_ = "./_base_/refiner_27_cpu.py"

name = "refiner-stcformer-27"
model = {"lifter": "stcformer-27", "start": "refiner-stcformer-81"}
