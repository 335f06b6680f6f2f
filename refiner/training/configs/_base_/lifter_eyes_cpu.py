"""A lifter trained on with the errors of today's detector, in half an hour on one CPU core with matrix units."""

_base_ = "./eyes_cpu.py"

kind = "lifter"
data = {"stages": [(5000, 27, 10), (7000, 81, 4)]}
optimizer = {"lr": 4e-4}
validate_every = 1000
save_every = 200
seed = 5  # other windows than those that its start has seen
