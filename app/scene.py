"""The stage for the 3D panels: one floor, one scale and one calm camera for a whole clip.

Everything is decided once from all frames. Nothing is fitted frame by frame, or the figure would pump, and jumps, which
are visible only against a floor that stays, would vanish.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.motion import Motion
from app.root import smooth

_SOLE_M = 0.04  # the foot joint is the ankle, and the figure has no feet: it stands on the ends of its shins
_ON_FLOOR_QUANTILE = 0.6  # of how low the lower foot is: it stands most of the time, noise puts it above and below
_SLOPE_PRIOR = 0.1  # rise over run by which the floor may differ from square to the bodies; more needs evidence
_STRETCHED = 0.9  # of a person's full height: only such frames tell which way is up
_FOLLOW_HZ = 0.25  # the camera follows people along the floor so slowly that steps stay visible
_MAX_RADIUS_M = 10.0  # people further apart than this would be specks: the outer ones leave the picture
_YAW_DEG, _SWAY_DEG, _SWAY_SECONDS = 24.0, 7.0, 12.0  # three-quarter view, gently swaying: parallax shows the depth
_ELEVATION_DEG = 11.0
_LENS = 3.2  # focal length over panel height: long enough that limbs are not distorted


class Scene:
    """The people of a motion in ground coordinates: metres, x right, y up (0 on the floor), z towards the viewer.

    Attributes:
        lifted, refined: one (N,17,3) float64 array a person, NaN where missing; `refined` is None without refinement.
        centre: (N,2) metres: x and z of the point that the camera follows.
        radius: metres round `centre` that the picture has to hold.
        height: metres above the floor that the picture has to hold.
        extent: (M,3) metres: joints of frames spread over the clip, x and z relative to `centre`.
    """

    def __init__(self, motion: Motion) -> None:
        best = [person.best.astype(np.float64) + person.root[:, None] for person in motion.people]
        self._origin, self._axes = _ground(best, motion)
        self.lifted = [self.to_ground(person.lifted + person.root[:, None]) for person in motion.people]
        self.refined: list[np.ndarray] | None = None
        if all(person.refined is not None for person in motion.people):
            self.refined = [self.to_ground(person.best + person.root[:, None]) for person in motion.people]
        everyone = np.stack(self.refined or self.lifted)  # (P,N,17,3)
        self.centre = _follow(everyone, float(motion.fps))
        away = np.linalg.norm(everyone[..., [0, 2]] - self.centre[:, None], axis=-1)
        self.radius = float(np.clip(np.nanquantile(away, 0.985), 0.6, _MAX_RADIUS_M))
        tops = everyone[np.isfinite(everyone).all(axis=(2, 3))][..., 1].max(axis=1)
        self.height = float(np.clip(np.quantile(tops, 0.995), 1.2, 4.0)) + 0.12
        some = np.unique(np.linspace(0, len(self.centre) - 1, 200).astype(int))
        relative = everyone[:, some] - np.insert(self.centre[some], 1, 0.0, axis=1)[:, None]
        self.extent = relative[np.isfinite(relative).all(axis=-1)]

    def to_ground(self, points: np.ndarray) -> np.ndarray:
        """(...,3) metres in camera space to ground coordinates."""
        return (points.astype(np.float64) - self._origin) @ self._axes.T


@dataclass(frozen=True)
class View:
    """A virtual camera at one instant, for a panel of `size` (width, height) pixels.

    Attributes:
        target: (3,) ground coordinates that lie at `anchor` in the picture.
        yaw, elevation: radians round and above the target.
        distance: metres from the target.
        focal: pixels.
        anchor: (x, y) pixels.
    """

    target: np.ndarray
    yaw: float
    elevation: float
    distance: float
    focal: float
    anchor: tuple[float, float]

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(...,3) ground coordinates to (...,2) pixels and (...) metres of depth."""
        sin, cos = np.sin(self.yaw), np.cos(self.yaw)
        towards = np.array([sin * np.cos(self.elevation), np.sin(self.elevation), cos * np.cos(self.elevation)])
        right = np.array([cos, 0.0, -sin])
        up = np.cross(towards, right)
        relative = points - self.target
        depth = np.maximum(self.distance - relative @ towards, 0.05)
        pixels = np.stack([relative @ right, -(relative @ up)], axis=-1) * (self.focal / depth)[..., None]
        return pixels + np.array(self.anchor), depth


class Camera:
    """Chooses the view of each frame; distance and height are the same for the whole clip."""

    def __init__(self, scene: Scene, size: tuple[int, int], top: float, bottom: float) -> None:
        """`size` (width, height) pixels; `top` and `bottom` pixels are kept free for labels."""
        self._scene, self._size = scene, size
        width, height = size
        self._focal = _LENS * height
        self._box = (0.04 * width, top, 0.96 * width, height - bottom)
        self._anchor = (width / 2, (top + height - bottom) / 2)
        self._distance = self._fit_distance()

    def at(self, index: int, seconds: float) -> View:
        """The view of frame `index`, shown at `seconds`."""
        x, z = self._scene.centre[index]
        sway = np.sin(2 * np.pi * seconds / _SWAY_SECONDS)
        return self._view(x, z, np.deg2rad(_YAW_DEG + _SWAY_DEG * sway), self._distance)

    def _view(self, x: float, z: float, yaw: float, distance: float) -> View:
        target = np.array([x, self._scene.height / 2, z])
        return View(target, yaw, np.deg2rad(_ELEVATION_DEG), distance, self._focal, self._anchor)

    def _fit_distance(self) -> float:
        """The least distance from which (nearly) everybody is always between the labels."""
        angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ring = np.stack([np.cos(angles), 0 * angles, np.sin(angles)], axis=1)
        # However little is seen of them, room for one person standing.
        person = np.concatenate([0.45 * ring, 0.25 * ring + [0, self._scene.height, 0]])
        x0, y0, x1, y1 = self._box
        near, far = 1.5, 500.0
        for _ in range(40):
            middle = (near + far) / 2
            fits = True
            for sway in (-1, 0, 1):
                view = self._view(0.0, 0.0, np.deg2rad(_YAW_DEG + sway * _SWAY_DEG), middle)
                for points, share in ((person, 1.0), (self._scene.extent, 0.99)):
                    pixels, depth = view.project(points)
                    inside = ((pixels >= [x0, y0]) & (pixels <= [x1, y1])).all(axis=1) & (depth > 1.0)
                    fits = fits and bool(inside.mean() >= share)
            near, far = (near, middle) if fits else (middle, far)
        return far


def _ground(bodies: list[np.ndarray], motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """A point on the floor and the (3,3) rows right, up, towards the viewer, all in camera space.

    The floor is a plane y = a + b x + c z under the feet, by asymmetric least squares: feet are on it or above it. Who
    stays in one place leaves its slope open: then it is square to the people standing upright on it.
    """
    left, right = (motion.skeleton.joints.index(name) for name in ("left_foot", "right_foot"))
    feet = []
    for body in bodies:
        pair = body[np.isfinite(body).all(axis=(1, 2))][:, [left, right]]
        lower = pair[..., 1].argmax(axis=1)
        feet.append(pair[np.arange(len(pair)), lower])
    points = np.concatenate(feet)
    middle = points.mean(axis=0)
    design = np.stack([np.ones(len(points)), points[:, 0] - middle[0], points[:, 2] - middle[2]], axis=1)
    noise = 0.05
    prior = np.diag([0.0, (noise / _SLOPE_PRIOR) ** 2, (noise / _SLOPE_PRIOR) ** 2])
    expected = np.array([0.0, *_slope_under(bodies, motion)])
    plane = expected + [np.quantile(points[:, 1], _ON_FLOOR_QUANTILE), 0.0, 0.0]
    for _ in range(20):
        above = design @ plane - points[:, 1]  # y points down: positive is above the floor
        side = np.where(above > 0, 1 - _ON_FLOOR_QUANTILE, _ON_FLOOR_QUANTILE)
        weights = side / np.maximum(np.abs(above), 0.01)  # least absolute deviations by reweighting
        # A step takes half a second: so many frames say the same thing about the floor.
        weights *= len(weights) / weights.sum() / max(1.0, float(motion.fps) / 2)
        normal = design.T @ (weights[:, None] * design) + prior
        plane = np.linalg.solve(normal, design.T @ (weights * points[:, 1]) + prior @ expected)
    slope = np.clip(plane[1:], -0.6, 0.6)
    up = np.array([slope[0], -1.0, slope[1]]) / np.sqrt(1 + slope @ slope)
    x_axis = np.array([1.0, 0, 0]) - up[0] * up
    x_axis /= np.linalg.norm(x_axis)
    origin = np.array([middle[0], plane[0], middle[2]]) - _SOLE_M * up
    return origin, np.stack([x_axis, up, np.cross(x_axis, up)])


def _slope_under(bodies: list[np.ndarray], motion: Motion) -> np.ndarray:
    """(2,): the slopes b and c of a floor square to the median body, from between the feet to the head."""
    names = ("left_foot", "right_foot", "head")
    left, right, head = (motion.skeleton.joints.index(name) for name in names)
    axes = []
    for body in bodies:
        axis = (body[:, head] - (body[:, left] + body[:, right]) / 2)[np.isfinite(body).all(axis=(1, 2))]
        length = np.linalg.norm(axis, axis=1)
        axes.append(axis[length >= _STRETCHED * np.quantile(length, 0.95)])
    up = np.median(np.concatenate(axes), axis=0)
    if -up[1] < 0.75 * np.linalg.norm(up):  # lying, or hanging upside down: no evidence
        return np.zeros(2)
    return np.array([up[0], up[2]]) / -up[1]


def _follow(everyone: np.ndarray, fps: float) -> np.ndarray:
    """(N,2): the mean position of those present along the floor, smoothed; held where nobody is."""
    hips = everyone[:, :, 0][..., [0, 2]]  # (P,N,2)
    there = np.isfinite(hips[..., 0])
    count = there.sum(axis=0)
    mean = np.where(there[..., None], hips, 0).sum(axis=0) / np.maximum(count, 1)[:, None]
    frames = np.arange(len(count))
    known = np.flatnonzero(count)
    held = np.stack([np.interp(frames, known, mean[known, axis]) for axis in range(2)], axis=1)
    return np.stack([smooth(held[:, axis], fps, _FOLLOW_HZ) for axis in range(2)], axis=1)
