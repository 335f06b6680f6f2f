"""stcformer, T = 81, at a size that two CPU cores train in about an hour."""

kind = "lifter"
name = "stcformer-81"
model = {
    "network": {"type": "STCFormer", "channels": 96, "depth": 4, "in_channels": 5, "dropout": 0.0},
    "normalisation": "person",
    "bf16": True,
    "loss": "mpjpe",
}
data = {
    # (until step, frames, windows): short windows first, see Stage
    "stages": [(3800, 9, 32), (5000, 27, 10), (6600, 81, 4)],
    "strides": (2, 4),  # TDS 3 of 50 fps, give or take one
}
optimizer = {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.01}
warmup = 300
validate_every = 1000
save_every = 250
