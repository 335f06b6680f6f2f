"""MixSTE at the size of the bundled lifters, with the loss of its authors."""

model = {
    "network": {"type": "MixSTE", "frames": 81, "channels": 96, "depth": 4, "in_channels": 5, "drop_path": 0.0},
    "normalisation": "person",
    "bf16": True,
    "loss": "mixste",
}
