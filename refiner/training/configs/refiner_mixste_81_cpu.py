"""The refiner of mixste-81, at a size that two CPU cores train in about half an hour."""

kind = "refiner"
name = "refiner-mixste-81"
model = {
    "network": {"channels": 96, "depth": 4, "dropout": 0.0},
    "lifter": "mixste-81",
    "law": "ar1",
    "real_share": 0.8,
    "inference_share": 0.5,
    "start": "stcformer-81",
    "fit_windows": 1024,
    "loss": "l1",
    "bf16": True,
}
data = {
    # (until step, frames, windows): short windows first, see Stage
    "stages": [(1000, 27, 10), (2500, 81, 4)],
    "strides": (1, 2),  # the lifter's
}
optimizer = {"type": "AdamW", "lr": 7e-4, "weight_decay": 0.01}
warmup = 150
validate_every = 500
save_every = 250
