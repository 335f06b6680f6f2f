"""The refiner of stcformer-81, at a size that two CPU cores train in about five minutes."""

kind = "refiner"
name = "refiner-stcformer-81"
model = {
    "network": {"channels": 96, "depth": 4, "dropout": 0.0},
    "lifter": "stcformer-81",
    "law": "ar1",
    "real_share": 0.8,
    "inference_share": 0.5,
    "start": "stcformer-81",
    "fit_windows": 1024,
    "loss": "l1",
    "velocity_weight": 3.0,
    "bf16": True,
}
data = {
    # (until step, frames, windows): short windows first, see Stage
    "stages": [(200, 27, 10), (540, 81, 4)],
    "strides": (2, 4),  # the lifter's
}
optimizer = {"type": "AdamW", "lr": 4e-4, "weight_decay": 0.01}
warmup = 40
validate_every = 270
save_every = 270
