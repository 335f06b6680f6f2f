"""Training of lifters and refiner on mmengine's Runner."""
