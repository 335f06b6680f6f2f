"""A lifter from nothing in about an hour on two CPU cores."""

kind = "lifter"
data = {
    # (until step, frames, windows): short windows first, see Stage
    "stages": [(3800, 9, 32), (5000, 27, 10), (6600, 81, 4)],
}
optimizer = {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.01}
warmup = 300
validate_every = 1000
save_every = 250
