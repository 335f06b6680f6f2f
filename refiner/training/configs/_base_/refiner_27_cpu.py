"""A refiner of T = 81 trained on with short windows, in ten minutes on one core of a CPU."""

_base_ = "./refiner_81_cpu.py"

data = {"stages": [(1200, 27, 10)]}
validate_every = 600
seed = 3  # other windows than those that its start has seen
