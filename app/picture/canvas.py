"""Drawing on BGR pictures: capsules, balls, shadows, text. All antialiased, at sub-pixel positions."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]  # blue, green, red

_SHIFT = 4  # OpenCV's fixed point: positions in sixteenths of a pixel
_FAR = 8000.0  # pixels: what lies further off is cut, OpenCV's time grows with the length of edges
_ARC = np.linspace(-np.pi / 2, np.pi / 2, 9)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of the other colour, the rest of the one."""
    return tuple(round((1 - share) * a + share * b) for a, b in zip(one, other, strict=True))  # type: ignore[return-value]


def polygon(picture: np.ndarray, points: np.ndarray, colour: Colour) -> None:
    """Fill a convex (n,2) polygon, in place."""
    fixed = np.round(np.clip(points, -_FAR, _FAR) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillConvexPoly(picture, fixed, colour, cv2.LINE_AA, _SHIFT)


def disc(picture: np.ndarray, centre: np.ndarray, radius: float, colour: Colour) -> None:
    """Fill a circle, in place."""
    x, y = np.round(np.clip(centre, -_FAR, _FAR) * (1 << _SHIFT)).astype(int)
    cv2.circle(picture, (int(x), int(y)), round(radius * (1 << _SHIFT)), colour, -1, cv2.LINE_AA, _SHIFT)


def capsule(picture: np.ndarray, start: np.ndarray, end: np.ndarray, r0: float, r1: float, colour: Colour) -> None:
    """Fill the hull of two circles, in place."""
    along = end - start
    angle = np.arctan2(along[1], along[0])
    cap = np.stack([np.cos(_ARC + angle), np.sin(_ARC + angle)], axis=1)
    polygon(picture, np.concatenate([end + r1 * cap, start - r0 * cap]), colour)


def solid_capsule(
    picture: np.ndarray, start: np.ndarray, end: np.ndarray, r0: float, r1: float, colour: Colour
) -> None:
    """A limb: dark rim, body, and a highlight from the upper left that makes it look round."""
    capsule(picture, start, end, r0 + rim(r0), r1 + rim(r1), mix(colour, (18, 14, 12), 0.78))
    capsule(picture, start, end, r0, r1, mix(colour, (20, 16, 14), 0.22))
    for size, shift, light in ((0.72, 0.16, 0.0), (0.34, 0.34, 0.30)):
        offset = -shift * np.array([r0 * 0.7, r0])
        capsule(picture, start + offset, end + offset, size * r0, size * r1, mix(colour, (255, 255, 255), light))


def solid_ball(picture: np.ndarray, centre: np.ndarray, radius: float, colour: Colour) -> None:
    """A shaded ball with a dark rim."""
    disc(picture, centre, radius + rim(radius), mix(colour, (18, 14, 12), 0.78))
    for size, shift, shade in ((1.0, 0.0, -0.25), (0.82, 0.1, -0.1), (0.62, 0.2, 0.0), (0.3, 0.36, 0.35)):
        tint = mix(colour, (255, 255, 255), shade) if shade >= 0 else mix(colour, (20, 16, 14), -shade)
        disc(picture, centre - shift * radius * np.array([0.7, 1.0]), size * radius, tint)


def rim(radius: float) -> float:
    """Width in pixels of the dark edge round a shape."""
    return min(max(0.22 * radius, 0.8), 2.5)


def darken(picture: np.ndarray, shapes: list[tuple[np.ndarray, np.ndarray, float, float]], strength: float) -> None:
    """Darken `picture` under blurred capsules (start, end, r0, r1), in place: a soft shadow."""
    height, width = picture.shape[:2]
    if not shapes:
        return
    scale = 0.25  # a shadow has no detail
    mask = np.zeros((int(height * scale) + 1, int(width * scale) + 1), np.uint8)
    for start, end, r0, r1 in shapes:
        capsule(mask, start * scale, end * scale, r0 * scale, r1 * scale, (255,) * 3)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.8, 0.0035 * height))
    rows, columns = np.flatnonzero(soft.any(axis=1)), np.flatnonzero(soft.any(axis=0))
    if len(rows) == 0:
        return
    full = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    y0, y1 = max(0, int(rows[0] / scale) - 8), min(height, int(rows[-1] / scale) + 8)
    x0, x1 = max(0, int(columns[0] / scale) - 8), min(width, int(columns[-1] / scale) + 8)
    part = picture[y0:y1, x0:x1]
    keep = 1 - strength / 255 * full[y0:y1, x0:x1, None].astype(np.float32)
    picture[y0:y1, x0:x1] = (part * keep).astype(np.uint8)


def dashed(picture: np.ndarray, start: np.ndarray, end: np.ndarray, radius: float, colour: Colour) -> None:
    """A dashed limb, in place."""
    length = float(np.linalg.norm(end - start))
    count = max(2, int(length / max(5 * radius, 1.0)))
    for part in range(count):
        a, b = start + (end - start) * (part / count), start + (end - start) * ((part + 0.45) / count)
        capsule(picture, a, b, radius, radius, colour)


def text(
    picture: np.ndarray,
    words: str,
    at: tuple[float, float],
    size: int,
    colour: Colour,
    anchor: str = "ls",
    halo: bool = False,
) -> None:
    """Write `words` in place.

    Args:
        anchor: as in Pillow: l/m/r, then a (ascender), m (middle) or s (baseline).
        halo: with a soft dark edge, to be legible on any background.
    """
    if not words:
        return
    if halo:
        _stamp(picture, *_glyphs(words, size, anchor, halo=True), at, (10, 8, 6))
    _stamp(picture, *_glyphs(words, size, anchor), at, colour)


def _stamp(
    picture: np.ndarray, mask: np.ndarray, corner: tuple[int, int], at: tuple[float, float], colour: Colour
) -> None:
    """Blend `colour` in where `mask` (0..1) covers; `corner` is where the mask begins, seen from `at`."""
    dx, dy = corner
    x, y = round(at[0] + dx), round(at[1] + dy)
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + mask.shape[1], picture.shape[1]), min(y + mask.shape[0], picture.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    alpha = mask[y0 - y : y1 - y, x0 - x : x1 - x, None]
    region = picture[y0:y1, x0:x1]
    picture[y0:y1, x0:x1] = (region + (np.array(colour, np.float32) - region) * alpha + 0.5).astype(np.uint8)


def text_width(words: str, size: int) -> float:
    """Pixels that `words` take."""
    return float(_font(size).getlength(words))


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)  # the typeface that Pillow carries: there on every machine
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


@lru_cache(maxsize=256)
def _glyphs(words: str, size: int, anchor: str, halo: bool = False) -> tuple[np.ndarray, tuple[int, int]]:
    """Coverage 0..1 of the words (or of their halo), and where its corner lies seen from the anchor."""
    font, edge = _font(size), 2 + (size // 3 if halo else 0)
    x0, y0, x1, y1 = (int(value) for value in font.getbbox(words, anchor=anchor))
    image = Image.new("L", (x1 - x0 + 2 * edge, y1 - y0 + 2 * edge), 0)
    ImageDraw.Draw(image).text((edge - x0, edge - y0), words, fill=255, font=font, anchor=anchor)
    mask: np.ndarray = np.asarray(image, np.float32) / 255
    if halo:
        mask = np.minimum(1.0, 1.7 * cv2.GaussianBlur(mask, (0, 0), 0.13 * size))
    return mask, (x0 - edge, y0 - edge)
