"""The pictures that the originals of the bundled detectors were asked about, and where their answers lie."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np

from tests.support.paths import ROOT

_DATA = ROOT / "tests" / "estimators" / "detection" / "data"
# Thunder and BlazePose
PICTURE = _DATA / "eyes_input.png"  # two people, 256 x 256 pixels each, side by side
REFERENCE = _DATA / "eyes_reference.npz"
# MoveNet MultiPose
SIZES = (256, 384)
RENDERED = {size: _DATA / f"movenet_input_{size}.png" for size in SIZES}
CLIP_FRAMES = [("walking_real.mp4", 60), ("walking_real.mp4", 120), ("two_people_real.mp4", 10)]
MOVENET_REFERENCE = _DATA / "movenet_reference.npz"


def pictures() -> np.ndarray:
    """(2,256,256,3) uint8 RGB."""
    picture = cv2.imread(str(PICTURE))
    assert picture is not None
    both = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    return np.stack([both[:, :256], both[:, 256:]])


def clip_input(path: Path, number: int, size: int) -> np.ndarray:
    """(H, size, 3) uint8 RGB: one frame at the network's size, H padded to a multiple of 32."""
    with av.open(str(path)) as container:
        frame = next(islice(container.decode(video=0), number, None))
        picture = frame.to_ndarray(format="rgb24")
    height = round(picture.shape[0] * size / picture.shape[1])
    small = cv2.resize(picture, (size, height), interpolation=cv2.INTER_AREA)
    return cv2.copyMakeBorder(small, 0, -height % 32, 0, 0, cv2.BORDER_CONSTANT)
