"""mixste, T = 81, at a size that two CPU cores train in about an hour."""

_base_ = ["./_base_/mixste.py", "./_base_/lifter_81_cpu.py"]

name = "mixste-81"
data = {"strides": (1, 2)}  # no TDS, as published; footage of 25 fps has to work too
