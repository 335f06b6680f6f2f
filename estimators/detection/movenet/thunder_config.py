"""mmengine config of the bundled MoveNet SinglePose Thunder, for mmpose's `init_model`.

`inference_topdown` looks at a square around each given box, shown over 256 x 256 pixels: once if the box is as large as the
crop is to be. The network sees the person who is nearest to the middle.
"""

custom_imports = dict(imports=["estimators.detection.movenet.network", "estimators.detection.movenet.input"])

# The original computes x * 0.00784 - 1 for RGB in 0..255, the factor rounded to float16.
_half_range = 1 / 0.007843017578125

model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=dict(type="PoseDataPreprocessor", mean=[_half_range] * 3, std=[_half_range] * 3, bgr_to_rgb=True),
    backbone=dict(type="MoveNetBackbone", width=1.75),
    neck=dict(type="MoveNetNeck", width=1.75),
    head=dict(type="ThunderHead"),
    test_cfg=dict(
        # Joints come out this many network pixels too far left and too high, measured by mirroring as for MultiPose: x in an
        # image and in its mirror image lack 0.47 to 0.62.
        shift=0.3,
    ),
)

test_dataloader = dict(
    dataset=dict(
        type="CocoDataset",
        pipeline=[
            dict(type="LoadImage"),
            dict(type="FitToNetwork", frame_size=256, crop_size=256),
            dict(
                type="PackPoseInputs",
                meta_keys=("img_shape", "ori_shape", "input_size", "input_center", "input_scale"),
            ),
        ],
    )
)
