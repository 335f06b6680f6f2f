"""A refiner twice as wide as the one that it starts as."""

_base_ = ["./refiner.py", "./second_detector_cpu.py"]

model = {
    "network": {"channels": 192},
    "start": "refiner-stcformer-81",
    "bf16": False,  # True on CPUs with matrix units (AMX); on others float32 is a third faster
}
half = True
