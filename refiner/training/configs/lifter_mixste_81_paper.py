"""mixste, T = 81, at the size of its paper, with its loss, optimizer and image normalisation: for a GPU."""

kind = "lifter"
name = "mixste-81-paper"
model = {
    "network": {"type": "MixSTE", "frames": 81, "channels": 512, "depth": 8},
    "normalisation": "image",
    "bf16": True,
    "loss": "mixste",
}
data = {
    "stages": [(80000, 81, 12)],  # (until step, frames, windows): about a million windows
    "strides": (1, 1),
}
optimizer = {"type": "AdamW", "lr": 4e-5, "weight_decay": 0.1}
warmup = 1000
validate_every = 5000
save_every = 2000
