"""mmengine config of BlazePose GHUM 3D, full, for mmpose's `init_model`."""

custom_imports = dict(imports=["estimators.detection.blazepose.network", "estimators.detection.blazepose.head"])

model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=dict(type="PoseDataPreprocessor", mean=[0.0] * 3, std=[255.0] * 3, bgr_to_rgb=True),
    backbone=dict(type="BlazePoseBackbone", size="full"),
    head=dict(type="BlazePoseHead", size="full"),
)
