"""The bundled networks, and the one that they are compared with: eight hours of training on one core, and the report.

Those of T = 27 start from the narrow refiners of T = 81, before these are trained on at twice the width.
"""

_base_ = "./_base_/family.py"

name = "family-cpu"
trainings = [
    "lifter_stcformer_81_cpu",
    "lifter_mixste_81_cpu",
    "refiner_stcformer_81_cpu",
    "refiner_mixste_81_cpu",
    "refiner_stcformer_81_more_cpu",
    "lifter_stcformer_27_cpu",
    "lifter_mixste_27_cpu",
    "refiner_stcformer_27_cpu",
    "refiner_mixste_27_cpu",
    "refiner_stcformer_81_wide_cpu",
    "refiner_mixste_81_wide_cpu",
    "lifter_stcformer_81_large_cpu",
]
alone = ["stcformer-81-large"]
