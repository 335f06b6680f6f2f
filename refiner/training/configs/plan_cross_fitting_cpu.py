"""Is it worth it to train a refiner on the errors of lifters on people that they have not seen?

Three lifters from nothing, of all people and of either half, and two refiners of the first: one on its errors on the
people that it has been trained on, one on those that the other two make on the half that each has not seen. Both are
validated with the first lifter.
"""

kind = "plan"
name = "cross-fitting-cpu"
trainings = [
    *(
        {
            "name": name,
            "config": "lifter_stcformer_27_cpu",
            "set": {
                "model.start": None,
                "data.stages": [(2200, 9, 32), (2800, 27, 10)],
                "optimizer.lr": 1e-3,
                "data.folds": folds,
            },
        }
        for name, folds in {"lifter-27-all": None, "lifter-27-not-0": (1, 2), "lifter-27-not-1": (0, 2)}.items()
    ),
    *(
        {
            "name": name,
            "config": "refiner_stcformer_27_cpu",
            "set": {
                "model.lifter": "lifter-27-all",
                "model.start": "lifter-27-all",
                "data.stages": [(1000, 27, 10)],
                "model.cross_fitted": lifters,
                "data.crossed": len(lifters),
            },
        }
        for name, lifters in {
            "refiner-27-seen": [],
            "refiner-27-crossed": ["lifter-27-not-0", "lifter-27-not-1"],
        }.items()
    ),
]
