"""The stage for the 3D panels: one floor, one scale and one calm camera for a whole clip.

Everything is decided once from all frames. Nothing is fitted frame by frame, or the figure would pump, and jumps, which
are visible only against a floor that stays, would vanish.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.motion import Motion, PersonMotion
from app.world.placing import ankle_height
from app.world.smoothing import smooth
from estimators.neutral import UP, complete
from estimators.stretches import parts

_FOLLOW_HZ = 0.25  # the camera follows people along the floor so slowly that steps stay visible
_MAX_RADIUS_M = 10.0  # people further apart than this would be specks: the outer ones leave the picture
_YAW_DEG, _SWAY_DEG, _SWAY_SECONDS = 24.0, 7.0, 12.0  # three-quarter view, gently swaying: parallax shows the depth
_ELEVATION_DEG = 11.0
_LENS = 3.2  # focal length over panel height: long enough that limbs are not distorted


class Scene:
    """The people of a motion in ground coordinates: metres, x right, y up (0 on the floor), z towards the viewer; the
    world of `app.world.placing`.

    Attributes:
        lifted, refined: one (N,17,3) float64 array a person, NaN where missing; `refined` is None without refinement.
        centre: (N,2) metres: x and z of the point that the camera follows.
        radius: metres round `centre` that the picture has to hold.
        height: metres above the floor that the picture has to hold.
        extent: (M,3) metres: joints of frames spread over the clip, x and z relative to `centre`.
    """

    def __init__(self, motion: Motion) -> None:
        self._ground = motion.ground
        self._ankles = ankle_height(motion)
        self.lifted = [self._shown(person, person.lifted, motion) for person in motion.people]
        self.refined: list[np.ndarray] | None = None
        if all(person.refined is not None for person in motion.people):
            self.refined = [self._shown(person, person.best, motion) for person in motion.people]
        everyone = np.stack(self.refined or self.lifted)  # (P,N,17,3)
        self.centre = _follow(everyone, float(motion.fps), motion.cuts)
        away = np.linalg.norm(everyone[..., [0, 2]] - self.centre[:, None], axis=-1)
        self.radius = float(np.clip(np.nanquantile(away, 0.985), 0.6, _MAX_RADIUS_M))
        tops = everyone[np.isfinite(everyone).all(axis=(2, 3))][..., 1].max(axis=1)
        self.height = float(np.clip(np.quantile(tops, 0.995), 1.2, 4.0)) + 0.12
        some = np.unique(np.linspace(0, len(self.centre) - 1, 200).astype(int))
        relative = everyone[:, some] - np.insert(self.centre[some], 1, 0.0, axis=1)[:, None]
        self.extent = relative[np.isfinite(relative).all(axis=-1)]

    def _shown(self, person: PersonMotion, poses: np.ndarray, motion: Motion) -> np.ndarray:
        """(N,17,3): poses in ground coordinates; joints that are not believed have neutral places."""
        body = self.to_ground(poses + person.root[:, None])
        return complete(body, person.known, float(motion.fps), UP, motion.skeleton)

    def to_ground(self, points: np.ndarray) -> np.ndarray:
        """(...,3) metres in camera space to ground coordinates."""
        return self._ground.of(points) + [0.0, self._ankles, 0.0]


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


class Director:
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


def _follow(everyone: np.ndarray, fps: float, cuts: Sequence[int]) -> np.ndarray:
    """(N,2): the mean position of those present along the floor, smoothed from cut to cut; held where nobody is."""
    hips = everyone[:, :, 0][..., [0, 2]]  # (P,N,2)
    there = np.isfinite(hips[..., 0])
    count = there.sum(axis=0)
    mean = np.where(there[..., None], hips, 0).sum(axis=0) / np.maximum(count, 1)[:, None]
    frames = np.arange(len(count))
    known = np.flatnonzero(count)
    held = np.stack([np.interp(frames, known, mean[known, axis]) for axis in range(2)], axis=1)
    shots = [held[shot] for shot in parts(len(held), cuts)]
    return np.concatenate(
        [np.stack([smooth(shot[:, axis], fps, _FOLLOW_HZ) for axis in range(2)], axis=1) for shot in shots]
    )
