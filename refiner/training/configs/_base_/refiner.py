"""A refiner at the size of those of T = 27, trained on real errors and drawn ones, on what inference visits."""

kind = "refiner"
model = {
    "network": {"channels": 96, "depth": 4, "dropout": 0.0, "output": "pose"},
    "law": "ar1",
    "real_share": 0.8,
    "inference_share": 0.8,
    "scores": True,
    "fit_windows": 1024,
    "loss": "mpjpe",
    "velocity_weight": 0.5,
    "bf16": True,
}
