"""Training configs: `*_cpu` train on two cores in about an hour, `*_paper` are of the papers' sizes, for a GPU."""
