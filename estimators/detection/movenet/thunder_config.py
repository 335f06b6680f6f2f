"""mmengine config of the bundled MoveNet SinglePose Thunder, for mmpose's `init_model`.

`inference_topdown` looks at a square around each given box, shown over 256 x 256 pixels: once if the box is as large as
the crop is to be. The network sees the person who is nearest to the middle.
"""

_base_ = ["base_config.py"]

model = dict(
    type="TopdownPoseEstimator",
    backbone=dict(width=1.75),
    neck=dict(width=1.75),
    head=dict(type="ThunderHead"),
    test_cfg=dict(
        # Joints come out this many network pixels too far left and too high, measured by mirroring as for MultiPose: x
        # in an image and in its mirror image lack 0.47 to 0.62.
        shift=0.3,
    ),
)
