"""What is measured of a family of networks: each lifter with its refiner, and a refiner on another lifter's poses."""

kind = "plan"
pairs = [
    ("stcformer-81", "refiner-stcformer-81"),
    ("mixste-81", "refiner-mixste-81"),
    ("mixste-81", "refiner-stcformer-81"),
    ("stcformer-27", "refiner-stcformer-27"),
    ("mixste-27", "refiner-mixste-27"),
]
every = 2
