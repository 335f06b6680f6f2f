"""How mmpose's kinds of models are asked: one-stage on the whole frame, top-down inside boxes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

from estimators.detection import mmpose_shim  # isort: skip  # noqa: F401  must come before mmpose

import numpy as np
import torch
from mmpose.apis import inference_bottomup, inference_topdown
from scipy.optimize import linear_sum_assignment

from estimators.boxes import PERSON_IN_RECTANGLE, long_side
from estimators.detection.asking import Model
from estimators.detection.detections import Detections
from estimators.errors import ConfigError
from estimators.finding import Sight
from estimators.skeleton import COCO17

BODY_MARGIN = 0.1  # of the joints' box: how far head, hands and feet reach over the joints
FARTHEST_PX = 1e6  # joints beyond are no joints
TOPDOWN_PADDING = 1.25  # mmpose's GetBBoxCenterScale widens a box by this
TOPDOWN_TIGHTEN = 0.85  # part of a rectangle that a top-down model looks at: it likes people to fill the view
TOPDOWN_ASPECT = 0.75  # width over height of what it looks at


class Approach(ABC):
    """One kind of model, ready to be asked; images are (H,W,3) uint8 BGR."""

    @abstractmethod
    def detect(self, image: np.ndarray) -> Detections:
        """Everybody in an image."""

    @abstractmethod
    def detect_in(self, image: np.ndarray, rectangles: np.ndarray, before: np.ndarray) -> Detections:
        """The person in each of (M,4) xyxy rectangles, M > 0, in the same order; scores 0 where nobody is.

        `before` (M,17,3) is where each person's joints are expected: x, y pixels and scores, all 0 where unknown."""

    def look_closer(self, image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> Sequence[Any] | None:
        """A second look at M people who were found, see `estimators.finding`; None if there is none."""
        return None

    def settle(self, sights: Sequence[Sight]) -> Detections | None:
        """What was seen of one person over time, put together, see `estimators.finding`; None: nothing is."""
        return None


def coco_order(model: Model) -> list[int]:
    """Where the COCO-17 joints are among the joints of a model.

    Raises:
        ConfigError: the model does not know all of them.
    """
    names = {name: number for number, name in dict(model.dataset_meta.get("keypoint_id2name", {})).items()}
    missing = [joint for joint in COCO17.joints if joint not in names]
    if missing:
        raise ConfigError(f"The model has no {missing[0]!r} among its joints; use one with the 17 joints of COCO.")
    return [int(names[joint]) for joint in COCO17.joints]


class _Exactness:
    """Counts who computes, in any thread, and lets go of what was set when nobody does any more."""

    def __init__(self) -> None:
        self._lock, self._inside, self._before = Lock(), 0, True

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = torch.backends.cudnn.allow_tf32
                torch.backends.cudnn.allow_tf32 = False
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                torch.backends.cudnn.allow_tf32 = self._before


_exactness = _Exactness()


@contextmanager
def exact() -> Iterator[None]:
    """No gradients, and full float32 on GPUs too: TF32 would move a joint by a map cell now and then."""
    _exactness.enter()
    try:
        with torch.inference_mode():
            yield
    finally:
        _exactness.leave()


def people_in(instances: Any, order: list[int]) -> Detections:
    """mmpose's `pred_instances` with COCO-17 joints, without those whose exponentials have overflowed."""
    keypoints = np.asarray(instances.keypoints)[:, order, :2]
    scores = np.asarray(instances.keypoint_scores)[:, order]
    person_scores = np.asarray(instances.bbox_scores) if "bbox_scores" in instances else scores.mean(axis=1)
    sane = np.all(np.abs(keypoints) < FARTHEST_PX, axis=(1, 2))
    return Detections.of(keypoints[sane], scores[sane], person_scores[sane])


def fit(people: Detections, rectangle: np.ndarray) -> np.ndarray:
    """(N,) in 0..1: how much each of N people is the one for whom the rectangle was drawn: in its middle,
    half as large."""
    side = long_side(rectangle)
    middles = (people.boxes[:, :2] + people.boxes[:, 2:]) / 2
    distance = np.linalg.norm(middles - (rectangle[:2] + rectangle[2:]) / 2, axis=1) / side
    growth = np.log([long_side(box) / (side * PERSON_IN_RECTANGLE) for box in people.boxes])
    return people.person_scores * np.exp(-((4 * distance) ** 2) - np.asarray(growth).reshape(-1) ** 2)


class OneStage(Approach):
    """A model that finds all people on the whole frame."""

    def __init__(self, model: Model) -> None:
        self.model, self.order = model, coco_order(model)

    def detect(self, image: np.ndarray) -> Detections:
        (result,) = inference_bottomup(self.model, image)
        return people_in(result.pred_instances, self.order)

    def detect_in(self, image: np.ndarray, rectangles: np.ndarray, before: np.ndarray) -> Detections:
        people, found = self.detect(image), Detections.nothing_in(rectangles)
        if len(people):
            fits = np.stack([fit(people, rectangle) for rectangle in rectangles])
            for number, person in zip(*linear_sum_assignment(-fits), strict=True):
                middle = people.boxes[person].reshape(2, 2).mean(axis=0)
                if np.all((middle >= rectangles[number, :2]) & (middle <= rectangles[number, 2:])):
                    put(found, number, people, person)
        return found


class TopDown(Approach):
    """A model that sees one person at a time; `finder` says where people are."""

    def __init__(self, model: Model, finder: Approach) -> None:
        self.model, self.order, self.finder = model, coco_order(model), finder

    def detect(self, image: np.ndarray) -> Detections:
        people = self.finder.detect(image)
        margin = BODY_MARGIN * np.array([long_side(box) for box in people.boxes])[:, None]
        return self._ask(image, people.boxes + margin * np.array([-1, -1, 1, 1]))

    def detect_in(self, image: np.ndarray, rectangles: np.ndarray, before: np.ndarray) -> Detections:
        sides = np.array([long_side(rectangle) for rectangle in rectangles])
        half = sides[:, None] * np.array([TOPDOWN_ASPECT, 1.0]) * TOPDOWN_TIGHTEN / TOPDOWN_PADDING / 2
        middle = (rectangles[:, :2] + rectangles[:, 2:]) / 2
        return self._ask(image, np.concatenate([middle - half, middle + half], axis=1))

    def _ask(self, image: np.ndarray, boxes: np.ndarray) -> Detections:
        if not len(boxes):  # inference_topdown would take the whole image for a person
            return Detections.nothing_in(boxes)
        results = inference_topdown(self.model, image, np.asarray(boxes, np.float32))
        keypoints, scores = (
            np.concatenate([np.asarray(getattr(result.pred_instances, name)) for result in results])[:, self.order]
            for name in ("keypoints", "keypoint_scores")
        )
        return Detections.of(keypoints[..., :2], scores, np.clip(scores, 0, 1).mean(axis=1))


def put(found: Detections, number: int, people: Detections, person: int) -> None:
    """Write one of `people` into place `number` of `found`."""
    found.keypoints[number] = people.keypoints[person]
    found.scores[number] = people.scores[person]
    found.boxes[number] = people.boxes[person]
    found.person_scores[number] = people.person_scores[person]
