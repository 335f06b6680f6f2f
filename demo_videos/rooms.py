"""The rooms that shots are filmed in. Axes of a room: the person at the origin, +z towards the camera,
+x to its right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from demo_videos.meshes import Colour
from demo_videos.scene import Box, Light, Material, Room

_CLEARANCE_M = 0.5  # of camera and person from walls and ceiling
_FURNITURE_M = 1.3  # what stands nearer to a wall than this moves with it, and nobody walks there along the back wall


def around(
    room: Room, standing: list[Box], points: np.ndarray, origin: np.ndarray, yaw: float
) -> tuple[Room, np.ndarray]:
    """`room` with the boxes `standing` in it, and its origin; if it stretches, the walls enclose `points`.

    The front wall stands behind the camera, the back wall as near behind the person as it may.

    Args:
        points: (N, 3) world metres: wherever the person is, and the camera.
        origin: (3,) world metres where the room stands.
        yaw: radians by which it is turned.
    """
    if not room.stretches:
        return replace(room, boxes=(*room.boxes, *standing)), origin
    x, y, z = (points - origin).T
    cos, sin = np.cos(yaw), np.sin(yaw)
    across, ahead = cos * x - sin * z, sin * x + cos * z
    back = max(room.half[2], -float(ahead.min()) + _FURNITURE_M)
    front = max(back, float(ahead.max()) + _CLEARANCE_M)
    half = (
        max(room.half[0], float(np.abs(across).max()) + _CLEARANCE_M),
        max(room.half[1], float(y.max()) + _CLEARANCE_M),
        (back + front) / 2,
    )
    boxes = [_moved(box, room.half, half) for box in room.boxes]
    ahead = (front - back) / 2  # of the old origin is the new one, and what stands stays where it is
    boxes += [replace(box, centre=(box.centre[0], box.centre[1], box.centre[2] - ahead)) for box in standing]
    return replace(room, half=half, boxes=tuple(boxes)), origin + ahead * np.array([sin, 0.0, cos])


def _moved(box: Box, old: tuple[float, float, float], new: tuple[float, float, float]) -> Box:
    """`box` of a room whose half sizes change: what spans the room spans it again, what is by a wall stays there."""
    centre, size = list(box.centre), list(box.size)
    for axis in (0, 2):
        if size[axis] > 1.95 * old[axis]:
            size[axis] += 2 * (new[axis] - old[axis])
        elif abs(centre[axis]) > old[axis] - _FURNITURE_M:
            centre[axis] += float(np.copysign(new[axis] - old[axis], centre[axis]))
    rise = new[1] - old[1]
    if box.inward:
        size[1], centre[1] = size[1] + rise, centre[1] + rise / 2
    elif centre[1] > old[1] - 0.01:
        centre[1] += rise
    return replace(box, centre=(centre[0], centre[1], centre[2]), size=(size[0], size[1], size[2]))


def _shell(
    half: tuple[float, float, float],
    floor: tuple[Colour, Material],
    wall: tuple[Colour, Material],
    ceiling: Colour = (0.75, 0.74, 0.72),
) -> tuple[Box, ...]:
    """Floor, walls, ceiling and skirting of a room with `half` width, height and half depth in metres."""
    x, height, z = half
    skirting = tuple(
        Box(centre, size, (0.62, 0.60, 0.57), casts=False)
        for centre, size in (
            ((0, 0.05, -z), (2 * x, 0.10, 0.03)),
            ((-x, 0.05, 0), (0.03, 0.10, 2 * z)),
            ((x, 0.05, 0), (0.03, 0.10, 2 * z)),
        )
    )
    return (
        Box((0, -0.05, 0), (2 * x, 0.10, 2 * z), floor[0], floor[1], casts=False),
        Box((0, height / 2, 0), (2 * x, height + 0.2, 2 * z), wall[0], wall[1], casts=False, inward=True),
        Box((0, height, 0), (2 * x, 0.02, 2 * z), ceiling, casts=False),
        *skirting,
    )


def _window(centre: tuple[float, float, float], width: float, height: float) -> tuple[Box, ...]:
    """A bright window with a frame in the back wall."""
    x, y, z = centre
    white = (0.70, 0.69, 0.67)
    return (
        Box(centre, (width, height, 0.04), (0.42, 0.50, 0.62), Material.GLOW, casts=False),
        Box((x, y, z + 0.02), (0.05, height, 0.05), white, casts=False),
        Box((x, y + height / 2, z + 0.02), (width + 0.12, 0.07, 0.06), white, casts=False),
        Box((x, y - height / 2, z + 0.04), (width + 0.18, 0.06, 0.14), white, casts=False),
        Box((x - width / 2, y, z + 0.02), (0.07, height, 0.06), white, casts=False),
        Box((x + width / 2, y, z + 0.02), (0.07, height, 0.06), white, casts=False),
    )


def _sofa(x: float, z: float, colour: Colour, cushions: Colour) -> tuple[Box, ...]:
    """A sofa 2 m wide against the back wall."""
    return (
        Box((x, 0.24, z), (2.0, 0.36, 0.85), colour),
        Box((x, 0.55, z - 0.34), (2.0, 0.55, 0.20), colour),
        Box((x - 0.95, 0.42, z), (0.18, 0.50, 0.85), colour),
        Box((x + 0.95, 0.42, z), (0.18, 0.50, 0.85), colour),
        Box((x - 0.42, 0.46, z + 0.04), (0.82, 0.12, 0.74), cushions),
        Box((x + 0.42, 0.46, z + 0.04), (0.82, 0.12, 0.74), cushions),
    )


def _shelf(x: float, z: float, colour: Colour) -> tuple[Box, ...]:
    """A shelf with books of several colours."""
    boards = tuple(Box((x, 0.03 + 0.42 * i, z), (1.0, 0.03, 0.30), colour) for i in range(5))
    sides = tuple(Box((x + s * 0.5, 0.87, z), (0.03, 1.74, 0.30), colour) for s in (-1, 1))
    covers = ((0.35, 0.06, 0.05), (0.05, 0.12, 0.26), (0.45, 0.38, 0.22), (0.08, 0.20, 0.12), (0.30, 0.28, 0.27))
    books = tuple(
        Box((x - 0.42 + 0.055 * j, 0.17 + 0.42 * i, z), (0.042, 0.22 + 0.04 * ((7 * i + 3 * j) % 4) / 3, 0.20),
            covers[(3 * i + 2 * j) % 5], casts=False)
        for i in range(4) for j in range(16) if (5 * i + j) % 11 > 1
    )  # fmt: skip
    return boards + sides + books


STUDIO = Room(
    name="studio",
    half=(3.6, 3.2, 3.2),
    boxes=(
        *_shell((3.6, 3.2, 3.2), ((0.30, 0.31, 0.33), Material.CONCRETE), ((0.30, 0.40, 0.44), Material.PLAIN)),
        *_window((-1.7, 1.75, -3.2), 1.8, 1.5),
        Box((0.9, 1.7, -3.18), (0.8, 1.1, 0.04), (0.08, 0.07, 0.07), Material.PICTURE, casts=False),
        Box((1.9, 0.30, -2.6), (0.6, 0.6, 0.6), (0.40, 0.28, 0.15), Material.WOOD),
        Box((1.85, 0.80, -2.65), (0.4, 0.4, 0.4), (0.45, 0.22, 0.08)),
        Box((-1.9, 0.24, -2.8), (1.6, 0.07, 0.42), (0.34, 0.22, 0.12), Material.WOOD),
        Box((-2.55, 0.10, -2.8), (0.07, 0.21, 0.38), (0.08, 0.08, 0.08)),
        Box((-1.25, 0.10, -2.8), (0.07, 0.21, 0.38), (0.08, 0.08, 0.08)),
        Box((0.0, 0.0, 0.0), (3.0, 0.006, 2.4), (0.09, 0.15, 0.24), Material.CARPET, casts=False),
    ),
    light=Light(direction=(-0.7, 1.1, 0.8), strength=1.5, ambient=(0.55, 0.58, 0.62), bounce=(0.30, 0.29, 0.28)),
)

LIVING_ROOM = Room(
    name="living room",
    half=(3.2, 2.6, 2.6),
    boxes=(
        *_shell((3.2, 2.6, 2.6), ((0.42, 0.24, 0.12), Material.WOOD), ((0.62, 0.55, 0.44), Material.PLAIN)),
        *_sofa(-1.3, -2.05, (0.10, 0.20, 0.24), (0.115, 0.23, 0.276)),
        *_shelf(1.9, -2.4, (0.30, 0.17, 0.09)),
        *_window((0.35, 1.55, -2.6), 1.3, 1.3),
        Box((-1.5, 1.65, -2.58), (0.9, 0.65, 0.04), (0.10, 0.07, 0.05), Material.PICTURE, casts=False),
        Box((0.0, 0.0, 0.0), (2.6, 0.006, 1.9), (0.40, 0.10, 0.09), Material.CARPET, casts=False),
    ),
    light=Light(direction=(0.8, 1.2, 0.7), colour=(1.0, 0.90, 0.76), strength=1.6, bounce=(0.60, 0.54, 0.47)),
)

HALL = Room(
    name="hall",
    half=(4.6, 3.6, 4.2),
    boxes=(
        *_shell((4.6, 3.6, 4.2), ((0.46, 0.43, 0.38), Material.TILES), ((0.40, 0.17, 0.11), Material.BRICK)),
        Box((0.6, 1.05, -4.18), (1.0, 2.1, 0.06), (0.12, 0.17, 0.20), casts=False),
        Box((-2.6, 0.23, -3.7), (1.8, 0.08, 0.45), (0.36, 0.20, 0.09), Material.WOOD),
        Box((-3.3, 0.10, -3.7), (0.08, 0.20, 0.40), (0.1, 0.1, 0.1)),
        Box((-1.9, 0.10, -3.7), (0.08, 0.20, 0.40), (0.1, 0.1, 0.1)),
        *_window((-2.6, 2.2, -4.2), 2.2, 1.1),
        Box((3.0, 0.35, -3.6), (0.7, 0.7, 0.7), (0.10, 0.22, 0.12), Material.GRASS),
    ),
    light=Light(direction=(-0.9, 1.3, 0.3), colour=(1.0, 0.96, 0.90), strength=1.6, ambient=(0.58, 0.62, 0.70)),
)

COURTYARD = Room(
    name="courtyard",
    half=(9.0, 3.0, 9.0),
    boxes=(
        Box((0, -0.05, 0), (40, 0.10, 40), (0.16, 0.24, 0.08), Material.GRASS, casts=False),
        Box((0, 0.0, 0.4), (6.4, 0.006, 5.6), (0.42, 0.39, 0.35), Material.TILES, casts=False),
        Box((-2.5, 1.7, -5.6), (9.0, 3.4, 0.3), (0.60, 0.55, 0.46), Material.PLAIN),
        Box((-2.5, 3.5, -5.5), (9.6, 0.25, 0.9), (0.30, 0.10, 0.07)),
        Box((-2.5, 0.25, -5.44), (9.0, 0.5, 0.04), (0.30, 0.28, 0.26), Material.CONCRETE),
        *(
            Box((x + dx, 1.75, -5.44), (0.70, 1.2, 0.06), (0.05, 0.09, 0.13), casts=False)
            for x in (-5.2, -2.2, 0.8)
            for dx in (-0.38, 0.38)
        ),
        *(Box((x, 1.10, -5.40), (1.7, 0.06, 0.20), (0.62, 0.60, 0.56)) for x in (-5.2, -2.2, 0.8)),
        Box((5.4, 0.75, -4.6), (6.0, 1.5, 0.8), (0.06, 0.16, 0.05), Material.GRASS),
        Box((-6.5, 0.45, -1.5), (0.7, 0.9, 5.0), (0.06, 0.17, 0.05), Material.GRASS),
    ),
    light=Light(
        direction=(0.75, 1.0, 0.55),
        colour=(1.0, 0.93, 0.82),
        strength=2.4,
        ambient=(0.50, 0.60, 0.76),
        softness_m=0.012,
    ),
    background=(0.45, 0.62, 0.82),
)
