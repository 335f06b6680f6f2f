"""mixste-81, trained on with the errors of today's detector."""

_base_ = ["./_base_/mixste.py", "./_base_/lifter_eyes_cpu.py"]

name = "mixste-81"
model = {"start": "mixste-81"}
data = {"strides": (1, 2)}
