"""As long as a million windows of T = 81: for a GPU."""

data = {"stages": [(80000, 81, 12)]}  # (until step, frames, windows)
warmup = 1000
validate_every = 5000
save_every = 2000
