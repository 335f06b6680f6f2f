"""The bundled detectors, put together from their networks: MultiPose finds, Thunder follows, BlazePose looks closer,
and all that was seen of a person is settled at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from estimators.boxes import joint_box, long_side, rectangle_about
from estimators.detection.approaches import Approach, put
from estimators.detection.asking import Model
from estimators.detection.blazepose.look import BlazePose
from estimators.detection.detections import Detections
from estimators.detection.fusion import fused
from estimators.detection.movenet.find import MultiPose
from estimators.detection.movenet.follow import Thunder, quarters_about
from estimators.detection.networks import FUSED
from estimators.detection.relabelling import FACE, LIMBS, relabelled, traded
from estimators.detection.voting import wrong_sides
from estimators.finding import Sight

DOUBTED = 0.6  # mean score of Thunder's joints below which MultiPose is asked as well: it sees better in the dark
# votes on left and right of a pose of MultiPose, which is wrong half as often as each of the others
MULTIPOSE_VOTES = 2.0
STANDS_FOR = 5  # looks, at most, that a pose of MultiPose stands for, which is not asked in each


@dataclass(frozen=True)
class Closer:
    """What a second look has seen of one person: BlazePose, and, where Thunder is in doubt of somebody who stands
    upright, MultiPose; scores are 0 where either has seen nobody."""

    blazepose: Detections
    multipose: Detections


class Following(Approach):
    """MultiPose, and Thunder for who is followed; with BlazePose, whose joints are taken `alone`, or fused with
    Thunder's."""

    def __init__(self, finder: MultiPose, thunder: Thunder, blazepose: BlazePose | None, alone: bool) -> None:
        self.finder, self.thunder, self.blazepose, self.alone = finder, thunder, blazepose, alone

    def detect(self, image: np.ndarray) -> Detections:
        return self.finder.detect(image)

    def detect_in(self, image: np.ndarray, rectangles: np.ndarray, before: np.ndarray) -> Detections:
        return self.thunder.look(image, rectangles, before)

    def look_closer(self, image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> Sequence[Closer] | None:
        if self.blazepose is None:
            return None
        seen = self.blazepose.look(image, keypoints, scores)
        boxes = [joint_box(*pose) for pose in zip(keypoints, scores, strict=True)]
        rectangles = np.stack([rectangle_about(box, long_side(box)) for box in boxes])
        again = Detections.nothing_in(rectangles)
        upright = [quarters_about(pose) == 0 for pose in _joints(keypoints, scores)]
        doubted = np.flatnonzero((scores.mean(axis=1) < DOUBTED) & upright)
        if len(doubted):
            asked = self.finder.detect_in(image, rectangles[doubted], np.zeros((len(doubted), 17, 3)))
            for place, number in enumerate(doubted):
                put(again, int(number), asked, place)
        return [Closer(seen[[number]], again[[number]]) for number in range(len(seen))]

    def settle(self, sights: Sequence[Sight]) -> Detections | None:
        first = np.stack([sight.first for sight in sights])
        closer: list[Closer] = [sight.closer for sight in sights if sight.closer is not None]
        blazepose = Detections.joined([look.blazepose for look in closer]) if closer else None
        multipose = Detections.joined([look.multipose for look in closer]) if closer else None
        others = [_votes_of_multipose(sights, multipose)]
        if blazepose is not None:
            others.append((_joints(blazepose.keypoints, blazepose.scores), np.ones(len(first))))
        arms, legs = LIMBS
        for group, wrong in zip((arms + FACE, legs), wrong_sides(first, others).T, strict=True):
            first[wrong] = traded(first[wrong], group)
        thunder = Detections.of(first[..., :2], first[..., 2], first[..., 2].mean(axis=1))
        if blazepose is None or multipose is None:
            return thunder
        blazepose, multipose = (relabelled(look, first[..., :2], first[..., 2]) for look in (blazepose, multipose))
        return blazepose if self.alone else fused([thunder, blazepose, multipose])


def _joints(keypoints: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(M,17,3) x, y pixels and scores."""
    return np.concatenate([keypoints, scores[..., None]], axis=-1)


def _votes_of_multipose(sights: Sequence[Sight], asked: Detections | None) -> tuple[np.ndarray, np.ndarray]:
    """MultiPose's joints (T,17,3) of the sights in which it was asked, or has searched the whole frame, and how many
    votes each pose has (T,): those of the looks about it in which it has not looked as well. Of who does not stand
    upright it makes too little to have any."""
    wholes = [sight.whole if quarters_about(sight.first) == 0 else None for sight in sights]
    seen = np.stack([np.zeros((17, 3)) if whole is None else whole for whole in wholes])
    if asked is not None:
        again: np.ndarray = np.asarray(asked.scores.any(axis=1))
        seen = np.where(again[:, None, None], _joints(asked.keypoints, asked.scores), seen)
    looked = np.flatnonzero(seen[..., 2].any(axis=1))
    frames = np.array([sights[place].frame for place in looked])
    between = np.minimum(np.diff(frames, prepend=-STANDS_FOR, append=np.inf), STANDS_FOR)
    votes = np.zeros(len(sights))
    votes[looked] = MULTIPOSE_VOTES * (between[1:] + between[:-1]) / 2
    return seen, votes


def looking(name: str, multipose: Model, thunder: Model | None = None, blazepose: Model | None = None) -> Approach:
    """The approach of one of `networks.BUNDLED`, made of its networks."""
    finder = MultiPose(multipose)
    if thunder is None:
        return finder
    second = None if blazepose is None else BlazePose(blazepose)
    return Following(finder, Thunder(thunder), second, alone=name != FUSED)
