"""What makes the gain: refiners of stcformer-27 that each differ from the first in one thing; 6,600 steps.

All start as their lifter and see the same windows; `python -m refiner.training.curves WORK_DIR/*/` prints their errors
on the validation people. Laws of drawn noise are compared without the lifter's real errors, which would outweigh them.
(AR(1) in time times the frame's covariance is a Kronecker product, with one parameter in time.) The validation windows
of the one with the hand-made detector have the noise that it was trained with: `d3p evaluate rendered` compares it with
the first from pixels.
"""

kind = "plan"
name = "ablations-cpu"
trainings = [
    {
        "name": f"refiner-27-{name}",
        "config": "refiner_stcformer_27_cpu",
        "set": {"model.start": "stcformer-27", "data.stages": [(600, 27, 10)], **change},  # type: ignore[dict-item]
    }
    for name, change in {
        "as-bundled": {},
        "real-errors-only": {"model.real_share": 1.0},
        "drawn-ar1": {"model.real_share": 0.0},
        "drawn-white": {"model.real_share": 0.0, "model.law": "white"},
        "drawn-shared": {"model.real_share": 0.0, "model.law": "shared"},
        "paper-loss": {"model.loss": "l2", "model.velocity_weight": 0.0},
        "forward-marginal-only": {"model.inference_share": 0.0},
        "hand-made-detector": {"data.detector": None},
        "no-scores": {"model.scores": False},
        "no-velocity": {"model.velocity_weight": 0.0},
        "from-nothing": {"model.start": None},
    }.items()
]
