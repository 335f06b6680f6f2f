"""The refiner of stcformer-81-paper as in the D3PRefiner paper: its size, white noise from the CND, L2 loss: for a GPU."""

kind = "refiner"
name = "refiner-stcformer-81-paper"
model = {
    "network": {"channels": 256, "depth": 4},
    "lifter": "stcformer-81-paper",
    "law": "white",
    "real_share": 0.0,
    "loss": "l2",
    "bf16": True,
}
data = {
    "stages": [(80000, 81, 12)],
    "strides": (3, 3),
}
optimizer = {"type": "Adam", "lr": 1e-3}
warmup = 1000
validate_every = 5000
save_every = 2000
