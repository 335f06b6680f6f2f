"""What the configs of both sizes of BlazePose GHUM 3D share; see `heavy_config.py` and `full_config.py`."""

custom_imports = dict(imports=["estimators.detection.blazepose.network", "estimators.detection.blazepose.head"])

model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=dict(type="PoseDataPreprocessor", mean=[0.0] * 3, std=[255.0] * 3, bgr_to_rgb=True),
    backbone=dict(type="BlazePoseBackbone"),
    head=dict(type="BlazePoseHead"),
)
