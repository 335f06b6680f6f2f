"""mixste, T = 27: the one of T = 81, trained on with short windows; five minutes on one core of a CPU."""

kind = "lifter"
name = "mixste-27"
model = {
    "network": {"type": "MixSTE", "frames": 81, "channels": 96, "depth": 4, "in_channels": 5, "drop_path": 0.0},
    "normalisation": "person",
    "start": "mixste-81",
    "bf16": True,
    "loss": "mixste",
}
data = {
    "stages": [(1000, 27, 10)],
    "strides": (1, 2),
}
optimizer = {"type": "AdamW", "lr": 3e-4, "weight_decay": 0.01}
warmup = 100
validate_every = 500
save_every = 200
seed = 1  # other windows than those that its start has seen
