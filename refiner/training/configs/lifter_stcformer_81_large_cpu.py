"""The fair question to the refiner: a single lifter of as many parameters as stcformer-81 and its refiner together.

It starts as stcformer-81, with six more blocks, and trains on as long as the refiner has in its three trainings, on as many windows
seen by the same detector. It is not bundled."""

kind = "lifter"
name = "stcformer-81-large"
model = {
    "network": {"type": "STCFormer", "channels": 96, "depth": 10, "in_channels": 5, "dropout": 0.0},
    "normalisation": "person",
    "start": "stcformer-81",
    "bf16": True,
    "loss": "mpjpe",
}
data = {
    "stages": [(6900, 27, 10), (9600, 81, 4)],
    "strides": (2, 4),
    "detector": "noise-movenet",
}
optimizer = {"type": "AdamW", "lr": 3e-4, "weight_decay": 0.01}
warmup = 100
validate_every = 1600
save_every = 200
