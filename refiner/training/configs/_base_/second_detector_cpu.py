"""Training on with the detector of 128 clips, validated with its errors on clips that no training draws from."""

data = {
    "detector": "noise-movenet",
    "held_out": "noise-movenet-val",
    "noise": {"offset": 0.006},
}
optimizer = {"type": "AdamW", "lr": 3e-4, "weight_decay": 0.01}
warmup = 100
save_every = 100
