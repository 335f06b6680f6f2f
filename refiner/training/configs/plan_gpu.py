"""Networks of the papers' sizes by the recipe of the small ones, on one large GPU: T = 81, then T = 27 from those.

STCFormer has its paper's 256 channels and 6 blocks, and so have the refiners, which start as it (the paper's refiner
has 4); MixSTE has half of its paper's 512 channels and 7 of its 8 blocks, or its weights would be too large to hand on
with the app. In float16. With `--minutes` it runs in pieces. Tried only with its networks made small, on a CPU: no GPU
was at hand.
"""

_base_ = "./_base_/family.py"

_STC = {"model.network.channels": 256, "model.network.depth": 6}
_MIX = {"model.network.channels": 256, "model.network.depth": 7, "model.network.drop_path": 0.1}
_GPU = {
    "compiled": True,
    "half": True,
    "warmup": 300,
    "validate_every": 1000,
    "save_every": 500,
    "data.detector": "noise-movenet",
    "data.held_out": "noise-movenet-val",
    "data.noise": {"offset": 0.006},
}
_LIFTER = {**_GPU, "optimizer.lr": 6e-4, "data.stages": [(2000, 9, 2048), (4000, 27, 768), (7000, 81, 256)]}
_REFINER = {**_GPU, "optimizer.lr": 4e-4, "data.stages": [(2000, 27, 768), (4000, 81, 256)]}
_SHORT = {**_GPU, "optimizer.lr": 3e-4, "data.stages": [(1500, 27, 768)]}

name = "family-gpu"
trainings = [
    {"name": name, "config": config, "set": {**schedule, **change}}
    for name, config, schedule, change in (
        ("stcformer-81", "lifter_stcformer_81_cpu", _LIFTER, _STC),
        ("mixste-81", "lifter_mixste_81_cpu", _LIFTER, _MIX),
        ("refiner-stcformer-81", "refiner_stcformer_81_cpu", _REFINER, _STC),
        ("refiner-mixste-81", "refiner_mixste_81_cpu", _REFINER, _STC),
        ("stcformer-27", "lifter_stcformer_27_cpu", _SHORT, _STC),
        ("mixste-27", "lifter_mixste_27_cpu", _SHORT, _MIX),
        ("refiner-stcformer-27", "refiner_stcformer_27_cpu", _SHORT, _STC),
        ("refiner-mixste-27", "refiner_mixste_27_cpu", _SHORT, _STC),
    )
]
