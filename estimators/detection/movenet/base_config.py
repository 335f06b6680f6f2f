"""What the configs of both MoveNets share; see `multipose_config.py` and `thunder_config.py`."""

custom_imports = dict(imports=["estimators.detection.movenet.network", "estimators.detection.movenet.input"])

# The originals compute x * 0.007843017578125 - 1 for RGB in 0..255, the factor rounded to float16.
_half_range = 1 / 0.007843017578125

model = dict(
    data_preprocessor=dict(type="PoseDataPreprocessor", mean=[_half_range] * 3, std=[_half_range] * 3, bgr_to_rgb=True),
    backbone=dict(type="MoveNetBackbone"),
    neck=dict(type="MoveNetNeck"),
)

test_dataloader = dict(
    dataset=dict(
        type="CocoDataset",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="FitToNetwork", frame_size=384, crop_size=256),  # only MultiPose is shown whole frames
            dict(
                type="PackPoseInputs",
                meta_keys=("img_shape", "ori_shape", "input_size", "input_center", "input_scale"),
            ),
        ],
    )
)
