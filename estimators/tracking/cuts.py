"""Where a video is cut: the pictures say where it may be, the people whether it is.

A light that is switched on changes every picture after it and moves nobody. So a change of the pictures is a cut unless
somebody who is seen on both sides goes on moving as before: the pose on the one side is where the movement on the other
leads, or where it was.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

import numpy as np

from estimators.boxes import pose_distance
from estimators.gaps import MAX_GAP
from estimators.tracking.changes import Change
from estimators.tracking.person import Person

# Body sizes that the joints, on average, may be away from where they are expected: the detector's noise, and what
# people can accelerate in between. In the bundled and real clips they are by 0.03 at most from frame to frame;
# across a jump mostly by more.
_NOISE = 0.03
_ACCELERATION = 10.0  # body sizes per second squared
_STEPS = 2  # sightings from which the movement is taken, on either side


def confirm(changes: Mapping[int, Change], people: Sequence[Person], fps: float) -> list[int]:
    """Those of the frames with a changed picture that begin a new shot, rising.

    Where nobody is seen on both sides, another scene is one;
    what has changed within a scene then changes nothing for anybody.

    Args:
        changes: frames whose pictures are not like those before, and how.
        people: everybody.
        fps: frames per second, of the frames that people were looked for in.
    """
    cuts = []
    for frame, change in sorted(changes.items()):
        jumps = [found for person in people if (found := _jumps(person, frame, fps)) is not None]
        if any(jumps) if jumps else change is Change.SCENE:
            cuts.append(frame)
    return cuts


def _jumps(person: Person, frame: int, fps: float) -> bool | None:
    """Whether a person jumps from before `frame` to after;
    None if not seen on both sides within what a gap may last."""
    after = bisect_left(person.frames, frame)
    before = after - 1
    if before < 0 or after == len(person.frames):
        return None
    seconds = (person.frames[after] - person.frames[before]) / fps
    if seconds > MAX_GAP + 1.5 / fps:
        return None
    allowed = _NOISE + _ACCELERATION * seconds**2
    earlier, later = max(0, before - _STEPS), min(len(person.frames) - 1, after + _STEPS)
    pairs = (
        (_carried(person, before, before, after), person.poses[after]),
        (_carried(person, earlier, before, after), person.poses[after]),
        (_carried(person, later, after, before), person.poses[before]),
    )
    return not any(
        pose_distance(expected, pose.scores, pose.keypoints, pose.scores, person.size) <= allowed
        for expected, pose in pairs
    )


def _carried(person: Person, start: int, end: int, to: int) -> np.ndarray:
    """(17,2) pixels: the pose of sighting `end`,
    carried on to the time of sighting `to` as it has moved since `start`."""
    poses, frames = person.poses, person.frames
    if start == end:
        return poses[end].keypoints
    share = (frames[to] - frames[end]) / (frames[end] - frames[start])
    return poses[end].keypoints + share * (poses[end].keypoints - poses[start].keypoints)
