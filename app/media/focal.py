"""The camera that a clip was taken with: given by the user, told by the file, or assumed; the result says which.

Telephones write the focal length of their lens, as of a camera for 35 mm film with the same angle of view along the
picture's diagonal (43.27 mm), into what they record. Stabilisation crops a little more than it says.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from app.media.container import open_container
from estimators.errors import ConfigError
from estimators.pinhole import assumed_focal

_FILM_DIAGONAL_MM = 43.27
_KEYS = ("focal_length.35mm_equivalent", "focallengthin35mm")  # parts of the keys under which it is found
_PLAUSIBLE = (0.2, 50.0)  # of the long side: from a fisheye to a telescope
_NOTES = {
    "given": "focal length given by the user",
    "metadata": "focal length from the file's 35 mm equivalent; stabilisation may have cropped more",
    "assumed": "assumed, not calibrated: the depth of root is in proportion to the focal length",
}


def find_camera(video: Path, image_size: tuple[int, int], focal: float | None = None) -> dict[str, Any]:
    """The pinhole camera of a clip, as `Motion.camera` holds it.

    Args:
        video: the file.
        image_size: (width, height) pixels, upright.
        focal: pixels of that picture, if the user knows it.

    Returns:
        `focal_px`, `principal_point_px`, `origin` ("given", "metadata" or "assumed") and a `note`.

    Raises:
        ConfigError: a focal length that no camera has.
    """
    return camera_of(image_size, focal, _stated(video, image_size) if focal is None else None)


def camera_of(image_size: tuple[int, int], focal: float | None = None, stated: float | None = None) -> dict[str, Any]:
    """The same without a file to ask: `stated` is what one says, pixels, if any does.

    Raises:
        ConfigError: a focal length that no camera has.
    """
    low, high = (share * max(image_size) for share in _PLAUSIBLE)
    if focal is not None and not low <= focal <= high:
        raise ConfigError(
            f"A focal length of {focal:g} pixels is not that of a camera with {image_size[0]} x {image_size[1]} "
            f"pixels; it should be between {low:.0f} and {high:.0f}."
        )
    found, origin = focal, "given"
    if found is None:
        found, origin = stated, "metadata"
    if found is None or not low <= found <= high:
        found, origin = assumed_focal(image_size), "assumed"
    return {
        "focal_px": float(found),
        "principal_point_px": [image_size[0] / 2, image_size[1] / 2],
        "origin": origin,
        "note": _NOTES[origin],
    }


def _stated(video: Path, image_size: tuple[int, int]) -> float | None:
    """Pixels, by the file's metadata; None if it does not say, or nothing that is a number."""
    with open_container(video) as container:
        tags = dict(container.metadata)
        for stream in container.streams.video:
            tags |= stream.metadata
    for key, value in tags.items():
        if any(part in key.lower().replace(" ", "") for part in _KEYS):
            try:
                millimetres = float(value)
            except ValueError:
                continue
            if math.isfinite(millimetres) and millimetres > 0:
                return millimetres / _FILM_DIAGONAL_MM * math.hypot(*image_size)
    return None
