"""A refiner of T = 81, trained on from another, in half an hour on one core of a CPU."""

_base_ = "./refiner.py"

data = {
    # (until step, frames, windows): short windows first, see Stage
    "stages": [(2300, 27, 10), (3200, 81, 4)],
    "strides": (2, 4),  # STCFormer's
    "detector": "noise-movenet",
}
optimizer = {"type": "AdamW", "lr": 2e-4, "weight_decay": 0.01}
warmup = 100
validate_every = 1600
save_every = 200
