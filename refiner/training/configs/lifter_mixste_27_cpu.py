"""mixste, T = 27: the one of T = 81, trained on with short windows; five minutes on one core of a CPU."""

_base_ = ["./_base_/mixste.py", "./_base_/lifter_27_cpu.py"]

name = "mixste-27"
model = {"start": "mixste-81"}
data = {"strides": (1, 2)}
