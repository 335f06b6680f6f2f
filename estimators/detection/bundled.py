"""How the bundled networks are asked: MultiPose finds people, Thunder looks at their joints."""

from __future__ import annotations

from estimators.detection import mmpose_shim  # isort: skip  # noqa: F401  must come before mmpose

import numpy as np
import torch
from mmpose.apis import inference_bottomup, inference_topdown

from estimators.boxes import long_side, pose_distance
from estimators.confidence import TRUSTED
from estimators.detection.approaches import Approach, Closer, coco_order, fit, people_in, put
from estimators.detection.asking import Model, ask
from estimators.detection.blazepose.look import BlazePose
from estimators.detection.detections import Detections
from estimators.detection.fusion import fused
from estimators.detection.movenet.input import crop_square, resize
from estimators.detection.networks import FUSED
from estimators.skeleton import COCO17

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


class MultiPose:
    """Finds everybody on the frame, at one to three sizes, and looks at each again in a crop."""

    closer = None

    def __init__(self, model: Model) -> None:
        self.model = model.to(memory_format=torch.channels_last)
        self.order = coco_order(model)
        # mmpose reads the pipeline from the config anew at each call
        (self.fit,) = (step for step in model.cfg.test_dataloader.dataset.pipeline if step["type"] == "FitToNetwork")

    def detect(self, image: np.ndarray) -> Detections:
        usual = self._detect_at(image, FRAME_SIZES["usual"])
        scale = FRAME_SIZES["usual"] / max(image.shape[:2])
        sizes = np.array([long_side(box) * scale for box in usual.boxes])
        people = usual
        if not len(usual) or sizes.max() > GOOD_SIZE_PX[1]:
            people = people + self._detect_at(image, FRAME_SIZES["large"])
        if not len(people) or (len(usual) and sizes.min() < GOOD_SIZE_PX[0]):
            people = people + self._detect_at(image, FRAME_SIZES["small"])
        return _each_once(people)

    def _detect_at(self, image: np.ndarray, frame_size: int) -> Detections:
        self.fit["frame_size"] = frame_size
        (result,) = inference_bottomup(self.model, image)
        return people_in(result.pred_instances, self.order)

    def detect_in(self, image: np.ndarray, rectangles: np.ndarray, before: np.ndarray) -> Detections:
        found = Detections.nothing_in(rectangles)
        for number, result in enumerate(inference_topdown(self.model, image, rectangles)):
            people = people_in(result.pred_instances, self.order)
            if len(people):
                put(found, number, people, int(fit(people, rectangles[number]).argmax()))
        return found


INPUT_PX = 256
_TORSO = [COCO17.joints.index(f"{side}_{joint}") for joint in ("shoulder", "hip") for side in ("left", "right")]
_HIPS = _TORSO[2:]
TORSO_REACHES, BODY_REACHES = 1.9, 1.2
LOST_TIGHTEN = 0.65


def square_about(joints: np.ndarray) -> np.ndarray | None:
    """The square (4,) xyxy in which Thunder is shown a person, from (17,3) joints x, y and scores.

    MoveNet's own rule: about the middle of the hips, so large that the trunk and the whole body fit in."""
    trusted = joints[:, 2] >= TRUSTED
    if not (trusted[_TORSO[:2]].any() and trusted[_HIPS].any()):
        return None
    hips = joints[_HIPS][trusted[_HIPS]]
    centre = hips[:, :2].mean(axis=0)
    away = np.abs(joints[:, :2] - centre).max(axis=1)
    half = max(TORSO_REACHES * away[_TORSO][trusted[_TORSO]].max(), BODY_REACHES * away[trusted].max(), 8.0)
    return np.concatenate([centre - half, centre + half])


class Thunder:
    """The joints of each person, in a square about those of the frame before; MultiPose finds people."""

    def __init__(self, model: Model, finder: MultiPose, closer: Closer | None = None) -> None:
        self.model, self.finder, self.closer = model.to(memory_format=torch.channels_last), finder, closer

    def detect(self, image: np.ndarray) -> Detections:
        return self.finder.detect(image)

    def detect_in(self, image: np.ndarray, rectangles: np.ndarray, before: np.ndarray) -> Detections:
        squares = []
        for rectangle, joints in zip(rectangles, before, strict=True):
            square = square_about(joints)
            if square is None:
                middle, half = (rectangle[:2] + rectangle[2:]) / 2, LOST_TIGHTEN * long_side(rectangle) / 2
                square = np.concatenate([middle - half, middle + half])
            squares.append(square)
        return self.look(image, squares)

    def look(self, image: np.ndarray, squares: list[np.ndarray]) -> Detections:
        crops = [crop_square(image, square) for square in squares]
        found = ask(self.model, [resize(crop, (INPUT_PX, INPUT_PX)) for crop, _ in crops])
        keypoints = [
            one.keypoints[0] * (len(crop) / INPUT_PX) + corner for one, (crop, corner) in zip(found, crops, strict=True)
        ]
        scores = np.stack([one.keypoint_scores[0] for one in found])
        return Detections.of(np.stack(keypoints), scores, scores.mean(axis=1))


class SecondLook:
    """BlazePose where Thunder's joints of the same frame are: alone, or fused with them."""

    def __init__(self, model: Model, alone: bool) -> None:
        self.blazepose, self.alone = BlazePose(model), alone

    def __call__(self, image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> Detections:
        seen = self.blazepose.look(image, keypoints, scores)
        return seen if self.alone else fused(Detections.of(keypoints, scores, scores.mean(axis=1)), seen)


def looking(name: str, multipose: Model, thunder: Model | None = None, blazepose: Model | None = None) -> Approach:
    """The approach of one of `networks.BUNDLED`, made of its networks."""
    finder = MultiPose(multipose)
    if thunder is None:
        return finder
    return Thunder(thunder, finder, None if blazepose is None else SecondLook(blazepose, alone=name != FUSED))
