"""The refiner of mixste-81, second part: the wide one of stcformer-81, which serves any lifter, made used to MixSTE's errors; ten minutes."""

kind = "refiner"
name = "refiner-mixste-81"
model = {
    "network": {"channels": 192, "depth": 4, "dropout": 0.0, "output": "pose"},
    "lifter": "mixste-81",
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
    "stages": [(350, 81, 4)],
    "strides": (1, 2),  # the lifter's
    "detector": "noise-movenet",
    "held_out": "noise-movenet-val",
    "noise": {"offset": 0.006},
}
optimizer = {"type": "AdamW", "lr": 1e-4, "weight_decay": 0.01}
warmup = 50
seed = 5  # other windows than those that its start has seen
validate_every = 350
save_every = 100
half = True
