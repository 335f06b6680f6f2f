"""Which way is up, and where the floor is: one answer for a whole clip, from the people in it.

The floor is the plane y = a + b x + c z of camera space that standing feet are on. Where they stand still in one place
they say nothing about its slopes b (sideways) and c (away from the camera): then the people standing upright on it do,
and that cameras are seldom held askew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.world.contacts import FEET, find_contacts
from estimators.neutral import CAMERA_UP, complete
from estimators.skeleton import Skeleton
from estimators.stretches import runs

# Of how low feet are: the lower foot of two stands most of the time, one that is taken to stand rises before it leaves.
_LOWER_QUANTILE, _STANDING_QUANTILE = 0.6, 0.75
_ASKEW = 0.05  # rise over run by which cameras are usually held askew, and
_LEANING = 0.1  # by which people's bodies lean against the floor, all in all; more needs evidence
_FOOT_NOISE_M = 0.05
_FOREFOOT_M = 0.06  # what carries a standing body lies in front of the ankles
_STEEPEST = 0.6

# Winter's table: from joint, to joint, share of the body's mass, where on the way its centre lies.
_LIMBS = (
    ("shoulder", "elbow", 0.028, 0.436), ("elbow", "wrist", 0.022, 0.68), ("hip", "knee", 0.100, 0.433),
    ("knee", "foot", 0.061, 0.606),
)  # fmt: skip
_SEGMENTS = (
    ("neck", "head", 0.081, 0.5),
    ("hip", "thorax", 0.497, 0.5),
    *((f"{side}_{a}", f"{side}_{b}", mass, along) for side in ("left", "right") for a, b, mass, along in _LIMBS),
)


@dataclass(frozen=True)
class Ground:
    """The floor of a clip, at the height of ankles that stand on it.

    Attributes:
        origin: (3,) metres, camera space: a point amid the people's paths.
        axes: (3,3) rows right, up, towards the viewer, in camera space.
    """

    origin: np.ndarray
    axes: np.ndarray

    def of(self, points: np.ndarray) -> np.ndarray:
        """(...,3) metres in camera space to x right, y up from where ankles stand, z towards the viewer."""
        return (points.astype(np.float64) - self.origin) @ self.axes.T

    def back(self, points: np.ndarray) -> np.ndarray:
        """(...,3) metres in these axes back to camera space: the inverse of `of`."""
        return points @ self.axes + self.origin


def find_ground(
    bodies: list[np.ndarray],
    skeleton: Skeleton,
    fps: float,
    believed: Sequence[np.ndarray | None] | None = None,
    cuts: Sequence[int] = (),
) -> tuple[Ground, list[np.ndarray]]:
    """The floor, and which feet stand on it.

    Twice: under the lower foot of everybody, which finds the feet that stand, and then under these alone. Joints that
    are not believed have no say; if no foot is believed in any frame the floor is where everybody would stand at ease.

    Args:
        bodies: (N,17,3) metres in camera space of each person, NaN where missing; somebody is there in some frame.
        skeleton: names of the joints.
        fps: frames per second.
        believed: (N,17) bool of each person, None for all joints.
        cuts: first frames of shots: nobody's foot stands on across them.

    Returns:
        The ground, and for each person (N,2) bool contacts, see `app.world.contacts`.
    """
    feet_of = [skeleton.joints.index(name) for name in FEET]
    given, bodies = bodies, _without_guesses(bodies, believed)
    pairs = [body[:, feet_of].astype(np.float64) for body in bodies]
    if believed is not None and not any(np.isfinite(pair).any() for pair in pairs):
        at_ease = [complete(*one, fps, CAMERA_UP, skeleton) for one in zip(given, map(_known, bodies), strict=True)]
        lower = np.concatenate([_lower(body[:, feet_of]) for body in at_ease])
        ground = _plane(lower, np.zeros(2), 1 / max(1.0, fps / 2), _LOWER_QUANTILE)
        return ground, [np.zeros((len(body), 2), bool) for body in bodies]
    slopes = _slopes_under(bodies, [np.ones((len(body), 2)) for body in bodies], skeleton)
    lower = np.concatenate([_lower(pair) for pair in pairs])
    # A step takes half a second: so many frames say the same thing about the floor.
    ground = _plane(lower, slopes, 1 / max(1.0, fps / 2), _LOWER_QUANTILE)
    contacts = _contacts(pairs, ground, fps, cuts)
    stances = [point for pair, stands in zip(pairs, contacts, strict=True) for point in _stances(pair, stands, cuts)]
    if len(stances) >= 2:  # less says no more than the lower feet do
        slopes = _slopes_under(bodies, [stands.astype(float) for stands in contacts], skeleton)
        ground = _plane(np.stack(stances), slopes, 1.0, _STANDING_QUANTILE)
        contacts = _contacts(pairs, ground, fps, cuts)
    return ground, contacts


def _without_guesses(bodies: list[np.ndarray], believed: Sequence[np.ndarray | None] | None) -> list[np.ndarray]:
    """Bodies (N,17,3) with NaN for the joints that are not believed."""
    known = [None] * len(bodies) if believed is None else believed
    return [
        body if one is None or one[np.isfinite(body).all(axis=(1, 2))].all() else np.where(one[..., None], body, np.nan)
        for body, one in zip(bodies, known, strict=True)
    ]


def _known(body: np.ndarray) -> np.ndarray:
    """(N,17) bool of (N,17,3): the joints that have a place."""
    known: np.ndarray = np.isfinite(body).all(axis=-1)
    return known


def _contacts(pairs: list[np.ndarray], ground: Ground, fps: float, cuts: Sequence[int]) -> list[np.ndarray]:
    return [find_contacts(pair, ground.of(pair)[..., 1], fps, cuts) for pair in pairs]


def _lower(pair: np.ndarray) -> np.ndarray:
    """(M,3): the lower of two feet (N,2,3), or the only one, in the frames in which there is one."""
    there = np.isfinite(pair).all(axis=2)
    pair, there = pair[there.any(axis=1)], there[there.any(axis=1)]
    return pair[np.arange(len(pair)), np.where(there, pair[..., 1], -np.inf).argmax(axis=1)]


def _stances(pair: np.ndarray, stands: np.ndarray, cuts: Sequence[int]) -> list[np.ndarray]:
    """The mean place (3,) of each stance of two feet (N,2,3) that stand in (N,2): one answer each, however long."""
    return [pair[stretch, foot].mean(axis=0) for foot in range(2) for stretch in runs(stands[:, foot], cuts)]


def _plane(points: np.ndarray, expected_slopes: np.ndarray, weight: float, quantile: float) -> Ground:
    """The plane with this share of (M,3) points above it, by asymmetric least absolute deviations.

    Args:
        points: of feet, camera space.
        expected_slopes: (2,), see `_slopes_under`.
        weight: of a point, in independent observations.
        quantile: of y, which points down.
    """
    middle = points.mean(axis=0)
    design = np.stack([np.ones(len(points)), points[:, 0] - middle[0], points[:, 2] - middle[2]], axis=1)
    prior = (_FOOT_NOISE_M / _LEANING) ** 2 * np.diag([0.0, 1.0, 1.0])
    expected = np.array([0.0, *expected_slopes])
    plane = expected + [np.quantile(points[:, 1], quantile), 0.0, 0.0]
    for _ in range(20):
        above = design @ plane - points[:, 1]  # y points down: positive is above the floor
        weights = np.where(above > 0, 1 - quantile, quantile) / np.maximum(np.abs(above), 0.01)
        weights *= weight * len(weights) / weights.sum()
        normal = design.T @ (weights[:, None] * design) + prior
        plane = np.linalg.solve(normal, design.T @ (weights * points[:, 1]) + prior @ expected)
    slope = np.clip(plane[1:], -_STEEPEST, _STEEPEST)
    up = np.array([slope[0], -1.0, slope[1]]) / np.sqrt(1 + slope @ slope)
    x_axis = np.array([1.0, 0, 0]) - up[0] * up
    x_axis /= np.linalg.norm(x_axis)
    return Ground(np.array([middle[0], plane[0], middle[2]]), np.stack([x_axis, up, np.cross(x_axis, up)]))


def _slopes_under(bodies: list[np.ndarray], feet: list[np.ndarray], skeleton: Skeleton) -> np.ndarray:
    """(2,): the slopes b and c to expect of the floor.

    Who does not fall has the centre of mass above the feet, on average over a clip: that line is upright, but for what
    a camera held level would make of b.

    Args:
        bodies: (N,17,3) metres.
        feet: (N,2) for each, the weights of the feet: who stands on which.
    """
    lines = []
    for body, weights in zip(bodies, feet, strict=True):
        weights = np.where(np.isfinite(body).all(axis=(1, 2))[:, None], weights, 0.0)
        there = weights.sum(axis=1) > 0
        pair = body[there][:, [skeleton.joints.index(name) for name in FEET]]
        base = np.average(pair, axis=1, weights=weights[there][:, :, None] * np.ones(3))
        lines.append(_centre_of_mass(body[there], skeleton) - base - _FOREFOOT_M * _forward(body[there], skeleton))
    together = np.concatenate(lines)
    up = together.mean(axis=0) if len(together) else np.zeros(3)
    if up[1] >= 0 or -up[1] < 0.75 * np.linalg.norm(up):  # lying, upside down, or no body to speak of: no evidence
        return np.zeros(2)
    level = _LEANING**2 / (_LEANING**2 + _ASKEW**2)  # weight of b = 0 against the bodies
    return np.array([(1 - level) * up[0], up[2]]) / -up[1]


def _centre_of_mass(body: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(N,3) of (N,17,3), same units."""
    centre = np.zeros((len(body), 3))
    for start, end, mass, along in _SEGMENTS:
        ends = body[:, skeleton.joints.index(start)], body[:, skeleton.joints.index(end)]
        centre += mass * ((1 - along) * ends[0] + along * ends[1])
    return centre


def _forward(body: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(N,3) of length 1: where the pelvis faces."""
    right, left, hip, thorax = (skeleton.joints.index(name) for name in ("right_hip", "left_hip", "hip", "thorax"))
    forward = np.cross(body[:, left] - body[:, right], body[:, thorax] - body[:, hip])
    return forward / np.maximum(np.linalg.norm(forward, axis=1, keepdims=True), 1e-9)
