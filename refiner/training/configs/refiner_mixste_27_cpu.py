"""The refiner of mixste-27: the one of T = 81, trained on with short windows; ten minutes on one core of a CPU."""

kind = "refiner"
name = "refiner-mixste-27"
model = {
    "network": {"channels": 96, "depth": 4, "dropout": 0.0, "output": "pose"},
    "lifter": "mixste-27",
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
data = {"stages": [(1200, 27, 10)], "strides": (2, 2), "detector": "noise-movenet"}
optimizer = {"type": "AdamW", "lr": 2e-4, "weight_decay": 0.01}
warmup = 100
validate_every = 600
save_every = 200
seed = 3  # other windows than those that its start has seen
