"""The refiner of stcformer-81, second part: trained on from MixSTE's, which began as its first part; half an hour on one core."""

kind = "refiner"
name = "refiner-stcformer-81"
model = {
    "network": {"channels": 96, "depth": 4, "dropout": 0.0, "output": "pose"},
    "lifter": "stcformer-81",
    "law": "ar1",
    "real_share": 0.8,
    "inference_share": 0.8,
    "start": "refiner-mixste-81",
    "scores": True,
    "fit_windows": 1024,
    "loss": "mpjpe",
    "velocity_weight": 0.5,
    "bf16": True,
}
data = {
    # (until step, frames, windows): short windows first, see Stage
    "stages": [(2300, 27, 10), (3200, 81, 4)],
    "strides": (2, 4),  # the lifter's
    "detector": "noise-movenet",
}
optimizer = {"type": "AdamW", "lr": 2e-4, "weight_decay": 0.01}
warmup = 100
seed = 2  # other windows than those that its start has seen
validate_every = 1600
save_every = 200
