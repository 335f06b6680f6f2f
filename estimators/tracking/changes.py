"""Where a video may be cut, told from its pictures alone, a few frames ahead of the tracker.

A picture may begin a new shot if what follows differs from what came before by more than either differs in itself. That
holds at a cut, be the camera, the place and the person the same on both sides; it does not hold in movement of people
or of the camera, however fast, which goes on before or after; nor at a flash, which goes again; nor in the dark, where
there is nothing but noise on both sides. It does hold where the light changes for good, or something pops up in the
picture: whether people jump there as well is for `estimators.tracking.cuts` to say.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations, pairwise

import cv2
import numpy as np

SIDE = 3  # pictures that are compared on each side
NOVEL = 1.5  # a block is new if the sides differ there by so many times as much as either does in itself, and
NOISE = 0.7  # grey levels, beside which no difference counts
# Share of all that changes that is in new blocks. In the bundled and real clips, at all rates down to 8 frames a
# second, it is 0.13 at most, but where the light changes (0.8); where two places of a clip are joined,
# mostly 0.2 to 0.8.
SHARE = 0.15
REPEATED = 0.5  # grey levels that the most changed blocks differ by where a picture is only shown again
SCENE = 0.4  # correlation of two pictures' brightness below which they show different scenes
RETURN = 0.5  # seconds after which a picture that comes back is that of another shot
_WIDTH, _HEIGHT, _BLOCK = 96, 54, 6


_GONE = np.empty((0, 0, 3), np.uint8)


class Change(Enum):
    """What a frame is to the one before it."""

    NONE = "goes on"
    JUMP = "the same scene, but it jumps"
    SCENE = "another scene"
    RETURN = "back after something short in between: a black picture, a hand before the camera"


@dataclass(frozen=True)
class Frame:
    """A frame on its way to the tracker.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        moment: when it is shown, in frames of a constant rate.
        thumbnail: (54, 96, 3) float32.
        change: against the frame before.
    """

    image: np.ndarray
    moment: float
    thumbnail: np.ndarray
    change: Change = Change.NONE


def watch(frames: Iterable[np.ndarray], moments: Iterable[float], fps: float) -> Iterator[Frame]:
    """The frames of a video, each with what it changes; they come out two frames after they went in.

    Args:
        frames: (H, W, 3) uint8 BGR images in order.
        moments: when each is shown, in frames of `fps`; asked for after each frame. Rising.
        fps: frames per second.
    """
    before: deque[Frame] = deque(maxlen=SIDE)
    after: deque[Frame] = deque()
    left: list[tuple[float, np.ndarray]] = []  # when, and from which picture, the scene has changed lately

    def next_one() -> Frame:
        view = _judged(before, after, left, fps)
        after.popleft()
        if before and _repeats(before[-1], view):
            before.pop()
        before.append(Frame(_GONE, view.moment, view.thumbnail, view.change))  # no image is held longer than needed
        return view

    for image, moment in zip(frames, moments, strict=False):
        after.append(Frame(image, moment, thumbnail(image)))
        del image
        if len(after) == SIDE:
            yield next_one()
    while after:
        yield next_one()


def thumbnail(image: np.ndarray) -> np.ndarray:
    """(54, 96, 3) float32 of an (H, W, 3) uint8 image, whatever its aspect."""
    step = max(1, min(image.shape[:2]) // 180)  # enough pixels for an average, at a tenth of the time
    return cv2.resize(image[::step, ::step], (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of the brightness of two thumbnails, -1 to 1: near 1 for pictures of one scene,
    near 0 where one is black."""
    first, second = (cv2.resize(one, (32, 18), interpolation=cv2.INTER_AREA).mean(axis=2).ravel() for one in (a, b))
    first, second = first - first.mean(), second - second.mean()
    flat = float(len(first))  # a grey level each: two pictures that show nothing are alike
    return float((first @ second + flat) / np.sqrt((first @ first + flat) * (second @ second + flat)))


def novelty(before: Sequence[Frame], after: Sequence[Frame]) -> float:
    """Share of what changes between two stretches of frames that is new, 0 to 1;
    frames that are late may differ more."""
    if not before:
        return 0.0
    steps = [b.moment - a.moment for side in (before, after) for a, b in pairwise(side)]
    late = (after[0].moment - before[-1].moment) / float(np.median(steps)) if steps else 1.0
    across = np.min([_difference(one, other) for one in before for other in after], axis=0) / max(late, 1.0)
    within = np.zeros_like(across)
    for side in (before, after):
        for one, other in combinations(side, 2):
            within = np.maximum(within, _difference(one, other))
    new = across > NOVEL * (within + NOISE)
    return float((across * new).sum() / (np.maximum(across, within) + 0.2 * NOISE).sum())


def _judged(before: Sequence[Frame], after: deque[Frame], left: list[tuple[float, np.ndarray]], fps: float) -> Frame:
    """The first of `after`, with its change; `left` is kept up to date."""
    view = after[0]
    left[:] = [one for one in left if view.moment - one[0] <= RETURN * fps]
    if novelty(before, after) < SHARE:
        return view
    last = before[-1].thumbnail
    change = Change.SCENE if likeness(last, view.thumbnail) < SCENE else Change.JUMP
    still = len(before) == 1 or all(_repeats(view, one) for one in list(after)[1:])
    if change is Change.JUMP and still:  # how things move cannot be told, so neither can that this is faster
        return view
    apart = float(np.abs(last - view.thumbnail).mean())
    if any(
        float(np.abs(old - view.thumbnail).mean()) < apart / 2 and likeness(old, view.thumbnail) > 0.9
        for _, old in left
    ):
        left.clear()
        change = Change.RETURN
    else:
        left.append((view.moment, last))
    return Frame(view.image, view.moment, view.thumbnail, change)


def _repeats(a: Frame, b: Frame) -> bool:
    """Whether one shows what the other does, as in a video of a lower rate than its file's."""
    return bool(np.sort(_difference(a, b), axis=None)[-8:].mean() < REPEATED)


def _difference(a: Frame, b: Frame) -> np.ndarray:
    """(9, 16) grey levels between two pictures, of each block."""
    apart = cv2.absdiff(a.thumbnail, b.thumbnail)
    # shrunk by a whole factor, a block's mean is what it becomes
    return cv2.resize(apart, (_WIDTH // _BLOCK, _HEIGHT // _BLOCK), interpolation=cv2.INTER_AREA).mean(axis=2)
