"""Which clips of a folder are found, and what is said of everything else."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.batch.clips import find_clips
from app.media.video import VideoReader
from estimators.errors import ConfigError
from tests.support.batches import SIZE, video
from tests.support.video_files import write_sound


def test_videos_are_found_wherever_they_are_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b.MP4", "x/y/a.mov", "x/.hidden/c.mp4", ".d.mp4", "x/notes.txt", "out/b.MP4/side_by_side.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "x" / "circle").symlink_to(tmp_path, target_is_directory=True)
    output = tmp_path / "out"
    clips = find_clips(tmp_path, output).clips
    assert [clip.name for clip in clips] == ["b.MP4", "x/y/a.mov"]
    assert [clip.folder for clip in clips] == [output / "b.MP4", output / "x" / "y" / "a.mov"]
    assert [clip.name for clip in find_clips(tmp_path, output, include=["*.mov"]).clips] == ["x/y/a.mov"]
    assert [clip.name for clip in find_clips(tmp_path, output, exclude=["x/*"]).clips] == ["b.MP4"]
    with pytest.raises(ConfigError, match=r"b\.MP4: not asked for"):
        find_clips(tmp_path, output, include=["*.avi"])
    with pytest.raises(ConfigError, match="not a folder"):
        find_clips(tmp_path / "b.MP4", output)


def test_a_gif_is_a_video_and_what_is_none_is_named_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    video(folder / "a.mp4")
    levels = [Image.new("RGB", SIZE, (level,) * 3) for level in (200, 210, 220)]
    levels[0].save(folder / "b.gif", save_all=True, append_images=levels[1:], duration=40)
    (folder / "download 7").write_bytes((folder / "a.mp4").read_bytes())  # no suffix at all
    (folder / "c.dat").write_bytes((folder / "a.mp4").read_bytes())
    write_sound(folder / "song.mp4").rename(folder / "song.dat")
    (folder / "sound.wav").write_bytes(bytes(100))
    levels[0].save(folder / "photo.jpg")
    levels[0].save(folder / "photo.png")
    (folder / "photo.png").rename(folder / "photo.raw")
    (folder / "notes.txt").write_text("notes")
    (folder / "noise.bin").write_bytes(np.random.default_rng(0).bytes(100_000))
    (folder / "._a.mp4").write_bytes(bytes(100))
    (folder / ".cache").mkdir()
    (folder / "circle").symlink_to(folder, target_is_directory=True)
    os.mkfifo(folder / "pipe.dat")
    found = find_clips(folder, tmp_path / "out", exclude=["c.*"])
    assert [clip.name for clip in found.clips] == ["a.mp4", "b.gif", "download 7"]
    why = {one.name: one.why for one in found.left_out}
    assert list(why) == sorted(why)
    assert why == {
        "._a.mp4": "hidden", ".cache/": "hidden", "circle/": "a linked folder", "notes.txt": "text",
        "photo.jpg": "a picture",
        "photo.raw": "is an image, not a video", "sound.wav": "sound without pictures", "pipe.dat": "is no file",
        "song.dat": "holds only sound, no pictures to find people in",
        "c.dat": "not asked for by its name",
        "noise.bin": why["noise.bin"],
    }  # fmt: skip
    assert "not a video" in why["noise.bin"] or "damaged" in why["noise.bin"]
    assert len(list(VideoReader(folder / "b.gif"))) == 3


def test_a_folder_without_videos_is_told_what_it_holds(tmp_path: Path) -> None:
    for name in ("a.txt", "b.jpg", "c.json", "d.wav"):
        (tmp_path / name).write_text("x")
    with pytest.raises(
        ConfigError, match=r"no videos .* a.txt: text; b.jpg: a picture; c.json: no video; and 1 more\.$"
    ):
        find_clips(tmp_path, tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"no videos in [^,]*empty\.$"):
        find_clips(tmp_path / "empty", tmp_path / "out")
