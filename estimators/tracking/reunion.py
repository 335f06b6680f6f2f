"""Who was away and has come back: tracks that are one person's, joined.

The tracker ends whoever leaves the picture or is lost for long. Two of its people are one if everything says so: the
clothes on torso and legs, the size, the place, the time that it takes to turn round, the camera that looks the same
way; and if nothing says that two people wear these clothes. In doubt they stay two.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from estimators.boxes import long_side
from estimators.tracking import matching
from estimators.tracking.changes import likeness
from estimators.tracking.person import Person

AWAY = 30.0  # seconds; who is away for longer may be somebody else
# Distance of clothes up to which they may be the same: 0.2 at most of one person,
# 0.5 at least of two in the bundled and real clips
ALIKE = 0.35
RIVAL = 0.45  # up to which others' clothes are too like them to tell people apart
ONLY_TORSO = 0.25  # the limit where legs are not seen
RESIZED = 1.6  # ratio of sizes up to which somebody may have come nearer, or gone
NEAR, WALK = 1.0, 0.5  # body sizes from where the person left, and more for each second
TURN = 3.0  # body sizes per second squared that somebody can change their velocity by, who turns round
SAME_VIEW = 0.7  # correlation of two pictures from which the camera looks the same way
_ENDS, _SIZES = 0.2, 0.5  # seconds over which the velocity, and the size, of coming and going are measured


def reunite(people: Sequence[Person], jumps: Collection[int] = ()) -> list[Person]:
    """Join those who are one person.

    Args:
        people: believed in, in order of first appearance.
        jumps: frames in which the picture may be cut: nobody's velocity goes on there.

    Returns:
        The people, in order of first appearance; those joined are new objects.
    """
    together: list[Person] = []
    for index, comer in enumerate(people):
        alike = [one for one in together if _distance(one, comer) <= RIVAL]
        coming = [one for one in people[index + 1 :] if _distance(one, comer) <= RIVAL]
        crowd = [*alike, comer, *coming]
        if alike and not any(_meet(a, b) for i, a in enumerate(crowd) for b in crowd[i + 1 :]):
            leaver = max(alike, key=lambda one: one.frames[-1])
            if _fit(leaver, comer, jumps):
                together[together.index(leaver)] = leaver.and_then(comer)
                continue
        together.append(comer)
    return together


def _distance(a: Person, b: Person) -> float:
    """How unlike two people's clothes are, on torso or legs, whichever is more; infinite where no torso is seen."""
    torso, legs = matching.clothes_distance(a.clothes, b.clothes)
    return float(np.nanmax([torso, legs])) if np.isfinite(torso) else np.inf


def _meet(a: Person, b: Person) -> bool:
    """Whether both are seen in one frame: then they are two."""
    return not set(a.frames).isdisjoint(b.frames)


def _fit(leaver: Person, comer: Person, jumps: Collection[int]) -> bool:
    """Whether the one who came can be the one who left."""
    first, last = comer.frames[0], leaver.frames[-1]
    if last >= first or first - last > AWAY * comer.fps:
        return False
    torso, legs = matching.clothes_distance(leaver.clothes, comer.clothes)
    if torso > ALIKE or legs > ALIKE or (not np.isfinite(legs) and torso > ONLY_TORSO):
        return False
    if leaver.left is None or comer.came is None or likeness(leaver.left, comer.came) < SAME_VIEW:
        return False
    seconds = (first - last) / comer.fps
    (before, old_size, going), (after, new_size, coming) = _end(leaver), _end(comer, of_start=True)
    size = (old_size + new_size) / 2
    if max(old_size / new_size, new_size / old_size) > RESIZED:
        return False
    if np.linalg.norm(after - before) > (NEAR + WALK * seconds) * size:
        return False
    cut = any(last < jump <= first for jump in jumps)
    return cut or bool(np.linalg.norm(coming - going) <= TURN * seconds * size)


def _end(person: Person, of_start: bool = False) -> tuple[np.ndarray, float, np.ndarray]:
    """Where (2,) pixels, how large, and how fast (2,) pixels a second somebody was at the end, or the start,
    of being seen."""
    order = slice(None) if of_start else slice(None, None, -1)  # outermost first
    frames, poses = person.frames[order], person.poses[order]
    boxes = np.array([pose.box for pose in poses[: max(2, round(_SIZES * person.fps))]])
    # Partly outside people look smaller than they are.
    size = float(np.quantile([long_side(box) for box in boxes], 0.75))
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    inner = min(len(middles) - 1, max(1, round(_ENDS * person.fps)))
    seconds = (frames[inner] - frames[0]) / person.fps
    velocity = (middles[inner] - middles[0]) / seconds if seconds else np.zeros(2)
    return middles[0], size, velocity
