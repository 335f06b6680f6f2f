"""A body of capsules round the bones of a rig, as triangles for GLB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.export.rig import Rig
from app.picture.figure import HEAD_RADIUS_M, NECK_RADIUS_M, joint_radius, limb_colour
from estimators.skeleton import Skeleton

_SIDES, _RINGS = 12, 4


@dataclass(frozen=True)
class Part:
    """The body's part of one colour.

    Attributes:
        colour: (red, green, blue), 0 to 255, sRGB.
        points: (V,3) float32 metres, in the rest pose, relative to the root.
        normals: (V,3) float32, of length 1, outwards.
        nodes: (V,) the rig's node with which each point moves.
        triangles: (T,3) indices of points, counter-clockwise seen from outside.
    """

    colour: tuple[int, int, int]
    points: np.ndarray
    normals: np.ndarray
    nodes: np.ndarray
    triangles: np.ndarray


def build_body(rig: Rig, skeleton: Skeleton) -> list[Part]:
    """The body in the rest pose: left, right and middle in the colours of the side-by-side pictures."""
    rest = rig.rest
    shapes: dict[tuple[int, int, int], list[tuple[np.ndarray, np.ndarray, np.ndarray, int]]] = {}
    sided = skeleton.left + skeleton.right
    for node, aim in enumerate(rig.aims):
        if aim < 0:
            continue
        joint = rig.joints[node]
        end = next(child for child in range(len(rig.names)) if rig.joints[child] == aim and rig.parents[child] == node)
        start_radius, end_radius = joint_radius(skeleton, joint), joint_radius(skeleton, aim)
        if aim in sided and joint not in sided:
            start_radius = end_radius  # collar and hip bones do not widen towards the trunk
        start, stop = rest[node], rest[end]
        if skeleton.joints[aim] == "head":
            start = stop = (start + stop) / 2
            start_radius = end_radius = HEAD_RADIUS_M
        elif skeleton.joints[aim] == "neck":
            start_radius = end_radius = NECK_RADIUS_M
        blue, green, red = limb_colour(skeleton, aim)
        shape = capsule(start, stop, start_radius, end_radius)
        shapes.setdefault((red, green, blue), []).append((*shape, node))
    return [_joined(colour, parts) for colour, parts in shapes.items()]


def capsule(start: np.ndarray, end: np.ndarray, r0: float, r1: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(V,3) points, (V,3) normals, (T,3) triangles of a tapered capsule between two points (a ball if they coincide).

    Metres; half a ball of radius `r0` at the start, of `r1` at the end.
    """
    axis = end - start
    length = float(np.linalg.norm(axis))
    axis = axis / length if length > 1e-9 else np.array([0.0, 1.0, 0.0])
    spare = np.eye(3)[np.abs(axis).argmin()]
    one = np.cross(axis, spare)
    one /= np.linalg.norm(one)
    two = np.cross(axis, one)  # one, two, axis: right-handed
    turn = 2 * np.pi * np.arange(_SIDES) / _SIDES
    around = np.cos(turn)[:, None] * one + np.sin(turn)[:, None] * two  # (S,3)
    rise = np.linspace(-np.pi / 2, np.pi / 2, 2 * _RINGS + 1)
    rise = np.insert(rise, _RINGS, 0.0)  # the middle ring twice: at the start and at the end
    at_end = np.arange(len(rise)) > _RINGS
    normals = np.cos(rise)[:, None, None] * around + (np.sin(rise)[:, None] * axis)[:, None]  # (R,S,3)
    centres = np.where(at_end[:, None], end, start)
    points = centres[:, None] + np.where(at_end, r1, r0)[:, None, None] * normals
    ring, side = np.meshgrid(np.arange(len(rise) - 1), np.arange(_SIDES), indexing="ij")
    a, b = ring * _SIDES + side, ring * _SIDES + (side + 1) % _SIDES
    c, d = a + _SIDES, b + _SIDES
    faces = np.concatenate([np.stack([a, b, d], axis=-1)[1:], np.stack([a, d, c], axis=-1)[:-1]]).reshape(-1, 3)
    return points.reshape(-1, 3), normals.reshape(-1, 3), faces


def _joined(colour: tuple[int, int, int], parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, int]]) -> Part:
    starts = np.cumsum([0, *(len(points) for points, _, _, _ in parts)])
    return Part(
        colour,
        np.concatenate([points for points, _, _, _ in parts]).astype(np.float32),
        np.concatenate([normals for _, normals, _, _ in parts]).astype(np.float32),
        np.concatenate([np.full(len(points), node) for points, _, _, node in parts]),
        np.concatenate([triangles + start for (_, _, triangles, _), start in zip(parts, starts[:-1], strict=True)]),
    )
