"""The measures that need no truth: what each is called, its unit, and what it says. The only table of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One of the numbers of quality.json.

    Attributes:
        label: its name on pages.
        brief: its name, with its unit, where there is little room.
        unit: a symbol.
        definition: the unit, and how it is computed, as quality.json says it.
        hint: what it says, in a sentence.
    """

    label: str
    brief: str
    unit: str
    definition: str
    hint: str


MEASURES = {
    "acceleration": Measure(
        "Acceleration",
        "accel. m/s²",
        "m/s²",
        "m/s^2, mean over joints and frames, relative to the hip",
        "Relative to the hip, mean over joints. Jitter makes it large.",
    ),
    "jerk": Measure(
        "Jerk",
        "jerk m/s³",
        "m/s³",
        "m/s^3, mean over joints and frames, relative to the hip",
        "The change of acceleration: jitter once more, of higher frequency.",
    ),
    "bone_length_variation": Measure(
        "Bone length variation",
        "bones ± %",
        "%",
        "percent: standard deviation over time / mean, mean over bones",
        "Bones do not change their lengths; how much these do.",
    ),
    "left_right_asymmetry": Measure(
        "Left-right difference",
        "left-right %",
        "%",
        "percent: difference of left and right bone length / their mean, mean over bones",
        "Between the lengths of a left and a right bone.",
    ),
    "reprojection_error": Measure(
        "Reprojection error",
        "2D px",
        "px",
        "pixels: detected keypoints to projected joints, hip placed best in each frame",
        "From the detected joints to the 3D ones seen by the same camera: faithfulness to the picture.",
    ),
    "foot_sliding": Measure(
        "Foot sliding",
        "sliding m/s",
        "m/s",
        "m/s, speed along the floor of a foot while it stands; which feet stand is found once, from the best poses",
        "Speed along the floor of feet that stand.",
    ),
    "left_right_swaps": Measure(
        "Left-right swaps",
        "swaps a minute",
        "a minute",
        "per minute: how often the arms or the legs trade places from one frame to the next",
        "Arms or legs that trade places from one frame to the next.",
    ),
}

BRIEFLY = ("acceleration", "bone_length_variation", "reprojection_error")  # where there is room for three
