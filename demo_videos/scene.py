"""The world around the person: rooms made of boxes, light, and the camera.

World: metres, Y up, the floor at y = 0. Camera: x right, y down, z forward; image points in pixels with the origin at
the top-left corner of the top-left pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from demo_videos.meshes import Colour
from demo_videos.rotations import unit
from estimators.pinhole import onto_picture


class Material(IntEnum):
    """Procedural looks of the room shader."""

    PLAIN = 0
    WOOD = 1
    CONCRETE = 2
    BRICK = 3
    TILES = 4
    CARPET = 5
    GLOW = 6
    PICTURE = 7
    GRASS = 8


@dataclass(frozen=True)
class Box:
    """An upright box: centre (3,), size (3,) metres, in the room's own axes."""

    centre: tuple[float, float, float]
    size: tuple[float, float, float]
    colour: Colour
    material: Material = Material.PLAIN
    casts: bool = True  # a shadow
    inward: bool = False  # seen from inside only: the walls of a room, which never hide it from a camera outside


@dataclass(frozen=True)
class Light:
    """One directional key light with a shadow, and a sky-to-floor ambient."""

    direction: tuple[float, float, float] = (-0.5, 1.0, 0.6)  # towards the light, in the room's axes
    colour: Colour = (1.0, 0.95, 0.88)
    strength: float = 2.2
    ambient: Colour = (0.62, 0.66, 0.72)
    bounce: Colour = (0.36, 0.32, 0.28)
    softness_m: float = 0.02  # radius of the penumbra
    exposure: float = 0.5


@dataclass(frozen=True)
class Room:
    """Boxes (walls and furniture) around the origin, which is where the person is; +z is towards the camera."""

    name: str
    half: tuple[float, float, float]  # half the width, the height, half the depth, metres
    boxes: tuple[Box, ...]
    light: Light = Light()
    background: Colour = (0.5, 0.55, 0.6)
    stretches: bool = False  # its walls stand as far out as the shot needs, so that the camera is inside


@dataclass(frozen=True)
class Camera:
    """A pinhole without distortion. `rotation` (3, 3) and `translation` (3,) take world points to camera space."""

    focal: tuple[float, float]
    centre: tuple[float, float]
    rotation: np.ndarray
    translation: np.ndarray
    image_size: tuple[int, int]

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) world metres to camera metres."""
        return points @ self.rotation.T + self.translation

    def project(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) camera metres to (..., 2) pixels."""
        return onto_picture(points, np.array(self.focal), np.array(self.centre))

    def matrix(self, near: float = 0.1, far: float = 60.0) -> np.ndarray:
        """(4, 4) world to OpenGL clip space."""
        (fx, fy), (cx, cy), (w, h) = self.focal, self.centre, self.image_size
        projection = np.array(
            [
                [2 * fx / w, 0, 2 * cx / w - 1, 0],
                [0, -2 * fy / h, 1 - 2 * cy / h, 0],
                [0, 0, (far + near) / (far - near), -2 * far * near / (far - near)],
                [0, 0, 1, 0],
            ]
        )
        view = np.eye(4)
        view[:3, :3], view[:3, 3] = self.rotation, self.translation
        return projection @ view

    @property
    def position(self) -> np.ndarray:
        """(3,) metres: where the camera stands in the world."""
        return -self.rotation.T @ self.translation


@dataclass(frozen=True)
class View:
    """How a shot is filmed; the distance follows from the framing.

    `azimuth_deg`: 0 in front of the person, 90 at their left. `focal`: focal length over the image's long side. `fill`:
    the share of the frame that the person's whole path may take up. `aim`: where the middle of that path is in the
    picture, in halves of the frame to the right of and below the middle.
    """

    azimuth_deg: float = 15.0
    height_m: float = 1.4
    focal: float = 1.1
    fill: float = 0.86
    roll_deg: float = 0.0
    aim: tuple[float, float] = (0.0, 0.0)


def look_at(position: np.ndarray, target: np.ndarray, roll_deg: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (3, 3) and translation (3,) of a camera at `position` that looks at `target`, both (3,) world metres."""
    forward = unit(target - position)
    right = unit(np.cross(forward, [0.0, 1.0, 0.0]))
    down = np.cross(forward, right)
    roll = np.radians(roll_deg)
    right, down = right * np.cos(roll) + down * np.sin(roll), down * np.cos(roll) - right * np.sin(roll)
    rotation = np.stack([right, down, forward])
    return rotation, -rotation @ position


def film(view: View, points: np.ndarray, facing: np.ndarray, image_size: tuple[int, int]) -> Camera:
    """A still camera that keeps all `points` in the picture, unless the view's `fill` or `aim` says otherwise.

    Args:
        view: where from, how wide, how tight.
        points: (N, J, 3) world positions that must be seen in all frames.
        facing: (3,) where the person looks at first.
        image_size: (width, height) pixels.
    """
    yaw = np.arctan2(facing[0], facing[2]) + np.radians(view.azimuth_deg)
    away = np.array([np.sin(yaw), 0, np.cos(yaw)])
    low, high = points.reshape(-1, 3).min(axis=0), points.reshape(-1, 3).max(axis=0)
    target = (low + high) / 2
    width, height = image_size
    focal = view.focal * max(width, height)
    room = np.array([width, height]) / 2 * view.fill

    def camera(distance: float) -> Camera:
        position = target + away * distance
        position[1] = view.height_m
        rotation, translation = look_at(position, target, view.roll_deg)
        return Camera((focal, focal), (width / 2, height / 2), rotation, translation, image_size)

    def fits(distance: float) -> bool:
        seen = camera(distance).to_camera(points.reshape(-1, 3))
        if seen[:, 2].min() < 0.3:
            return False
        reach = np.abs(seen[:, :2] / seen[:, 2:] * focal).max(axis=0)
        return bool((reach < room).all())

    near, far = 0.5, 40.0
    for _ in range(40):
        middle = (near + far) / 2
        near, far = (near, middle) if fits(middle) else (middle, far)
    found = camera(far)
    if view.aim == (0.0, 0.0):
        return found
    # The camera turns where it stands: what it looks at lies as far off the path's middle, the other way.
    across, down = np.array(view.aim) * [width, height] / 2 / focal * np.linalg.norm(target - found.position)
    target = target - across * found.rotation[0] - down * found.rotation[1]
    rotation, translation = look_at(found.position, target, view.roll_deg)
    return replace(found, rotation=rotation, translation=translation)
