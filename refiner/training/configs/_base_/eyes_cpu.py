"""Training on with the errors of today's detector, validated with those on clips that no training draws from."""

data = {
    "detector": "noise-thunder+blazepose",
    "held_out": "noise-thunder+blazepose-val",
    "noise": {"offset": 0.006},
}
optimizer = {"type": "AdamW", "lr": 3e-4, "weight_decay": 0.01}
warmup = 100
save_every = 100
half = True
