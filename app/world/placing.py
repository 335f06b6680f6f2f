"""Where the people of a motion stand in an exported file: space, axes, scale.

    world    x right (seen from the camera), y up, z towards the camera; origin on the floor amid the people's paths.
             Gravity and the one floor of the whole clip are those of `app.world.ground`, so a jump stays a jump and
             everybody stands where the pictures show them. The floor lies under the ankles of people who stand, by 4 %
             of the height of the person seen in most frames.
    camera   x right, y down, z forward, origin at the camera: root + pose exactly as in motion.npz.

Both in metres. Joints that are not believed have neutral places (`estimators.neutral`): legs that the picture does not
show hang straight down, as long on the left as on the right. BVH and GLB are always Y up:
for `camera` their axes are x right, y up, z backward (`Placed.upright`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import compress

import numpy as np

from app.motion import Motion, PersonMotion
from app.world.contacts import FEET
from app.world.feet import hold_feet
from estimators.errors import ConfigError, DataError
from estimators.neutral import CAMERA_UP, UP, complete
from estimators.skeleton import Skeleton
from estimators.stretches import runs

SPACES = {
    "world": "x right, y up, z towards the camera; floor at y = 0",
    "camera": "x right, y down, z forward; origin at the camera",
}
UPRIGHT = {"world": SPACES["world"], "camera": "x right, y up, z backward; origin at the camera"}

MIN_HEIGHT_M, MAX_HEIGHT_M = 0.3, 3.0
_ANKLE_SHARE = 0.04  # of a person's height lies below the ankle joint (Winter's table of body segments)


@dataclass(frozen=True)
class Placed:
    """A motion whose people all have a place, as the formats write it.

    Attributes:
        motion: without the people who are never seen.
        space: "world" or "camera".
        scale: by which all lengths of the motion were multiplied, once for the whole clip.
        positions: for each person (N,17,3) float64 metres in `space`; NaN where the person is missing.
        contacts: for each person (N,2) bool, which feet stand (left, right), see `app.world.contacts`.
        feet_held: standing feet were kept from sliding, see `app.world.feet`.
    """

    motion: Motion
    space: str
    scale: float
    positions: tuple[np.ndarray, ...]
    contacts: tuple[np.ndarray, ...]
    feet_held: bool = False

    @property
    def axes(self) -> str:
        """The axes of `positions` in words."""
        return SPACES[self.space]

    @property
    def upright_axes(self) -> str:
        """The axes of `upright` in words."""
        return UPRIGHT[self.space]

    def upright(self, index: int) -> np.ndarray:
        """(N,17,3) metres, Y up, of the person at `index`; gaps hold the last pose, the first before it."""
        turn = np.array([1.0, -1.0, -1.0]) if self.space == "camera" else np.ones(3)
        return hold(self.positions[index]) * turn

    def sigma(self, index: int) -> np.ndarray | None:
        """(N,17) metres, one standard deviation, of the person at `index`; None if it was not estimated."""
        sigma = self.motion.people[index].sigma
        return None if sigma is None else sigma.astype(np.float64) * self.scale

    def feet_known(self, index: int) -> np.ndarray:
        """(N,2) bool: whether the feet of the person at `index` are believed, and so may stand or not."""
        return self.motion.people[index].known[:, [self.motion.skeleton.joints.index(name) for name in FEET]]


def place(motion: Motion, space: str = "world", height: float | None = None, clean_feet: bool = False) -> Placed:
    """Everybody's joints in one space.

    Args:
        motion: the people.
        space: "world" or "camera".
        height: metres from sole to crown of the person seen in most frames; everything is scaled by one factor so
            that this person has it. None leaves the scale as estimated.
        clean_feet: keep standing feet from sliding, see `app.world.feet`.

    Raises:
        ConfigError: an unknown space, or a height that nobody has.
        DataError: nobody is seen in any frame.
    """
    if space not in SPACES:
        raise ConfigError(f"There is no space {space!r}; there are {', '.join(SPACES)}.")
    there = [person.present.any() for person in motion.people]
    seen = tuple(compress(motion.people, there))
    if not seen:
        raise DataError("Nobody is seen in any frame of this motion: there is nothing to export.")
    if motion.even is not motion:
        return _at_frames(place(motion.even, space, height, clean_feet), replace(motion, people=seen))
    ground, contacts = motion.ground, tuple(compress(motion.contacts, there))
    motion = replace(motion, people=seen)
    scale = 1.0 if height is None else _scale_to(motion, height)
    bodies = [person.body for person in seen]
    fps = float(motion.fps)
    known = [person.known for person in seen]
    above = ankle_height(motion)
    standing = [ground.of(body) + [0.0, above, 0.0] for body in bodies]
    standing = [complete(body, one, fps, UP, motion.skeleton) for body, one in zip(standing, known, strict=True)]
    if clean_feet:
        pairs = zip(standing, contacts, strict=True)
        standing = [hold_feet(body, stands, motion.skeleton, fps, above, motion.cuts) for body, stands in pairs]
    if space == "world":
        bodies = standing
    elif clean_feet or any(not one[person.present].all() for one, person in zip(known, seen, strict=True)):
        bodies = [ground.back(body - [0.0, above, 0.0]) for body in standing]
    return Placed(motion, space, scale, tuple(body * scale for body in bodies), contacts, clean_feet)


def _at_frames(placed: Placed, motion: Motion) -> Placed:
    """What was found at the even moments of `motion`, whose frames come unevenly, at these frames."""
    grid, people = motion.grid, motion.people
    positions = [grid.to_frames(body, person.present) for body, person in zip(placed.positions, people, strict=True)]
    contacts = [
        stands[grid.at] & person.present[:, None] for stands, person in zip(placed.contacts, people, strict=True)
    ]
    return replace(placed, motion=motion, positions=tuple(positions), contacts=tuple(contacts))


def ankle_height(motion: Motion) -> float:
    """Metres from the floor to the ankles of people who stand: what turns the heights of `app.world.ground` into those
    above the floor, the same for exports, pictures and the viewer."""
    return _ANKLE_SHARE * stature(_without_guesses(motion), motion.skeleton)


def stature(poses: np.ndarray, skeleton: Skeleton) -> float:
    """Height in metres from sole to crown, from bone lengths, whatever the person does.

    The median length of the legs, of the trunk and from the thorax to the head joint, which lies near the crown, and
    4 % of the height under the ankles. NaN frames of `poses` (N,17,3) metres are left out.
    """
    poses = poses[np.isfinite(poses).all(axis=(1, 2))].astype(np.float64)
    chains = [
        ("right_hip", "right_knee", "right_foot"), ("left_hip", "left_knee", "left_foot"), ("hip", "spine", "thorax"),
        ("thorax", "head"),
    ]  # fmt: skip
    lengths = []
    for chain in chains:
        points = poses[:, [skeleton.joints.index(name) for name in chain]]
        lengths.append(float(np.median(np.linalg.norm(np.diff(points, axis=1), axis=-1).sum(axis=1))))
    right_leg, left_leg, trunk, head = lengths
    return ((right_leg + left_leg) / 2 + trunk + head) / (1 - _ANKLE_SHARE)


def hold(values: np.ndarray) -> np.ndarray:
    """(N,...) with each NaN frame replaced by the last one before it that is finite, or else the first after it."""
    known = np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return values[np.where(last >= 0, last, int(known.argmax()))]


def stretches(person: PersonMotion, kind: int) -> list[list[int]]:
    """[first, last] frame, counted from 0, of each stretch of this provenance."""
    return [[run.start, run.stop - 1] for run in runs(person.provenance == kind)]


def not_believed(person: PersonMotion, skeleton: Skeleton) -> dict[str, list[list[int]]]:
    """By name of a joint, [first, last] frame, counted from 0, of each stretch in which it is not believed; joints that
    always are left out."""
    doubted = person.present[:, None] & ~person.known
    return {
        name: [[run.start, run.stop - 1] for run in runs(doubted[:, joint])]
        for joint, name in enumerate(skeleton.joints)
        if doubted[:, joint].any()
    }


def _without_guesses(motion: Motion) -> np.ndarray:
    """(N,17,3) metres of the person seen in most frames, relative to the hip; neutral where joints are not believed."""
    person = motion.most_seen
    return complete(person.best, person.known, float(motion.fps), CAMERA_UP, motion.skeleton)


def _scale_to(motion: Motion, height: float) -> float:
    if not MIN_HEIGHT_M <= height <= MAX_HEIGHT_M:
        raise ConfigError(f"A height is given in metres, {MIN_HEIGHT_M} to {MAX_HEIGHT_M}, not {height:g}.")
    person = motion.most_seen
    estimated = stature(_without_guesses(motion), motion.skeleton)
    if estimated < 0.1 * MIN_HEIGHT_M:
        raise DataError(f"Person {person.id} of this motion has no size that could be scaled.")
    return height / estimated
