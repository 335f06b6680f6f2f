"""The refiner of both lifters of T = 81, trained on from that of stcformer-81."""

_base_ = "./_base_/refiner_eyes_cpu.py"

name = "refiner-81"
model = {"start": "refiner-stcformer-81"}
data = {"stages": [(12000, 27, 10), (16000, 81, 4)]}
seed = 6  # other windows than those that its start has seen
validate_every = 2000
