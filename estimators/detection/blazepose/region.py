"""The part of a picture that BlazePose is shown: a square round the hips, turned so that the trunk points up.

MediaPipe asks the network so: the square is 1.25 times as wide as the circle about the middle of the hips that holds
the whole person. Here the joints of another detector tell where that is.

Coordinates are continuous: a picture W pixels wide goes from 0 to W.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from estimators.confidence import TRUSTED
from estimators.skeleton import COCO17

INPUT_PX = 256  # side of what the network sees
SIDE = (
    2.5 * 1.1
)  # of the square, in distances from the hips' middle to the farthest joint; heads and toes reach farther
SMALLEST_PX = 16.0  # a side; below there is nothing to see
_SPARE_PX = 2  # round what is cut out before it is turned, for interpolation

_HIPS, _SHOULDERS = COCO17.pair("hip"), COCO17.pair("shoulder")


@dataclass(frozen=True)
class Region:
    """A square in a picture.

    Attributes:
        centre: (2,) x, y pixels of the picture.
        side: pixels of the picture.
        angle: radians by which its upward axis is turned clockwise from the picture's.
    """

    centre: np.ndarray
    side: float
    angle: float

    @property
    def axes(self) -> np.ndarray:
        """(2,2) rows: the square's x and y axis in the picture, of length 1."""
        sine, cosine = np.sin(self.angle), np.cos(self.angle)
        return np.array([[cosine, sine], [-sine, cosine]])

    def cut_out(self, picture: np.ndarray) -> np.ndarray:
        """The square of an (H,W,3) picture, (256,256,3); beyond the picture its border goes on.

        What shows more than 256 pixels is made smaller first, by averaging: dropped pixels are lost to the network.
        """
        corners = self.to_picture(np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) * float(INPUT_PX))
        height, width = picture.shape[:2]
        low = np.clip(np.floor(corners.min(axis=0)).astype(int) - _SPARE_PX, 0, (width - 1, height - 1))
        high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + _SPARE_PX, low + 1, (width, height))
        part = picture[low[1] : high[1], low[0] : high[0]]
        shrink = np.ones(2)
        if self.side > INPUT_PX:
            size = np.maximum(np.rint((high - low) * INPUT_PX / self.side).astype(int), 1)
            part = cv2.resize(part, (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA)
            shrink = size / (high - low)
        # from the network's pixels to those of `part`; pixel i reaches from i to i + 1, and OpenCV counts middles
        turn = shrink[:, None] * self.axes.T * (self.side / INPUT_PX)
        origin = (self.to_picture(np.zeros((1, 2)))[0] - low) * shrink
        offset = origin + turn @ np.full(2, 0.5) - 0.5
        return cv2.warpAffine(
            part,
            np.column_stack([turn, offset]),
            (INPUT_PX, INPUT_PX),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) network pixels to pixels of the picture."""
        return self.centre + (points / INPUT_PX - 0.5) * self.side @ self.axes

    def turned_back(self, poses: np.ndarray) -> np.ndarray:
        """(..., 3) in the square's axes (x right, y down, z away) to the picture's: turned about the viewing axis."""
        return np.concatenate([poses[..., :2] @ self.axes, poses[..., 2:]], axis=-1)


def region_of(keypoints: np.ndarray, scores: np.ndarray, image_size: tuple[int, int]) -> Region | None:
    """Where BlazePose is to look for a person.

    Joints below the trusted score are not asked. Without hips, as of somebody who is seen from the waist up, the square
    is round the middle of the box that holds the other joints; without hips or shoulders it stands upright.

    Args:
        keypoints: (17,2) pixels, COCO order. scores: (17,).
        image_size: (width, height) pixels.

    Returns:
        None if fewer than two joints are seen, or nothing of the square lies in the picture.
    """
    seen = np.isfinite(keypoints).all(axis=1) & (scores >= TRUSTED)
    if seen.sum() < 2:
        return None
    joints = keypoints[seen].astype(np.float64)
    hips, shoulders = (keypoints[pair].mean(axis=0, dtype=np.float64) for pair in (_HIPS, _SHOULDERS))
    centre = hips if seen[_HIPS].all() else (joints.min(axis=0) + joints.max(axis=0)) / 2
    up = shoulders - hips if seen[_HIPS + _SHOULDERS].all() else np.array([0.0, -1.0])
    side = SIDE * float(np.linalg.norm(joints - centre, axis=1).max())
    angle = float(np.arctan2(up[0], -up[1]))
    reach = side / 2 * (abs(np.sin(angle)) + abs(np.cos(angle)))
    outside = (centre + reach <= 0).any() or (centre - reach >= image_size).any()
    return None if side < SMALLEST_PX or outside else Region(centre, side, angle)
