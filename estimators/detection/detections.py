"""What a detector finds in one image."""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    keypoints: np.ndarray
    scores: np.ndarray
    boxes: np.ndarray
    person_scores: np.ndarray

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
        return Detections(self.keypoints[which], self.scores[which], self.boxes[which], self.person_scores[which])

    def __add__(self, other: Detections) -> Detections:
        return Detections(
            np.concatenate([self.keypoints, other.keypoints]),
            np.concatenate([self.scores, other.scores]),
            np.concatenate([self.boxes, other.boxes]),
            np.concatenate([self.person_scores, other.person_scores]),
        )
