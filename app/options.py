"""What a user can choose of a run: `Options`, and the presets that name several of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from estimators.devices import checked_name
from estimators.errors import ConfigError

# What a user who does not want to choose a lifter chooses between.
PRESETS: dict[str, dict[str, Any]] = {
    "best": {"lifter": "stcformer", "frames": 81, "steps": 2, "looks": 0},  # the wide refiner
    "fast": {"lifter": "stcformer", "frames": 27, "steps": 1, "looks": 12},  # a small one, asked once
}

UNSURE = "auto"  # whether pictures have to be turned: the detector is asked, see `app.turn`
ROTATIONS = (UNSURE, "0", "90", "180", "270")  # degrees clockwise


@dataclass(frozen=True)
class Options:
    """What a user can choose; the defaults are what `d3p run` does, the preset "best".

    Attributes:
        detector: name or mmpose config of the 2D detector, see `estimators.detection.Detector`.
        checkpoint: weights of the detector, if it is not a bundled one.
        lifter: "stcformer", "mixste", or the path of a lifter's safetensors file.
        frames: T, the length of the lifter's window; picks the weights `LIFTER-T`.
        person: "largest", "all", or an id.
        steps: DDIM steps of the refiner.
        looks: how many times a second the detector looks, about; 0: at every frame.
        refine: False leaves out the refiner.
        device: "auto" (the GPU, if there is one), "cpu", "cuda" or "cuda:N", see `estimators.devices`.
        video: False leaves out side_by_side.mp4.
        focal: focal length of the camera, pixels of the upright picture; None takes the file's word, or assumes one.
        rotate: degrees clockwise by which the pictures are turned beyond what the file says, "0", "90", "180" or "270"; "auto"
            finds out, see `app.turn`.
    """

    detector: str = "movenet"
    checkpoint: str | None = None
    lifter: str = "stcformer"
    frames: int = 81
    person: str = "largest"
    steps: int = 2
    refine: bool = True
    device: str = "auto"
    video: bool = True
    focal: float | None = None
    looks: int = 0
    rotate: str = UNSURE

    def __post_init__(self) -> None:
        checked_name(self.device)
        if self.steps < 1:
            raise ConfigError(f"The number of diffusion steps must be at least 1, not {self.steps}.")
        if self.looks < 0:
            raise ConfigError(
                f"The detector's looks a second must be at least 1, or 0 for every frame, not {self.looks}."
            )
        if self.frames < 1:
            raise ConfigError(f"The number of frames of the lifter's window must be at least 1, not {self.frames}.")
        if self.rotate not in ROTATIONS:
            raise ConfigError(
                f"Pictures are turned by {', '.join(ROTATIONS[1:])} degrees or 'auto', not {str(self.rotate)[:40]!r}."
            )

    @property
    def lifter_weights(self) -> str:
        """Name or path of the lifter's weights."""
        return self.lifter if self.lifter.endswith(".safetensors") else f"{self.lifter}-{self.frames}"

    @property
    def refiner_weights(self) -> str:
        """The refiner trained for that lifter: a bundled name, or a file beside a lifter given by its path."""
        path = Path(self.lifter_weights)
        return str(path.with_name(f"refiner-{path.name}"))
