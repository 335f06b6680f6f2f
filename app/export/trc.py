"""TRC: marker positions for OpenSim and Pose2Sim, one file a person.

Metres, the axes of `app.world.placing` (`world`: Y up, as OpenSim has it). Time is the frame's timestamp in seconds;
Frame# counts from 1. Markers have the names that Pose2Sim's models use: thorax is Neck (the base of the neck, between
the shoulders), neck is Nose (Human3.6M's neck joint, as detectors give it, lies at the nose), foot is Ankle, hip is
Hip. A frame in which the person is missing has `nan` in its fields, and so has a joint that is not believed: OpenSim
drops an empty one at the end of a line and then counts too few, and readers that split at blanks would shift the
others. TRC cannot mark interpolated frames.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.world.placing import Placed

_NAMES = {"thorax": "Neck", "neck": "Nose", "left_foot": "LAnkle", "right_foot": "RAnkle"}


def write(placed: Placed, index: int, path: Path) -> None:
    """Write the person at `index`."""
    motion, known = placed.motion, placed.motion.people[index].known
    positions = np.where(known[..., None], placed.positions[index], np.nan)
    markers = [marker_name(joint) for joint in motion.skeleton.joints]
    rate, n = f"{float(motion.fps):.6f}".rstrip("0").rstrip("."), len(motion)
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        "\t".join([rate, rate, str(n), str(len(markers)), "m", rate, "1", str(n)]),
        "Frame#\tTime\t" + "\t\t\t".join(markers) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{number + 1}" for number in range(len(markers)) for axis in "XYZ"),
    ]
    for frame, seconds in enumerate(motion.timestamps):
        fields = (f"{value:.6f}" for value in positions[frame].ravel())
        lines.append("\t".join([str(frame + 1), f"{seconds:.6f}", *fields]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def marker_name(joint: str) -> str:
    """Pose2Sim's name of a joint: left_knee is LKnee."""
    if joint in _NAMES:
        return _NAMES[joint]
    side, _, part = joint.rpartition("_")
    return {"left": "L", "right": "R"}.get(side, "") + part.capitalize()
