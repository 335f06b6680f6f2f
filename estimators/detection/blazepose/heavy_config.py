"""mmengine config of BlazePose GHUM 3D, heavy, for mmpose's `init_model`."""

_base_ = ["base_config.py"]

model = dict(backbone=dict(size="heavy"), head=dict(size="heavy"))
