"""stcformer, T = 27: the one of T = 81, trained on with short windows; five minutes on one core of a CPU."""

_base_ = ["./_base_/stcformer.py", "./_base_/lifter_27_cpu.py"]

name = "stcformer-27"
model = {"start": "stcformer-81"}
data = {"strides": (2, 4)}
