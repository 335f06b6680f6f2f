"""A wide refiner of T = 81, told what the picture shows, with the errors of today's detector: many hours of a core."""

_base_ = ["./refiner.py", "./eyes_cpu.py"]

model = {
    "network": {"channels": 192},
    "lifter": ["stcformer-81", "mixste-81"],
    "pictured": True,
}
data = {"strides": (2, 4)}
