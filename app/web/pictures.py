"""Pictures to click on, as HTML: the example clips, and the people of a video; pictures.html is their template."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
from markupsafe import Markup

from app.media.video import VideoReader
from app.templates import macros
from app.web.people import Portrait
from estimators.errors import D3PError

_TEMPLATE = Path(__file__).with_name("pictures.html")


def example_cards(clips: dict[str, tuple[Path, Path]]) -> Markup:
    """Buttons with a picture of each bundled clip."""
    return Markup(macros(_TEMPLATE).examples([(name, _thumbnail(video)) for name, (video, _) in clips.items()]))


def first_frame(video: Path) -> str | None:
    """The first frame as base64 JPEG, large enough to stand for a video that a browser cannot play."""
    return _thumbnail(video, 480, 0)


def _thumbnail(video: Path, height: int = 120, at: int = 12) -> str | None:
    """Frame number `at` as base64 JPEG, `height` pixels high at most; None if the video is shorter or unreadable."""
    try:
        picture = next(frame for index, frame in enumerate(VideoReader(video)) if index == at)
    except (D3PError, StopIteration):
        return None
    height = min(height, picture.shape[0])
    width = round(picture.shape[1] * height / picture.shape[0])
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return base64.b64encode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 82])[1].tobytes()).decode()


@dataclass(frozen=True)
class _Card:
    """Who can be picked: an id or "all", in words, whether chosen already, and a picture as base64 JPEG."""

    person: str
    name: str
    words: str
    chosen: bool = False
    picture: str | None = None


def people_cards(portraits: Sequence[Portrait]) -> Markup:
    """A button with a picture of each person, the largest chosen, and one for all of them if they are several."""
    cards = [_Card(str(one.id), f"Person {one.id}", _seen(one.share), one.largest, one.picture) for one in portraits]
    if len(portraits) > 1:
        cards.append(_Card("all", "Everyone", f"all {len(portraits)}"))
    return Markup(macros(_TEMPLATE).people(cards))


def _seen(share: float) -> str:
    return "in every frame" if share == 1 else f"in {min(99, max(1, round(100 * share)))} % of frames"
