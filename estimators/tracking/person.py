"""One person while the video runs: where seen, how fast, how large, in which clothes, and the rectangle held."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace

import numpy as np

from estimators.boxes import joint_box, long_side, pose_distance, rectangle_about
from estimators.finding import Found, picture_pose
from estimators.tracking import matching

CONFIRM = 0.15  # seconds that a newcomer must be seen before being believed
STRONG_FRAMES = 3  # of the frames before that, so many must be seen clearly
NEAR_EDGE = 0.12  # of the rectangle's side; a person nearer to its edge gets a new rectangle
RESIZE = 1.25  # ratio of sizes at which the rectangle is drawn anew
VELOCITY_MEMORY = 0.15  # seconds over which velocity is averaged
COAST = 1.0  # seconds after which a lost person is no longer expected to go on moving


@dataclass(eq=False)
class Pose:
    """One person in one frame: keypoints (17,2) pixels, scores (17,),
    colours of the torso (128,) and clothes (2,1024) or None; the pose that the picture itself gives, (17,3) metres as
    in `estimators.observation.Observation`, and how sure it is (17,), or None."""

    keypoints: np.ndarray
    scores: np.ndarray
    colours: np.ndarray | None = None
    clothes: np.ndarray | None = None
    pose_3d: np.ndarray | None = None
    pose_3d_scores: np.ndarray | None = None

    @property
    def joints(self) -> np.ndarray:
        """(17,3) x, y pixels and scores."""
        return np.column_stack([self.keypoints, self.scores])

    @property
    def box(self) -> np.ndarray:
        """(4,) xyxy pixels, round the trusted joints."""
        return joint_box(self.keypoints, self.scores)

    @classmethod
    def of(cls, found: Found, number: int) -> Pose | None:
        """What a detector gave of one person, without colours; None where a keypoint is no number."""
        keypoints, scores = (np.asarray(of[number], np.float32) for of in (found.keypoints, found.scores))
        if not np.all(np.isfinite(keypoints)):
            return None
        scores = np.clip(np.nan_to_num(scores), 0.0, 1.0)  # SimCC heads give scores beyond 1
        pose_3d, pose_3d_scores = picture_pose(found, number)
        return cls(keypoints, scores, pose_3d=pose_3d, pose_3d_scores=pose_3d_scores)

    def moved(self, shift: np.ndarray) -> Pose:
        """The same pose elsewhere; `shift` is (2,) pixels."""
        return replace(self, keypoints=self.keypoints + shift)

    def same_person(self, other: Pose) -> bool:
        """Whether two poses of one frame lie so close that they are one person found twice."""
        size = max(long_side(self.box), long_side(other.box))
        return pose_distance(self.keypoints, self.scores, other.keypoints, other.scores, size) < 0.1


@dataclass(eq=False)
class Person:
    """State of one track while the video runs; frames are counted from 0, `fps` frames a second."""

    fps: float
    frames: list[int] = field(default_factory=list)
    poses: list[Pose] = field(default_factory=list)
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))  # pixels per frame
    size: float = 0.0  # long side of the box, pixels, smoothed
    held_size: float = 1.0  # `size` when the rectangle was drawn
    rectangle: np.ndarray = field(default_factory=lambda: np.zeros(4))  # xyxy pixels
    colours: np.ndarray | None = None
    clothes: np.ndarray = field(
        default_factory=lambda: np.zeros((2, 1024))
    )  # sum over the frames, see `matching.clothes`
    strong: int = 0  # frames in which the person was seen clearly
    came: np.ndarray | None = None  # thumbnail of the picture in which the person came, and
    left: np.ndarray | None = None  # of the one in which they were last seen

    def unseen(self, index: int) -> int:
        """Frames since the person was last seen; 1 if that was the frame before `index`."""
        return index - self.frames[-1]

    def confirmed(self, length: int) -> bool:
        """Whether to believe in the person, `length` frames into the video."""
        needed = max(STRONG_FRAMES, round(CONFIRM * self.fps))
        return len(self.frames) >= min(needed, length) and self.strong >= min(STRONG_FRAMES, length)

    def predict(self, index: int) -> Pose:
        """The last pose carried on at a velocity that dies away."""
        coast = COAST * self.fps
        return self.poses[-1].moved(self.velocity * coast * (1 - np.exp(-self.unseen(index) / coast)))

    def reach(self, index: int) -> float:
        """How far from the prediction, in body sizes, the person may be found: more, the longer unseen."""
        return min(0.25 + 2.0 * self.unseen(index) / self.fps, 1.2)

    def distance(self, expected: Pose, pose: Pose) -> float:
        """Distance in body sizes between two poses of this person."""
        return pose_distance(expected.keypoints, expected.scores, pose.keypoints, pose.scores, self.size)

    def see(self, index: int, pose: Pose, learn_colours: bool) -> None:
        """Add a sighting in frame `index`; a second one in the same frame replaces the first."""
        if self.frames and self.frames[-1] == index:
            self.strong -= self._is_strong(self.poses.pop())
            self.frames.pop()
        if self.frames:
            self._update_velocity(index, pose)
        side = long_side(pose.box)
        self.size = 0.8 * self.size + 0.2 * side if self.frames else side
        if pose.colours is not None and (learn_colours or self.colours is None):
            self.colours = pose.colours if self.colours is None else 0.9 * self.colours + 0.1 * pose.colours
        if pose.clothes is not None and learn_colours:
            self.clothes = self.clothes + pose.clothes
        self.frames.append(index)
        self.poses.append(replace(pose, colours=None, clothes=None))
        self.strong += self._is_strong(pose)
        self.hold_rectangle(pose.box)

    def see_before(self, index: int, pose: Pose) -> None:
        """Add a sighting in a frame before the latest."""
        place = bisect_left(self.frames, index)
        self.frames.insert(place, index)
        self.poses.insert(place, replace(pose, colours=None, clothes=None))
        self.strong += self._is_strong(pose)

    def see_better(self, index: int, first: Pose, better: Pose) -> None:
        """Put a better pose in the place of the one first seen in frame `index`, if that is still there."""
        place = bisect_left(self.frames, index)
        if place < len(self.frames) and self.poses[place] is first:
            self.poses[place] = better

    def rest(self) -> None:
        """Forget the velocity: what came before goes on no longer."""
        self.velocity = np.zeros(2)

    def and_then(self, later: Person) -> Person:
        """The person whose earlier part this is, and `later` the rest."""
        return replace(
            later,
            frames=self.frames + later.frames,
            poses=self.poses + later.poses,
            clothes=self.clothes + later.clothes,
            strong=self.strong + later.strong,
            came=self.came,
        )

    def pose_at(self, index: int) -> Pose | None:
        """The pose in frame `index`, None if not seen there."""
        place = bisect_left(self.frames, index)
        return self.poses[place] if place < len(self.frames) and self.frames[place] == index else None

    def hold_rectangle(self, box: np.ndarray, anew: bool = False) -> None:
        """Draw the rectangle anew if asked to, if the (4,) box nears its edge or the size has changed;
        else leave it."""
        side = self.rectangle[2] - self.rectangle[0]
        margin = min((box[:2] - self.rectangle[:2]).min(), (self.rectangle[2:] - box[2:]).min())
        ratio = max(self.size / self.held_size, self.held_size / self.size)
        if anew or side == 0 or margin < NEAR_EDGE * side or ratio > RESIZE:
            self.held_size, self.rectangle = self.size, rectangle_about(box, self.size)

    def _update_velocity(self, index: int, pose: Pose) -> None:
        last, steps = self.poses[-1], self.unseen(index)
        weights = (last.scores * pose.scores)[:, None]
        step = (weights * (pose.keypoints - last.keypoints)).sum(axis=0) / (weights.sum() + 1e-9) / steps
        gain = 1 - np.exp(-steps / (VELOCITY_MEMORY * self.fps))
        self.velocity = self.velocity + gain * (step - self.velocity)

    @staticmethod
    def _is_strong(pose: Pose) -> int:
        return int(pose.scores.mean() >= matching.STRONG)
