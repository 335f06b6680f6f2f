"""stcformer, T = 81, at a size that two CPU cores train in about an hour."""

_base_ = ["./_base_/stcformer.py", "./_base_/lifter_81_cpu.py"]

name = "stcformer-81"
data = {"strides": (2, 4)}  # TDS 3 of 50 fps, give or take one
