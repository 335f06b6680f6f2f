"""The fair question to the refiner: a single lifter of as many parameters as stcformer-81 and its refiner together.

It starts as stcformer-81, twice as wide and with three more blocks, and trains on for as many operations as the refiner
has in its four trainings, on windows seen by the same detector. Two hours on one core; it is not bundled.
"""

_base_ = ["./_base_/stcformer.py", "./_base_/second_detector_cpu.py"]

kind = "lifter"
name = "stcformer-81-large"
model = {
    "network": {"channels": 192, "depth": 7},
    "start": "stcformer-81",
    "bf16": False,  # True on CPUs with matrix units (AMX); on others float32 is a third faster
}
data = {"stages": [(3900, 27, 10), (5300, 81, 4)], "strides": (2, 4)}
seed = 6  # other windows than those that its start has seen
validate_every = 1600
