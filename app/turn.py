"""Which way up the pictures are, where a camera lay on its side or hung upside down and the file does not say so.

The detector tells. It finds people best who stand upright in the picture, and of those who do not it still says how
their trunks lie. So a few frames, spread over the clip, are looked at: first as they are, where one person who plainly
stands ends the search; and only if there is none, turned by a quarter, by half, and by three quarters.

A person who is upside down, or lies, is no reason to turn a picture. Somebody who does a cartwheel stands in one of the
frames. Somebody who stays on the hands has the arms overhead: a turn is believed of people whose arms hang. Who lies
stretched out during the whole clip, arms at the sides, looks like somebody who stands before a camera on its side,
though.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.media.orientation import turned
from estimators.finding import Found, PersonDetector, Sight
from estimators.skeleton import COCO17

TURNS = (90, 180, 270)  # degrees clockwise
_SHARES = (0, 1 / 4, 1 / 2, 3 / 4)  # of the clip: where frames are looked at; the last three are turned as well
_TRIED = 3
_STANDS, _STANDS_TURNED = 0.45, 0.55  # mean confidence from which a person is seen clearly
_CLEARER = 0.1  # by so much more than in the picture as it is
_UPRIGHT_DEG, _UPRIGHT_TURNED_DEG = 50.0, 30.0  # that a trunk may lean: more has to be said for a turn than against it

# Legs say little: they are the first to leave the picture.
_UPPER = [index for index, joint in enumerate(COCO17.joints) if not joint.endswith(("knee", "ankle"))]


class FirstLook:
    """A detector that remembers the first picture it has looked at, so that this one is not paid for twice."""

    def __init__(self, detector: PersonDetector) -> None:
        self._detector = detector
        self._kept: tuple[np.ndarray, Found] | None = None

    def detect(self, image: np.ndarray) -> Found:
        """As the detector's."""
        if self._kept is None:
            self._kept = image, self._detector.detect(image)
        elif not np.array_equal(self._kept[0], image):
            return self._detector.detect(image)
        return self._kept[1]

    def detect_in(self, image: np.ndarray, boxes: np.ndarray, before: np.ndarray) -> Found:
        """As the detector's."""
        return self._detector.detect_in(image, boxes, before)

    def look_closer(self, image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> Sequence[Any] | None:
        """As the detector's."""
        return self._detector.look_closer(image, keypoints, scores)

    def settle(self, sights: Sequence[Sight]) -> Found | None:
        """As the detector's."""
        return self._detector.settle(sights)


@dataclass(frozen=True)
class _Sight:
    """The clearest person of a picture: mean confidence of the upper body (0 if nobody is there), how far the trunk
    leans from upright in degrees, and whether both hands are below the shoulders."""

    confidence: float
    lean: float
    arms_hang: bool


def find_turn(pictures: Iterable[np.ndarray], frames: int, detector: PersonDetector) -> int:
    """By how many degrees clockwise the pictures of a video are to be turned: 0, 90, 180 or 270.

    Args:
        pictures: (H,W,3) uint8 BGR in order; no more of them are read than are needed.
        frames: how many there are, about.
        detector: looks at 13 pictures at most, at the first one only where somebody plainly stands in it.
    """
    wanted = sorted({round(share * (frames - 1)) for share in _SHARES})
    looked: list[tuple[np.ndarray, _Sight]] = []
    for index, picture in enumerate(pictures):
        if index not in wanted:
            continue
        as_it_is = _look(detector, picture)
        if as_it_is.confidence >= _STANDS and as_it_is.lean <= _UPRIGHT_DEG:
            return 0
        looked.append((picture, as_it_is))
        if index == wanted[-1]:
            break
    votes = [_vote(detector, picture, as_it_is) for picture, as_it_is in looked[-_TRIED:]]
    voted = {vote for vote in votes if vote}
    needed = min(2, len(votes))
    return voted.pop() if len(voted) == 1 and sum(map(bool, votes)) >= needed else 0


def _vote(detector: PersonDetector, picture: np.ndarray, as_it_is: _Sight) -> int:
    """The turn after which somebody plainly stands in a picture; 0 if there is none."""
    sights = {turn: _look(detector, turned(picture, turn)) for turn in TURNS}
    best, sight = max(sights.items(), key=lambda item: item[1].confidence)
    clear = sight.confidence >= max(_STANDS_TURNED, as_it_is.confidence + _CLEARER)
    return best if clear and sight.lean <= _UPRIGHT_TURNED_DEG and sight.arms_hang else 0


def _look(detector: PersonDetector, picture: np.ndarray) -> _Sight:
    found = detector.detect(picture)
    if not len(found.scores):
        return _Sight(0.0, 180.0, False)
    confidences = np.asarray(found.scores)[:, _UPPER].mean(axis=1)
    clearest = int(confidences.argmax())
    at = dict(zip(COCO17.joints, np.asarray(found.keypoints, np.float64)[clearest], strict=True))
    shoulders = (at["left_shoulder"] + at["right_shoulder"]) / 2
    trunk = shoulders - (at["left_hip"] + at["right_hip"]) / 2
    lean = abs(np.degrees(np.arctan2(trunk[0], -trunk[1])))  # y points down
    hang = min(at["left_wrist"][1], at["right_wrist"][1]) > shoulders[1]
    return _Sight(float(confidences[clearest]), float(lean), bool(hang))
