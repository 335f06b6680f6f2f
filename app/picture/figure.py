"""How a person looks: colours, thickness of limbs, and the painting of one 3D panel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from app.picture.canvas import Colour, darken, mix, polygon, solid_ball, solid_capsule, text
from app.picture.scene import View
from estimators.skeleton import Skeleton

# Left is blue and right is orange everywhere: distinguishable with every kind of colour vision. (BGR)
LEFT: Colour = (255, 168, 72)
RIGHT: Colour = (62, 134, 255)
MIDDLE: Colour = (226, 218, 208)

SKY_TOP: Colour = (30, 23, 18)
SKY_BOTTOM: Colour = (56, 44, 36)
FLOOR: Colour = (84, 69, 59)
GRID: Colour = (132, 112, 97)
INK: Colour = (240, 236, 230)
MUTED: Colour = (170, 158, 146)

_RADIUS_M = {
    "hip": 0.058, "knee": 0.047, "foot": 0.036, "shoulder": 0.047, "elbow": 0.037, "wrist": 0.029,
    "spine": 0.066, "thorax": 0.066,
}  # fmt: skip
NECK_RADIUS_M, HEAD_RADIUS_M, _NOSE_RADIUS_M = 0.042, 0.1, 0.026

_GUESS_PALE, _GUESS_THICKNESS = 0.78, 0.5  # of limbs whose place is a guess


def limb_colour(skeleton: Skeleton, child: int) -> Colour:
    """Colour of the bone that ends at joint `child`."""
    return LEFT if child in skeleton.left else RIGHT if child in skeleton.right else MIDDLE


def joint_radius(skeleton: Skeleton, joint: int) -> float:
    """Thickness of the body at a joint, metres."""
    return _RADIUS_M.get(skeleton.joints[joint].removeprefix("left_").removeprefix("right_"), 0.04)


def paint_background(size: tuple[int, int]) -> np.ndarray:
    """(H,W,3): a calm dark gradient."""
    width, height = size
    ramp = np.linspace(0, 1, height)[:, None, None]
    picture = (1 - ramp) * np.array(SKY_TOP) + ramp * np.array(SKY_BOTTOM)
    # Half a level of noise, always the same: without it the gradient shows bands once encoded.
    noise = np.random.default_rng(0).uniform(0, 1, (height, width, 1))
    return np.floor(np.broadcast_to(picture, (height, width, 3)) + noise).astype(np.uint8)


def paint_floor(picture: np.ndarray, view: View, radius: float) -> None:
    """A disc of floor with a grid of 0.5, 1, 2 ... metres that fades towards its edge, in place.

    The grid is fixed to the ground: it moves under the figure as the figure walks.
    """
    reach = 1.9 * radius + 0.6
    cell = 0.5 * 2.0 ** max(0, np.ceil(np.log2(reach / 6)))
    x, z = view.target[0], view.target[2]
    angles = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    rim = np.stack([np.cos(angles), 0 * angles, np.sin(angles)], axis=1)
    b, g, r = picture[-1, 0].tolist()
    base = mix((b, g, r), SKY_BOTTOM, 0.3)
    for share in np.linspace(1, 0.3, 12):  # rings, lighter inwards
        ring, _ = view.project(np.array([x, 0, z]) + share * reach * rim)
        polygon(picture, ring, mix(base, FLOOR, (1 - share) / 0.7))

    starts, ends = _grid_segments(x, z, reach, cell)
    pieces = np.stack([view.project(starts)[0], view.project(ends)[0]], axis=1)
    away = np.linalg.norm(((starts + ends) / 2 - [x, 0, z])[:, [0, 2]], axis=1) / reach
    lines = np.round(pieces * 16).astype(np.int32)
    levels = 8
    for level in range(levels):
        chosen = lines[(away >= level / levels) & (away < (level + 1) / levels)]
        colour = mix(GRID, FLOOR if level < 4 else SKY_BOTTOM, ((level + 0.5) / levels) ** 0.8)
        cv2.polylines(picture, list(chosen), False, colour, 1, cv2.LINE_AA, 4)


def _grid_segments(x: float, z: float, reach: float, cell: float) -> tuple[np.ndarray, np.ndarray]:
    """Short pieces of the grid's lines inside a disc: (M,3) starts and (M,3) ends, metres on the floor."""
    starts, ends = [], []
    for axis, (along, across) in enumerate(((x, z), (z, x))):
        for offset in np.arange(np.ceil((across - reach) / cell), np.floor((across + reach) / cell) + 1) * cell:
            half = np.sqrt(max(reach**2 - (offset - across) ** 2, 0.0))
            cuts = np.linspace(along - half, along + half, max(2, int(4 * half / cell)))
            line = np.stack([cuts, 0 * cuts, 0 * cuts + offset], axis=1)
            line = line[:, ::-1] if axis else line
            starts.append(line[:-1])
            ends.append(line[1:])
    return np.concatenate(starts), np.concatenate(ends)


def paint_people(
    picture: np.ndarray,
    view: View,
    bodies: list[np.ndarray],
    ids: list[int],
    skeleton: Skeleton,
    faded: list[bool],
    known: list[np.ndarray],
) -> None:
    """Shadows, then all limbs of all people from far to near, in place.

    Args:
        bodies: (17,3) ground coordinates of each person present.
        ids: their numbers, written over their heads if there are several.
        faded: people whose pose is interpolated are drawn paler.
        known: (17,) bool of each: the joints that are believed; limbs to others are drawn thin and faint,
            without a shadow.
    """
    shadows = [shape for body, sure in zip(bodies, known, strict=True) for shape in _shadow(body, view, skeleton, sure)]
    darken(picture, shadows, 0.72)
    jobs: list[tuple[float, Callable[[], None]]] = []
    for body, pale, sure in zip(bodies, faded, known, strict=True):
        jobs += _limbs(picture, body, view, skeleton, 0.45 if pale else 0.0, sure)
    for _, paint in sorted(jobs, key=lambda job: -job[0]):
        paint()
    if len(ids) > 1:
        for body, number in zip(bodies, ids, strict=True):
            above, _ = view.project(body.max(axis=0) * [0, 1, 0] + body[skeleton.joints.index("head")] * [1, 0, 1])
            size = max(12, picture.shape[0] // 36)
            text(picture, f"person {number}", (above[0], above[1] - 0.9 * size), size, INK, "ms", halo=True)


def _limbs(
    picture: np.ndarray, body: np.ndarray, view: View, skeleton: Skeleton, pale: float, known: np.ndarray
) -> list[tuple[float, Callable[[], None]]]:
    """(depth, paint) of each part of one body."""
    pixels, depth = view.project(body)
    per_metre = view.focal / depth
    thorax, face, head = (skeleton.joints.index(name) for name in ("thorax", "neck", "head"))
    jobs: list[tuple[float, Callable[[], None]]] = []

    def colour_at(colour: Colour, metres: float, sure: bool) -> Colour:
        # Things further back sink a little into the background.
        haze = np.clip((metres - view.distance) / 2.5, 0, 0.35)
        return mix(colour, SKY_BOTTOM, float(max(haze, pale if sure else _GUESS_PALE)))

    for parent, child in skeleton.bones:
        if child in (face, head):
            continue
        middle = float(depth[parent] + depth[child]) / 2
        r0, r1 = joint_radius(skeleton, parent), joint_radius(skeleton, child)
        if child in skeleton.left + skeleton.right and parent not in skeleton.left + skeleton.right:
            r0 = r1  # collar and hip bones do not widen towards the trunk
        sure = bool(known[parent] and known[child])
        tint = colour_at(limb_colour(skeleton, child), middle, sure)
        share = 1.0 if sure else _GUESS_THICKNESS
        thick = share * r0 * per_metre[parent], share * r1 * per_metre[child]
        jobs.append((middle, partial(solid_capsule, picture, pixels[parent], pixels[child], *thick, tint)))
    # The head: a neck, a ball between face and crown, and a nose that shows where it looks.
    centre = (body[face] + body[head]) / 2
    up = _unit(body[head] - body[thorax])
    forward = _unit(body[face] - centre - ((body[face] - centre) @ up) * up)
    spots, metres = view.project(np.stack([body[thorax], centre, centre + 0.95 * HEAD_RADIUS_M * forward]))
    scale = view.focal / metres
    tint = colour_at(MIDDLE, float(metres[1]), bool(known[[face, head]].any()))
    neck = NECK_RADIUS_M * scale[0], NECK_RADIUS_M * scale[1]
    jobs.append((float(metres[:2].mean()), partial(solid_capsule, picture, spots[0], spots[1], *neck, tint)))
    jobs.append((float(metres[1]), partial(solid_ball, picture, spots[1], HEAD_RADIUS_M * scale[1], tint)))
    jobs.append((float(metres[2]), partial(solid_ball, picture, spots[2], _NOSE_RADIUS_M * scale[2], tint)))
    return jobs


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _shadow(
    body: np.ndarray, view: View, skeleton: Skeleton, known: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray, float, float]]:
    """The limbs that are known projected straight down on the floor, as flat capsules."""
    pixels, depth = view.project(body * [1, 0, 1])
    radius = 0.75 * np.array([joint_radius(skeleton, joint) for joint in range(len(body))]) * view.focal / depth
    bones = [(parent, child) for parent, child in skeleton.bones if known[parent] and known[child]]
    return [(pixels[parent], pixels[child], radius[parent], radius[child]) for parent, child in bones]
