"""The refiner of the D3PRefiner paper: its size, white noise from the CND, L2 loss."""

_base_ = "./paper.py"

kind = "refiner"
model = {
    "network": {"channels": 256, "depth": 4},
    "law": "white",
    "real_share": 0.0,
    "loss": "l2",
    "bf16": True,
}
optimizer = {"type": "Adam", "lr": 1e-3}
