"""Colours: what was shown, by each standard's own formulas written once more, comes out as BT.709 in 8 bits."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from app.media import colours
from app.media.colours import Colours, to_bgr
from app.media.video import VideoReader
from tests.support.paths import SHARED

CASES = SHARED / "cases"
SIZE = (256, 64)  # eight patches of 32 x 64
PATCHES = np.array([
    [10, 10, 10], [60, 60, 60], [120, 120, 120], [160, 160, 160], [165, 60, 40], [40, 150, 60], [50, 70, 160],
    [170, 120, 90],
])  # fmt: skip
TO_BT2020 = np.array(
    [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
)  # BT.2087, of light
PQ, HLG, SDR = 16, 18, 14


def light_of(codes: np.ndarray, white: float) -> np.ndarray:
    """cd/m^2 with BT.2020's primaries of SDR codes (...,3) RGB 0 to 255, on a screen whose white is `white`."""
    return white * (codes / 255) ** 2.4 @ TO_BT2020.T


def pq(light: np.ndarray) -> np.ndarray:
    power = (light / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def hlg(light: np.ndarray) -> np.ndarray:
    """The scene that a screen of 1000 cd/m^2 shows as this light, and its code."""
    luminance = light @ [0.2627, 0.6780, 0.0593] / 1000
    scene = light / 1000 * np.maximum(luminance, 1e-9)[..., None] ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)


CODES = {
    "PQ": (PQ, lambda rgb: pq(light_of(rgb, 203))),
    "HLG": (HLG, lambda rgb: hlg(light_of(rgb, 203))),
    "SDR": (SDR, lambda rgb: (light_of(rgb, 1)) ** (1 / 2.4)),
}


def yuv(rgb: np.ndarray, red: float, blue: float, full: bool, bits: int) -> np.ndarray:
    """(...,3) whole numbers Y, U, V of R, G, B 0 to 1, by the weights of red and blue in Y."""
    y = rgb @ [red, 1 - red - blue, blue]
    u, v = (rgb[..., 2] - y) / (2 - 2 * blue), (rgb[..., 0] - y) / (2 - 2 * red)
    unit, most = 1 << bits - 8, (1 << bits) - 1
    if full:
        values = [y * most, u * most + 128 * unit, v * most + 128 * unit]
    else:
        values = [(16 + 219 * y) * unit, (128 + 224 * u) * unit, (128 + 224 * v) * unit]
    return np.clip(np.round(np.stack(values, axis=-1)), 0, most).astype(np.uint16)


def frame_of(patches: np.ndarray, bits: int = 10) -> av.VideoFrame:
    """4:2:0 of (P,3) Y, U, V, each a column."""
    width, height = SIZE
    frame = av.VideoFrame(width, height, "yuv420p10le" if bits == 10 else "yuv420p")
    for plane, values in zip(frame.planes, patches.T, strict=True):
        row = np.zeros(plane.line_size // (2 if bits == 10 else 1), np.uint16 if bits == 10 else np.uint8)
        row[: plane.width] = np.repeat(values, plane.width // len(values))
        plane.update(np.tile(row, plane.height).tobytes())
    return frame


def write_clip(path: Path, codec: str, rgb: np.ndarray, transfer: int, primaries: int = 9) -> Path:
    """Two frames, BT.2020's matrix, 10 bits, limited range."""
    if codec not in av.codecs_available:
        pytest.skip(f"this build of PyAV has no {codec}")
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p10le"
        if codec != "ffv1":
            stream.options = {"crf": "2", "x265-params": "log-level=none"} if codec == "libx265" else {"crf": "2"}
        context = stream.codec_context
        context.colorspace, context.color_trc, context.color_primaries, context.color_range = 9, transfer, primaries, 1
        for index in range(2):
            frame = frame_of(yuv(rgb, 0.2627, 0.0593, False, 10))
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def shown(path: Path) -> np.ndarray:
    """(8,3) RGB of the patches' middles."""
    pictures = list(VideoReader(path))
    assert len(pictures) == 2 and pictures[0].dtype == np.uint8 and pictures[0].shape == (SIZE[1], SIZE[0], 3)
    return pictures[1][32, 16::32, ::-1].astype(int)


@pytest.mark.parametrize(("codec", "suffix"), [("libx265", "mkv"), ("ffv1", "mkv"), ("libx264", "mp4")])
@pytest.mark.parametrize("kind", CODES)
def test_wide_and_bright_colours_look_as_they_should(tmp_path: Path, kind: str, codec: str, suffix: str) -> None:
    transfer, codes = CODES[kind]
    path = write_clip(tmp_path / f"{kind}.{suffix}", codec, codes(PATCHES), transfer)
    assert np.abs(shown(path) - PATCHES).max() <= 4


@pytest.mark.parametrize("kind", ["PQ", "HLG"])
def test_highlights_are_rolled_off_not_cut_off(tmp_path: Path, kind: str) -> None:
    light = np.array([50.0, 100, 203, 300, 450, 650, 1000, 1000])
    encode = pq if kind == "PQ" else hlg
    path = write_clip(tmp_path / "bright.mkv", "ffv1", encode(np.repeat(light[:, None], 3, axis=1)), CODES[kind][0])
    grey = shown(path)
    assert np.ptp(grey, axis=1).max() <= 1  # grey stays grey
    grey = grey.mean(axis=1)
    assert (np.diff(grey)[:6] > 0).all() and grey[6] >= 254
    assert grey[2] == pytest.approx(228, abs=3)  # a sheet of paper: light, with room above
    assert grey[0] == pytest.approx(255 * (50 / 203) ** (1 / 2.4), abs=2)


def test_primaries_that_nobody_named_are_those_of_the_transfer_function(tmp_path: Path) -> None:
    named, unnamed = (write_clip(tmp_path / f"{n}.mkv", "ffv1", CODES["PQ"][1](PATCHES), PQ, n) for n in (9, 2))
    np.testing.assert_array_equal(shown(named), shown(unnamed))


# Weights of red and blue in luma, by ITU-T H.273's number of the matrix.
MATRICES = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("bits", [8, 10])
def test_every_matrix_and_range_gives_the_colours_meant(matrix: int, full: bool, bits: int) -> None:
    frame = frame_of(yuv(PATCHES / 255, *MATRICES[matrix], full, bits), bits)
    picture = to_bgr(frame, Colours.of(context(colorspace=matrix, color_range=2 if full else 1)))
    assert np.abs(picture[32, 16::32, ::-1].astype(int) - PATCHES).max() <= 3


def context(**tags: int) -> SimpleNamespace:
    plain = dict(width=640, height=480, colorspace=2, color_range=0, color_primaries=2, color_trc=2)
    return SimpleNamespace(**{**plain, **tags})


def test_what_the_tags_leave_open_is_guessed_as_players_do() -> None:
    assert Colours.of(context()) == Colours(matrix=5, full_range=False)
    assert Colours.of(context(width=1920, height=1080)).matrix == 1
    assert Colours.of(context(width=480, height=854)).matrix == 5  # small, and upright
    assert Colours.of(context(color_trc=18)) == Colours(9, False, primaries=9, transfer=18)
    assert Colours.of(context(color_primaries=6, color_trc=6, colorspace=6)) == Colours(5, False)  # NTSC's: near enough
    assert Colours.of(context(color_primaries=12)).primaries == 12
    for nonsense in (0, 3, 8, 14, 99):
        assert Colours.of(context(colorspace=nonsense, color_trc=nonsense, color_primaries=nonsense)).matrix == 5


@pytest.mark.parametrize("matrix", [3, 8, 10, 14])
def test_tags_that_the_scaler_refuses_do_not_end_a_run(tmp_path: Path, matrix: int) -> None:
    path = tmp_path / "odd.mkv"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.colorspace = matrix
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="bgr24")))
        container.mux(stream.encode(None))
    (picture,) = VideoReader(path)
    assert abs(int(picture[24, 32, 1]) - 90) < 6


def test_an_older_opencv_gives_the_same_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, hdr = frame_of(yuv(PATCHES / 255, 0.2627, 0.0593, False, 10)), Colours(9, False, 9, HLG)
    fast = to_bgr(frame, hdr)
    monkeypatch.setattr(colours, "_WIDE_TABLES", False)
    np.testing.assert_array_equal(to_bgr(frame, hdr), fast)


def test_a_telephones_hdr_is_not_washed_out() -> None:
    path = CASES / "hdr_hlg_10bit_hevc_washed_out.mov"
    if not path.exists():
        pytest.skip("needs the shared cases")
    picture = next(iter(VideoReader(path)))
    assert picture.mean(axis=(0, 1))[::-1] == pytest.approx([160, 148, 140], abs=5)  # it was 133, 128, 121
