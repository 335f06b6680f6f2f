"""stcformer, T = 81, at the size of its paper, with its loss, optimizer and image normalisation: for a GPU."""

kind = "lifter"
name = "stcformer-81-paper"
model = {
    "network": {"type": "STCFormer", "channels": 256, "depth": 6},
    "normalisation": "image",
    "bf16": True,
    "loss": "mpjpe",
}
data = {
    "stages": [(80000, 81, 12)],  # (until step, frames, windows): about a million windows
    "strides": (3, 3),
}
optimizer = {"type": "Adam", "lr": 1e-3, "amsgrad": True}
warmup = 1000
validate_every = 5000
save_every = 2000
