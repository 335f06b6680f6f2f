"""Pictures to click on, as HTML: the example clips, and the people of a video. All text from outside is escaped."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2

from app.media.video import VideoReader
from app.web.people import Portrait
from estimators.errors import D3PError


def example_cards(clips: dict[str, tuple[Path, Path]]) -> str:
    """Buttons with a picture of each bundled clip."""
    buttons = []
    for name, (video, _) in clips.items():
        picture = _thumbnail(video)
        image = f"<img alt='' src='data:image/jpeg;base64,{picture}'>" if picture else ""
        buttons.append(
            f"<button type='button' class='d3p-example' data-clip='{escape(name)}'>{image}"
            f"<span>{escape(name.capitalize())}</span></button>"
        )
    return f"<div class='d3p-examples' role='group' aria-label='Example clips'>{''.join(buttons)}</div>"


def first_frame(video: Path) -> str | None:
    """The first frame as base64 JPEG, large enough to stand for a video that a browser cannot play."""
    return _thumbnail(video, 480, 0)


def _thumbnail(video: Path, height: int = 120, at: int = 12) -> str | None:
    """Frame number `at` as base64 JPEG, `height` pixels high at most; None if the video cannot be read or is shorter."""
    try:
        picture = next(frame for index, frame in enumerate(VideoReader(video)) if index == at)
    except (D3PError, StopIteration):
        return None
    height = min(height, picture.shape[0])
    width = round(picture.shape[1] * height / picture.shape[0])
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return base64.b64encode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 82])[1].tobytes()).decode()


def people_cards(portraits: Sequence[Portrait]) -> str:
    """A button with a picture of each person, the largest chosen, and one for all of them if they are several."""
    buttons = [
        _person(str(one.id), f"Person {one.id}", _seen(one.share), one.largest, one.picture) for one in portraits
    ]
    if len(portraits) > 1:
        buttons.append(_person("all", "Everyone", f"all {len(portraits)}", False, None))
    return f"<div class='d3p-people' role='radiogroup' aria-label='People found'>{''.join(buttons)}</div>"


def _person(value: str, name: str, words: str, chosen: bool, picture: str | None) -> str:
    image = f"<img alt='' src='data:image/jpeg;base64,{picture}'>" if picture else "<i aria-hidden='true'></i>"
    return (
        f"<button type='button' role='radio' aria-checked='{str(chosen).lower()}' data-person='{escape(value)}'>"
        f"{image}<span>{name}</span><small>{words}</small></button>"
    )


def _seen(share: float) -> str:
    return "in every frame" if share == 1 else f"in {min(99, max(1, round(100 * share)))} % of frames"
