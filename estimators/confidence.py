"""What the confidences of 2D detectors mean: where a joint is believed to be where it was found.
Measured on MoveNet."""

TRUSTED = 0.2
"""A joint below this confidence is not where the detector says."""

SURE = 0.3
"""A joint from this confidence on is where the detector says;
what looks at the very place of a joint asks for as much."""
