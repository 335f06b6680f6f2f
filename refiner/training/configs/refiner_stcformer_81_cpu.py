"""The refiner of stcformer-81, at a size that two CPU cores train in about an hour."""

kind = "refiner"
name = "refiner-stcformer-81"
model = {
    "network": {"channels": 96, "depth": 3, "dropout": 0.0},
    "lifter": "stcformer-81",
    "law": "ar1",
    "real_share": 0.7,
    "loss": "l1",
    "bf16": True,
}
data = {
    # (until step, frames, windows): short windows first, see Stage
    "stages": [(1600, 27, 10), (3000, 81, 4)],
    "strides": (2, 4),  # the lifter's
}
optimizer = {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.01}
warmup = 150
validate_every = 500
save_every = 250
