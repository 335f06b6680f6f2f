"""What a video may be for the app to take it: checked before any work starts, and said on the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.media.video import VideoInfo, probe
from estimators.errors import VideoError


@dataclass(frozen=True)
class Limits:
    """The most that one run may take.

    Attributes:
        seconds: length of the video.
        frames: of the video; fast cameras reach this before the seconds.
        megapixels: of one frame.
        megabytes: of the file.
        clips: of a folder.
        folder_frames: of all its clips together: with a full queue, this is what bounds the wait.
        stored_megabytes: of everything that the app keeps at one time, uploads and results of all visitors.
    """

    seconds: float = 60.0
    frames: int = 3600
    megapixels: float = 9.0  # 4K, 3840 x 2160, has 8.3
    megabytes: int = 200
    clips: int = 20
    folder_frames: int = 9000
    stored_megabytes: int = 20_000

    def sentence(self) -> str:
        """The limits in words."""
        return (
            f"Up to {self.seconds:g} seconds, {self.frames} frames, {self.megapixels:g} megapixels (4K) "
            f"and {self.megabytes} MB."
        )

    def folder_sentence(self) -> str:
        """The limits of several videos in words."""
        each = self.sentence()
        each = each[0].lower() + each[1:]
        return f"Up to {self.clips} videos with {self.folder_frames} frames in all. Each: {each}"


def check_video(path: Path | str | None, limits: Limits) -> VideoInfo:
    """What a video says about itself, if it is one and within the limits.

    Raises:
        VideoError: there is none, it is not a video, or it is too much.
    """
    if path is None:
        raise VideoError("There is no video yet; drop one in, record one, or pick an example.")
    path = Path(path)
    try:
        size = path.stat().st_size if path.is_file() else 0
    except (OSError, ValueError) as error:  # a name that no file can have
        raise VideoError(f"{path.name} cannot be looked at.") from error
    if size > limits.megabytes * 1e6:
        raise VideoError(f"{path.name} has {size / 1e6:.0f} MB; at most {limits.megabytes} MB, please.")
    info = probe(path)
    frames, seconds = len(info.clock.ticks), seconds_of(info)
    width, height = info.size
    if seconds > limits.seconds:
        raise VideoError(f"{path.name} is {seconds:.0f} seconds long; cut it to {limits.seconds:g} seconds or less.")
    if frames > limits.frames:
        raise VideoError(f"{path.name} has {frames} frames; cut it to {limits.frames} or fewer.")
    if width * height > limits.megapixels * 1e6:
        raise VideoError(
            f"{path.name} is {width} × {height} pixels; scale it down to {limits.megapixels:g} megapixels or less."
        )
    return info


def seconds_of(info: VideoInfo) -> float:
    """Length of a video in seconds, the last frame's duration included."""
    return float(int(info.clock.ticks[-1] + info.clock.durations[-1]) * info.clock.time_base)
