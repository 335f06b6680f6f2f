"""What is assumed of a camera that nothing is known of."""

from __future__ import annotations

# A field of view of 45 degrees along the long side: between a stabilised phone video (f about 0.8 to 1 long sides) and
# cameras that stand further away and zoom in (1.5 and more); Human3.6M's cameras have 1.15.
FOCAL_PER_LONG_SIDE = 1.2


def assumed_focal(image_size: tuple[int, int]) -> float:
    """Focal length in pixels for a picture of (width, height) pixels of which nothing else is known."""
    return FOCAL_PER_LONG_SIDE * max(image_size)
