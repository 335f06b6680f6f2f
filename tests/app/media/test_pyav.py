"""The releases of PyAV differ: in what names of any bytes do, and in what a rate is. Here it makes no difference."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from app.media.focal import find_camera
from app.media.pyav import as_fraction
from app.media.video import VideoReader, probe

SIZE = (64, 48)
TITLE, NOT_UTF8 = b"a title here", b"a t\xfftl\xe9 h\xf6re"


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".avi"])
def test_names_in_a_file_may_have_any_bytes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip{suffix}"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = TITLE.decode()
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.metadata.update(title=TITLE.decode(), handler_name=TITLE.decode())
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode())
    data = path.read_bytes()
    assert TITLE in data
    path.write_bytes(data.replace(TITLE, NOT_UTF8))
    assert probe(path).fps == 25 and len(list(VideoReader(path))) == 3
    assert find_camera(path, SIZE)["origin"] == "assumed"


def test_what_a_file_states_is_exact(tmp_path: Path) -> None:
    """Times are reckoned with fractions of any size; PyAV's own rationals would round to 32 bits."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(30000, 1001))
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode())
    clock = probe(path).clock
    assert type(clock.fps) is Fraction and type(clock.time_base) is Fraction
    assert clock.fps == Fraction(30000, 1001)


@pytest.mark.parametrize(("numerator", "denominator"), [(0, 1), (0, 0), (1, 0)])
def test_what_is_not_set_is_none(numerator: int, denominator: int) -> None:
    assert as_fraction(SimpleNamespace(numerator=numerator, denominator=denominator)) is None
    assert as_fraction(None) is None


def test_what_is_set_is_a_fraction() -> None:
    found = as_fraction(SimpleNamespace(numerator=2, denominator=50))
    assert type(found) is Fraction and found == Fraction(1, 25)
