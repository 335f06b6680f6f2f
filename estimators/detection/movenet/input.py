"""How an image is brought to MoveNet's input; as a transform of mmpose's test pipeline, too."""

from __future__ import annotations

from typing import Any

from estimators.detection import mmpose_shim  # isort: skip  # noqa: F401  must come before mmpose

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from estimators.detection.asking import Shown

MULTIPLE = 32  # the network's coarsest stride; inputs are multiples of it
MIN_CROP_PX = 16
CROP_PX = 256  # side of what is shown of one person


def crop_square(image: np.ndarray, rectangle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut a square around a rectangle out of an image, black where it reaches over the border.

    Args:
        image: (H,W,3).
        rectangle: (4,) xyxy pixels; the square has its centre and its long side.

    Returns:
        (S,S,3) pixels, and (2,) x, y of its top-left corner in the image. Both are whole pixels, so that the way back
        is exact, and depend on the rectangle alone: one that is held gives the same crop in every frame.
    """
    side = max(int(np.ceil(np.max(rectangle[2:] - rectangle[:2]))), MIN_CROP_PX)
    corner = np.floor((rectangle[:2] + rectangle[2:]) / 2 - side / 2 + 0.5).astype(int)
    height, width = image.shape[:2]
    crop = np.zeros((side, side, 3), image.dtype)
    x0, y0 = np.clip(corner, 0, (width, height))
    x1, y1 = np.clip(corner + side, 0, (width, height))
    crop[y0 - corner[1] : y1 - corner[1], x0 - corner[0] : x1 - corner[0]] = image[y0:y1, x0:x1]
    return crop, corner


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize to (width, height); averages when shrinking, since dropping pixels costs the detector accuracy."""
    shrinks = image.shape[1] > size[0] or image.shape[0] > size[1]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def whole_frame(image: np.ndarray, frame_size: int) -> Shown:
    """An (H,W,3) image with its long side at `frame_size` pixels, filled up with black to a multiple of 32."""
    height, width = image.shape[:2]
    factor = frame_size / max(height, width)
    size = np.maximum(np.rint(np.array([width, height]) * factor).astype(int), 1)
    pixels = resize(image, (int(size[0]), int(size[1])))
    padding = -size % MULTIPLE
    pixels = cv2.copyMakeBorder(pixels, 0, int(padding[1]), 0, int(padding[0]), cv2.BORDER_CONSTANT)
    return Shown(pixels, scale=np.array([width, height]) / size)


def crop(image: np.ndarray, rectangle: np.ndarray, size: int = CROP_PX) -> Shown:
    """The square around a (4,) xyxy rectangle, over (size, size) pixels, see `crop_square`."""
    square, corner = crop_square(image, rectangle)
    return Shown(resize(square, (size, size)), corner, np.full(2, len(square) / size))


@TRANSFORMS.register_module()
class FitToNetwork(BaseTransform):
    """The whole frame with its long side at `frame_size`, or, where the sample has a `bbox`, a crop of `crop_size`.

    The network is at its best on people of about 130 pixels, so that a box should be about twice as large as the
    person. Adds input_size, input_center and input_scale, with which mmpose's estimator maps joints back: input_scale
    pixels of the image are shown over input_size (w, h), around input_center.
    """

    def __init__(self, frame_size: int, crop_size: int):
        self.frame_size = frame_size
        self.crop_size = crop_size

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if "bbox" in results:
            shown = crop(results["img"], results["bbox"][0], self.crop_size)
        else:
            shown = whole_frame(results["img"], self.frame_size)
        return {**results, "img": shown.pixels, "img_shape": shown.pixels.shape[:2], **shown.metainfo}
