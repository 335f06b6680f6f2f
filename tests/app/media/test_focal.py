"""The camera: given, told by the file, or assumed, and the result says which."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from app.media.focal import find_camera
from app.media.video import probe
from estimators.errors import ConfigError
from estimators.pinhole import assumed_focal

SIZE = (192, 108)
KEY = "com.apple.quicktime.camera.focal_length.35mm_equivalent"


def recorded(path: Path, **tags: str) -> Path:
    """A clip of two frames whose container has these tags."""
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata.update(tags)
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for _ in range(2):
            frame = av.VideoFrame.from_ndarray(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_a_plain_file_leaves_it_to_be_assumed(tmp_path: Path) -> None:
    camera = find_camera(recorded(tmp_path / "a.mp4"), SIZE)
    assert camera["focal_px"] == assumed_focal(SIZE) and camera["origin"] == "assumed" and "assumed" in camera["note"]
    assert camera["principal_point_px"] == [96, 54]


def test_a_telephone_says_what_lens_it_has(tmp_path: Path) -> None:
    camera = find_camera(recorded(tmp_path / "a.mov", **{KEY: "26"}), SIZE)
    assert camera["origin"] == "metadata"
    assert camera["focal_px"] == pytest.approx(26 / 43.27 * np.hypot(*SIZE))


@pytest.mark.parametrize("value", ["wide", "nan", "0", "-26", "9000"])
def test_nonsense_in_a_file_is_not_believed(value: str, tmp_path: Path) -> None:
    assert find_camera(recorded(tmp_path / "a.mov", **{KEY: value}), SIZE)["origin"] == "assumed"


def test_the_user_knows_best(tmp_path: Path) -> None:
    video = recorded(tmp_path / "a.mov", **{KEY: "26"})
    camera = find_camera(video, SIZE, 150.0)
    assert camera["focal_px"] == 150 and camera["origin"] == "given"
    for focal in (0.0, -150.0, 1e6, float("nan")):
        with pytest.raises(ConfigError, match="focal length"):
            find_camera(video, SIZE, focal)


@pytest.mark.parametrize("name", ["tcp:z.mov", "concat:y.mov", "http:/127.0.0.1/x.mov", "-i.mov"])
def test_a_relative_name_is_a_file_and_nothing_else(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    recorded(tmp_path / name, **{KEY: "26"})
    monkeypatch.chdir(tmp_path)
    assert probe(name).size == SIZE
    assert find_camera(Path(name), SIZE)["origin"] == "metadata"
