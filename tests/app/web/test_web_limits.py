"""What a video may be for the app to take it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.web.limits import Limits, check_video
from estimators.errors import VideoError
from tests.support.video_files import write_video


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(seconds=0.1), "seconds long"),
        (Limits(frames=5), "frames"),
        (Limits(megapixels=0.001), "pixels"),
        (Limits(megabytes=0), "MB"),
    ],
)
def test_a_video_over_a_limit_is_refused_with_a_sentence(tmp_path: Path, limits: Limits, words: str) -> None:
    video = write_video(tmp_path / "a.mp4")
    with pytest.raises(VideoError, match=words):
        check_video(video, limits)
    assert len(check_video(video, Limits()).clock.ticks) == 12


def test_no_video_and_garbage_are_refused(garbage: Path) -> None:
    with pytest.raises(VideoError, match="no video yet"):
        check_video(None, Limits())
    with pytest.raises(VideoError, match=r"holiday\.mp4"):
        check_video(garbage, Limits())
