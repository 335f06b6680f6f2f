"""stcformer, T = 81, at the size of its paper, with its loss, optimiser and image normalisation: for a GPU."""

_base_ = "./_base_/paper.py"

kind = "lifter"
name = "stcformer-81-paper"
model = {
    "network": {"type": "STCFormer", "channels": 256, "depth": 6},
    "normalisation": "image",
    "bf16": True,
    "loss": "mpjpe",
}
data = {"strides": (3, 3)}
optimizer = {"type": "Adam", "lr": 1e-3, "amsgrad": True}
