"""mixste, T = 81, at the size of its paper, with its loss, optimiser and image normalisation: for a GPU."""

_base_ = "./_base_/paper.py"

kind = "lifter"
name = "mixste-81-paper"
optimizer = {"type": "AdamW", "lr": 4e-5, "weight_decay": 0.1}
data = {"strides": (1, 1)}
model = {
    "network": {"type": "MixSTE", "frames": 81, "channels": 512, "depth": 8},
    "normalisation": "image",
    "bf16": True,
    "loss": "mixste",
}
