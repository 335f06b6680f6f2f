"""Pictures as they are meant to be seen: with square pixels, and the right side up."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np


def display_matrix(frame: av.VideoFrame) -> np.ndarray | None:
    """(9,) int32, or None. Ask for the first frame only: a frame that has been asked for its side data refers to
    itself, and its memory comes back with the next full garbage collection, hundreds of frames later."""
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    return None if matrix is None else np.frombuffer(bytes(matrix), np.int32)


def upright(picture: np.ndarray, aspect: Fraction, matrix: np.ndarray | None) -> np.ndarray:
    """A decoded picture with square pixels, turned and mirrored as the video's display matrix says."""
    if aspect != 1:
        width = max(1, round(picture.shape[1] * aspect))
        picture = cv2.resize(picture, (width, picture.shape[0]), interpolation=cv2.INTER_LINEAR)
    return picture if matrix is None else orient(picture, matrix)


def orient(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Apply a display matrix (9 fixed-point int32, row vectors: x' = a x + c y, y' = b x + d y) to (H, W, 3).

    Only its multiples of 90 degrees and mirrorings count; anything between is rounded to the nearest.
    """
    a, b, _, c, d = (float(value) for value in matrix[:5])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        flip_x, flip_y = a < 0, d < 0
    else:
        picture = picture.transpose(1, 0, 2)
        flip_x, flip_y = c < 0, b < 0
    if flip_x:
        picture = picture[:, ::-1]
    if flip_y:
        picture = picture[::-1]
    return np.ascontiguousarray(picture)


def turned(picture: np.ndarray, degrees: int) -> np.ndarray:
    """(H, W, 3) turned clockwise by a multiple of 90 degrees; the picture itself for 0."""
    return np.ascontiguousarray(np.rot90(picture, -degrees // 90)) if degrees % 360 else picture
