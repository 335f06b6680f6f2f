"""The refiner of stcformer-81, third part: trained on from the second, twice as wide; about an hour on one core."""

kind = "refiner"
name = "refiner-stcformer-81"
model = {
    "network": {"channels": 192, "depth": 4, "dropout": 0.0, "output": "pose"},
    "lifter": "stcformer-81",
    "law": "ar1",
    "real_share": 0.8,
    "inference_share": 0.8,
    "start": "refiner-stcformer-81",
    "scores": True,
    "fit_windows": 1024,
    "loss": "mpjpe",
    "velocity_weight": 0.5,
    "bf16": False,  # True on CPUs with matrix units (AMX); on others float32 is a third faster
}
data = {
    # (until step, frames, windows): short windows first, see Stage
    "stages": [(2000, 27, 10), (2700, 81, 4)],
    "strides": (2, 4),  # the lifter's
    "detector": "noise-movenet",
    "held_out": "noise-movenet-val",
    "noise": {"offset": 0.006},
}
optimizer = {"type": "AdamW", "lr": 3e-4, "weight_decay": 0.01}
warmup = 100
seed = 4  # other windows than those that its start has seen
validate_every = 800
save_every = 100
half = True
