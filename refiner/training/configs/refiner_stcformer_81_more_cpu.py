"""The refiner of stcformer-81, second part: trained on from MixSTE's, which began as its first part.

Half an hour on one core.
"""

_base_ = "./_base_/refiner_81_cpu.py"

name = "refiner-stcformer-81"
model = {"lifter": "stcformer-81", "start": "refiner-mixste-81"}
seed = 2  # other windows than those that its start has seen
