"""Which refiner belongs to a lifter; apart from `refiner.refiner`: options need no torch."""

from __future__ import annotations

from pathlib import Path

from estimators.lifting.names import PICTURE

PICTURE_AS = "stcformer"  # poses that a picture itself gives are refined as this lifter's are


def refiner_of(lifter: str, frames: int = 81) -> str:
    """Name or path of the weights of the refiner that was trained for a lifter, itself a name or a path: a bundled
    one, or a file beside the lifter's. `frames`: the window of the refiner, where the lifter has none."""
    path = Path(f"{PICTURE_AS}-{frames}" if lifter == PICTURE else lifter)
    return str(path.with_name(f"refiner-{path.name}"))
