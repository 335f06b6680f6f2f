"""A lifter of T = 81 trained on with short windows, in five minutes on one core of a CPU."""

kind = "lifter"
data = {"stages": [(1000, 27, 10)]}
optimizer = {"type": "AdamW", "lr": 3e-4, "weight_decay": 0.01}
warmup = 100
validate_every = 500
save_every = 200
seed = 1  # other windows than those that its start has seen
