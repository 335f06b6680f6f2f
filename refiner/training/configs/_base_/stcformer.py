"""STCFormer at the size of the bundled lifters, with the loss of its authors."""

model = {
    "network": {"type": "STCFormer", "channels": 96, "depth": 4, "in_channels": 5, "dropout": 0.0},
    "normalisation": "person",
    "bf16": True,
    "loss": "mpjpe",
}
