"""stcformer-81, trained on with the errors of today's detector."""

_base_ = ["./_base_/stcformer.py", "./_base_/lifter_eyes_cpu.py"]

name = "stcformer-81"
model = {"start": "stcformer-81"}
data = {"strides": (2, 4)}
