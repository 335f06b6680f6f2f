"""What a detector finds in one image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from estimators.boxes import joint_box


@dataclass(frozen=True)
class Detections:
    """M people in one image, COCO-17 joints. M may be 0.

    Attributes:
        keypoints: (M, 17, 2) float32 pixels: x right, y down, origin at the image's top-left corner.
        scores: (M, 17) float32 confidences in 0..1.
        boxes: (M, 4) float32 xyxy pixels round the trusted joints: tighter than a person's outline.
        person_scores: (M,) float32 confidences in 0..1 that this is a person.
        poses_3d: (M, 17, 3) float32, Human3.6M-17 joints as the picture itself gives them: metres from the hip, camera
            axes (x right, y down, z away), seen along the ray through the person; NaN for people without; None if the
            detector gives none.
        poses_3d_scores: (M, 17) float32 confidences in 0..1 of these; None with `poses_3d`.
    """

    keypoints: np.ndarray
    scores: np.ndarray
    boxes: np.ndarray
    person_scores: np.ndarray
    poses_3d: np.ndarray | None = None
    poses_3d_scores: np.ndarray | None = None

    @classmethod
    def of(cls, keypoints: np.ndarray, scores: np.ndarray, person_scores: np.ndarray) -> Detections:
        """From (M,17,2) pixels, (M,17) and (M,) scores of any float type; the boxes follow from the joints."""
        keypoints = np.asarray(keypoints, np.float32).reshape(-1, 17, 2)
        # SimCC heads give scores beyond 1
        scores = np.clip(np.asarray(scores, np.float32).reshape(-1, 17), 0, 1)
        boxes = [joint_box(joints, joint_scores) for joints, joint_scores in zip(keypoints, scores, strict=True)]
        return cls(
            keypoints,
            scores,
            np.asarray(boxes, np.float32).reshape(-1, 4),
            np.clip(np.asarray(person_scores, np.float32).reshape(-1), 0, 1),
        )

    @classmethod
    def nothing_in(cls, rectangles: np.ndarray) -> Detections:
        """Nobody in any of (M,4) rectangles: scores 0, all joints in the middle of the rectangle."""
        rectangles = np.asarray(rectangles, np.float32).reshape(-1, 4)
        count = len(rectangles)
        middle = (rectangles[:, :2] + rectangles[:, 2:]) / 2
        keypoints = np.repeat(middle[:, None], 17, axis=1)
        return cls(keypoints, np.zeros((count, 17), np.float32), rectangles.copy(), np.zeros(count, np.float32))

    def __len__(self) -> int:
        return len(self.keypoints)

    def __getitem__(self, which: np.ndarray | list[int]) -> Detections:
        """The people of these numbers, in this order."""
        return Detections(**{name: values[which] for name, values in self._arrays().items()})

    @classmethod
    def joined(cls, several: Sequence[Detections]) -> Detections:
        """The people of all, of whom there is one at least; what only some of them know is left out."""
        every = [one._arrays() for one in several]
        names = [name for name in every[0] if all(name in one for one in every)]
        return cls(**{name: np.concatenate([one[name] for one in every]) for name in names})

    def _arrays(self) -> dict[str, Any]:
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: array for name, array in values.items() if array is not None}
