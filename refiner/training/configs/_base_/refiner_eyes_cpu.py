"""A wide refiner of T = 81, told what the picture shows, with the errors of today's detector: many hours of a core."""

_base_ = "./refiner.py"

model = {
    "network": {"channels": 192},
    "lifter": ["stcformer-81", "mixste-81"],
    "pictured": True,
}
data = {
    "strides": (2, 4),
    "detector": "noise-thunder+blazepose",
    "held_out": "noise-thunder+blazepose-val",
    "noise": {"offset": 0.006},
}
optimizer = {"type": "AdamW", "lr": 3e-4, "weight_decay": 0.01}
warmup = 100
save_every = 100
half = True
