"""A lifter trained on with the errors of today's detector, in about an hour on one CPU core with matrix units."""

kind = "lifter"
data = {
    "stages": [(5000, 27, 10), (7000, 81, 4)],
    "detector": "noise-thunder+blazepose",
    "held_out": "noise-thunder+blazepose-val",
    "noise": {"offset": 0.006},
}
optimizer = {"type": "AdamW", "lr": 4e-4, "weight_decay": 0.01}
warmup = 100
validate_every = 1000
save_every = 200
seed = 5  # other windows than those that its start has seen
half = True
