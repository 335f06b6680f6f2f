"""MultiPose at work: everybody on a frame, and each again in a rectangle."""

from __future__ import annotations

import numpy as np
import torch

from estimators.boxes import long_side, pose_distance
from estimators.detection.approaches import Approach, coco_order, fit, people_in, put
from estimators.detection.asking import Model, ask
from estimators.detection.detections import Detections
from estimators.detection.movenet.input import crop, whole_frame

# Sizes of people in network pixels between which MoveNet sees them well: measured on real video, errors double at the
# lower end and at the upper, and nobody is found at half and twice of that.
GOOD_SIZE_PX = (80, 200)
FRAME_SIZES = {"large": 192, "usual": 384, "small": 640}  # long side of the frame for people of this size
SAME_PERSON = 0.2  # mean distance of two poses' joints, in body sizes, below which they are one person found twice


def _each_once(people: Detections) -> Detections:
    """The clearest view of each person, clearest person first."""
    kept: list[int] = []
    for number in np.argsort(-people.person_scores, kind="stable"):

        def is_same(other: int, number: int = number) -> bool:
            size = max(long_side(people.boxes[number]), long_side(people.boxes[other]))
            views = (people.keypoints[number], people.scores[number], people.keypoints[other], people.scores[other])
            return pose_distance(*views, size) < SAME_PERSON

        if not any(is_same(other) for other in kept):
            kept.append(int(number))
    return people[kept]


class MultiPose(Approach):
    """Finds everybody on the frame, at one to three sizes, and looks at each again in a crop."""

    def __init__(self, model: Model) -> None:
        self.model, self.order = model.to(memory_format=torch.channels_last), coco_order(model)

    def detect(self, image: np.ndarray) -> Detections:
        usual = self._detect_at(image, FRAME_SIZES["usual"])
        scale = FRAME_SIZES["usual"] / max(image.shape[:2])
        sizes = np.array([long_side(box) * scale for box in usual.boxes])
        people = usual
        if not len(usual) or sizes.max() > GOOD_SIZE_PX[1]:
            people = Detections.joined([people, self._detect_at(image, FRAME_SIZES["large"])])
        if not len(people) or (len(usual) and sizes.min() < GOOD_SIZE_PX[0]):
            people = Detections.joined([people, self._detect_at(image, FRAME_SIZES["small"])])
        return _each_once(people)

    def _detect_at(self, image: np.ndarray, frame_size: int) -> Detections:
        (found,) = ask(self.model, [whole_frame(image, frame_size)])
        return people_in(found, self.order)

    def detect_in(self, image: np.ndarray, rectangles: np.ndarray, before: np.ndarray) -> Detections:
        found = Detections.nothing_in(rectangles)
        for number, instances in enumerate(ask(self.model, [crop(image, rectangle) for rectangle in rectangles])):
            people = people_in(instances, self.order)
            if len(people):
                put(found, number, people, int(fit(people, rectangles[number]).argmax()))
        return found
