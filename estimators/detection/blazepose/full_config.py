"""mmengine config of BlazePose GHUM 3D, full, for mmpose's `init_model`."""

_base_ = ["base_config.py"]

model = dict(backbone=dict(size="full"), head=dict(size="full"))
