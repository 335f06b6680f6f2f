"""What comes between a person and a clean picture of them: things in front, a poor lens, little light, a small file."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from demo_videos.meshes import Colour
from demo_videos.rotations import unit
from demo_videos.scene import Box, Camera, Material

_GAP_M = 0.45  # between the person and what stands in front of them


@dataclass(frozen=True)
class Flaws:
    """What happens to a picture between the lens and the file.

    `light`: 1 as the room is lit, less is darker, more burns out; `grain`: deviation of the sensor's noise, of 255
    levels; `defocus_px`: deviation of the blur; `open_shutter`: open from one frame to the next, so that what moves is
    smeared; `crf`: of H.264, 18 looks clean, 40 is mush; `preset`: how much care its encoder takes; `shrink`: how many
    pixels of the picture, along a side, come from one that was recorded.
    """

    light: float = 1.0
    grain: float = 0.0
    defocus_px: float = 0.0
    open_shutter: bool = False
    crf: int = 18
    preset: str = "slow"
    shrink: float = 1.0

    def names(self) -> list[str]:
        """The flaws that are there, by name."""
        there = {
            "dark": self.light < 0.6,
            "overexposed": self.light > 1.2,
            "grain": self.grain > 0,
            "defocus": self.defocus_px > 0,
            "motion blur": self.open_shutter,
            "compression": self.crf > 28,
            "low resolution": self.shrink > 1,
        }
        return [name for name, is_there in there.items() if is_there]

    def apply(self, picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(H, W, 3) uint8 RGB as the camera would have recorded it; the shutter and the file are others' work."""
        if self.light == 1 and not self.grain and not self.defocus_px and self.shrink == 1:
            return picture
        seen: np.ndarray = picture.astype(np.float32)
        height, width = picture.shape[:2]
        if self.shrink > 1:
            small = (round(width / self.shrink), round(height / self.shrink))
            seen = cv2.resize(seen, small, interpolation=cv2.INTER_AREA)
        if self.defocus_px:
            seen = cv2.GaussianBlur(seen, (0, 0), self.defocus_px)
        if self.light != 1:
            seen = seen * self.light ** (1 / 2.2)  # light is linear, pixels are not
        if self.grain:
            seen = seen + rng.normal(0, self.grain, seen.shape)
        if self.shrink > 1:
            seen = cv2.resize(seen, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.clip(seen, 0, 255).astype(np.uint8)


CLEAN = Flaws()


@dataclass(frozen=True)
class Occluder:
    """A box on the floor between the person and the camera: a table, a crate, a pillar.

    `side`: where across the person's path, -1 to 1.
    """

    width_m: float
    height_m: float
    side: float = 0.0
    colour: Colour = (0.30, 0.20, 0.12)
    material: Material = Material.WOOD

    def place(self, positions: np.ndarray, camera: Camera, origin: np.ndarray, yaw: float) -> Box | None:
        """The box in the axes of a room that stands at `origin` (3,) and is turned by `yaw` radians.

        Args:
            positions: (..., 3) world metres: where the person ever is.

        Returns:
            None if the person comes so near to the camera that the box would hide everything, or be run into.
        """
        away = (camera.position - origin) * [1, 0, 1]
        distance, away = float(np.linalg.norm(away)), unit(away)
        across = np.cross([0.0, 1.0, 0.0], away)
        relative = positions.reshape(-1, 3) - origin
        near = float((relative @ away).max()) + _GAP_M
        if near > 0.6 * distance:
            return None
        reach = relative @ across
        centre = origin + near * away + self._across(reach) * across + [0, self.height_m / 2, 0]
        cos, sin = np.cos(yaw), np.sin(yaw)
        turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])  # room axes to world
        x, y, z = (float(v) for v in (centre - origin) @ turn)
        return Box((x, y, z), (self.width_m, self.height_m, min(self.width_m, 0.5)), self.colour, self.material)

    def _across(self, reach: np.ndarray) -> float:
        low, high = float(reach.min()), float(reach.max())
        return (low + high) / 2 + self.side * (high - low) / 2
