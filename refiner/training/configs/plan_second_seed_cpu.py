"""The bundled refiners once more, with windows and noise that theirs have not seen: what does chance change?

The same lifters, and the same line of training from stcformer-81 to the refiners of T = 27, and to the wide ones of T =
81; 15,050 steps.
"""

_SEED = 10  # added to that of each config

kind = "plan"
name = "second-seed-cpu"
trainings = [
    {"name": name, "config": config, "set": {"seed": _SEED + seed, "model.start": start}}
    for name, config, seed, start in (
        ("refiner-stcformer-81-first-seed-2", "refiner_stcformer_81_cpu", 0, "stcformer-81"),
        ("refiner-mixste-81-seed-2", "refiner_mixste_81_cpu", 1, "refiner-stcformer-81-first-seed-2"),
        ("refiner-stcformer-81-seed-2", "refiner_stcformer_81_more_cpu", 2, "refiner-mixste-81-seed-2"),
        ("refiner-stcformer-27-seed-2", "refiner_stcformer_27_cpu", 3, "refiner-stcformer-81-seed-2"),
        ("refiner-mixste-27-seed-2", "refiner_mixste_27_cpu", 3, "refiner-mixste-81-seed-2"),
        ("refiner-stcformer-81-wide-seed-2", "refiner_stcformer_81_wide_cpu", 4, "refiner-stcformer-81-seed-2"),
        ("refiner-mixste-81-wide-seed-2", "refiner_mixste_81_wide_cpu", 5, "refiner-stcformer-81-wide-seed-2"),
    )
]
pairs = [
    (lifter, refiner)
    for lifter, width in (("stcformer-81", "-wide"), ("mixste-81", "-wide"), ("stcformer-27", ""), ("mixste-27", ""))
    for refiner in (f"refiner-{lifter}", f"refiner-{lifter}{width}-seed-2")
]
every = 2
