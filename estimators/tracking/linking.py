"""Who is whom from frame to frame: poses that were found go to the people followed so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from estimators.boxes import long_side, overlap
from estimators.tracking import matching
from estimators.tracking.changes import Change
from estimators.tracking.person import Person, Pose
from estimators.tracking.reunion import ALIKE

FORGET_NEW = 0.1  # seconds unseen after which an unconfirmed newcomer is dropped
OVERLAPPED = 0.1  # intersection over union from which two people may be mistaken for each other
SCENE_CUT_REACH = 0.1  # body sizes a person may move over a scene change (it may be the light) and be the same
JUMP_REACH = 1.2  # over a jump within a scene, if the clothes are the same
# Body sizes from where somebody is expected up to which a pose may be theirs whatever its joints say, which detectors
# mistake in somersaults and behind things; and ratio of the sizes, and unlikeness of the colours, up to which.
SAME_PLACE, SAME_SIZE, SAME_COLOURS = 0.4, 1.8, 0.6


def just_seen(person: Person, index: int) -> bool:
    """Whether a person was seen so shortly before frame `index` that a flicker of the detector explains the rest."""
    return person.unseen(index) <= max(1, FORGET_NEW * person.fps)


def contested(predicted: dict[Person, Pose]) -> set[Person]:
    """People who are near enough to another to be mistaken."""
    boxes = {person: pose.box for person, pose in predicted.items()}
    return {a for a in boxes for b in boxes if a is not b and overlap(boxes[a], boxes[b]) > OVERLAPPED}


def link(
    index: int, found: Sequence[Pose], people: Sequence[Person], predicted: dict[Person, Pose], change: Change
) -> tuple[dict[Person, Pose], list[Pose]]:
    """Give what was found in frame `index` to people: first to those seen just before, then to the lost, and what is
    left to those who are left, if it is where they should be.

    Args:
        index: of the frame, in looks.
        found: poses of different people.
        people: who may be there.
        predicted: where each of them is expected.
        change: of the frame against the one before.

    Returns:
        Who is linked to which pose, and the poses of newcomers.
    """
    linked: dict[Person, Pose] = {}
    left = list(found)
    recent = [person for person in people if just_seen(person, index)]
    passes = [(recent, _cost), ([person for person in people if person not in recent], _cost), (list(people), _apart)]
    for group, cost in passes:
        group = [person for person in group if person not in linked]
        costs = [[cost(index, person, predicted[person], pose, change) for pose in left] for person in group]
        pairs = matching.assign(np.array(costs))
        linked.update({group[row]: left[column] for row, column in pairs})
        taken = {column for _, column in pairs}
        left = [pose for column, pose in enumerate(left) if column not in taken]
    return linked, left


def _cost(index: int, person: Person, predicted: Pose, pose: Pose, change: Change) -> float:
    """0 for the very pose and clothes expected, growing to 2.2; infinite if out of reach."""
    if change is Change.JUMP and person.unseen(index) > 1:  # what jumps may be the very person who comes back
        change = Change.NONE
    distance = person.distance(predicted, pose)
    reach = {Change.SCENE: SCENE_CUT_REACH, Change.JUMP: JUMP_REACH}.get(change, person.reach(index))
    if distance > reach:
        return np.inf
    if change is Change.JUMP and distance > SCENE_CUT_REACH and pose.clothes is not None:
        apart = matching.clothes_distance(person.clothes, pose.clothes)
        if np.any(apart > ALIKE):
            return np.inf
    growth = abs(np.log(long_side(pose.box) / person.size))
    return distance / reach + matching.colour_distance(person.colours, pose.colours) + min(growth, 1.0) / 5


def _apart(index: int, person: Person, predicted: Pose, pose: Pose, change: Change) -> float:
    """Body sizes between a pose and where somebody is expected; infinite if it is not at the same place, of the same
    size and in the same colours."""
    shift = ((pose.box + np.roll(pose.box, 2)) - (predicted.box + np.roll(predicted.box, 2)))[:2] / 2
    apart = float(np.linalg.norm(shift)) / person.size
    growth = long_side(pose.box) / person.size
    same = apart <= SAME_PLACE and 1 / SAME_SIZE <= growth <= SAME_SIZE
    alike = matching.colour_distance(person.colours, pose.colours) <= SAME_COLOURS
    return apart if change is Change.NONE and same and alike else np.inf


def each_once(seen: dict[Person, Pose], coarse: dict[Person, Pose], error: dict[Person, float]) -> dict[Person, Pose]:
    """Where two rectangles show one person, the worse fit falls back to the whole frame's pose, or to nothing."""
    kept: dict[Person, Pose] = {}
    for person in sorted(seen, key=lambda p: error[p]):
        for pose in (seen[person], coarse.get(person)):
            if pose is not None and not any(pose.same_person(other) for other in kept.values()):
                kept[person] = pose
                break
    return kept
