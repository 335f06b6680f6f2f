"""The colours of decoded frames as a screen of today shows them: BT.709, 8 bits, whatever the file is coded in.

What a video's numbers stand for is in its tags: the matrix between YUV and RGB (BT.601, 709, 2020), the range (limited,
full), the primaries (BT.709, P3, BT.2020) and the transfer function (SDR, or HLG and PQ for high dynamic range, as of
telephones). FFmpeg's scaler sees to matrix and range. The rest is done here, where it is needed:

    codes  --table-->  light with the file's primaries  --matrix-->  with those of BT.709  --table-->  codes

HDR white, by which a sheet of paper is shown, has 203 cd/m^2 (ITU-R BT.2408); what is brighter, to 1000 cd/m^2, is
rolled off as BT.2390 does it, for each of R, G and B. An SDR screen shows code ** 2.4 (BT.1886).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import av
import cv2
import numpy as np

# Numbers of the standard ITU-T H.273, as FFmpeg and PyAV give them.
_BT709, _BT601, _FCC, _SMPTE240M, _BT2020 = 1, 5, 4, 7, 9
_MATRICES = {1: _BT709, 4: _FCC, 5: _BT601, 6: _BT601, 7: _SMPTE240M, 9: _BT2020, 10: _BT2020}  # that the scaler knows
_FULL_RANGE = 2
_PQ, _HLG = 16, 18
_HD_PIXELS = 1280 * 720  # from this size on, players take BT.709 where a file does not say

# (x, y) of red, green and blue; white is D65 in all of them.
_PRIMARIES = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),  # BT.709
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),  # BT.2020
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # Display P3
}
_D65 = (0.3127, 0.3290)

_WHITE, _PEAK = 203.0, 1000.0  # cd/m^2: of SDR white in an HDR picture, and the brightest that is still told apart
_SCREEN_GAMMA = 2.4
_HLG_GAMMA = 1.2  # of an HLG screen of 1000 cd/m^2
_MOST = (1 << 16) - 1  # light is stored as uint16: the brightest is 65535
_BAND = 32  # rows at a time: they stay in the processor's cache, which more than halves the time
_WIDE_TABLES = tuple(map(int, cv2.__version__.split(".")[:2])) >= (4, 13)


@dataclass(frozen=True)
class Colours:
    """What the numbers of a stream's frames stand for.

    Attributes:
        matrix: between YUV and RGB.
        full_range: black is 0 and white the largest number.
        primaries, transfer: 1, BT.709, unless something has to be done about them here.
    """

    matrix: int
    full_range: bool
    primaries: int = _BT709
    transfer: int = _BT709

    @classmethod
    def of(cls, codec: Any) -> Colours:
        """By the tags of a stream's codec context, once a frame is decoded; tags that say nothing,
        or nonsense, are guessed."""
        hdr = codec.color_trc in (_PQ, _HLG)
        guess = _BT2020 if hdr else _BT709 if codec.width * codec.height >= _HD_PIXELS else _BT601
        primaries = codec.color_primaries
        if primaries not in _PRIMARIES:
            primaries = 9 if hdr else _BT709  # the others differ from BT.709's by less than cameras do
        return cls(
            _MATRICES.get(codec.colorspace, guess),
            codec.color_range == _FULL_RANGE,
            primaries,
            codec.color_trc if hdr else _BT709,
        )


def to_bgr(frame: av.VideoFrame, colours: Colours) -> np.ndarray:
    """(H,W,3) uint8 BGR, BT.709, of a decoded frame.

    Raises:
        OSError: the scaler cannot read this kind of frame.
    """
    if colours.primaries == colours.transfer == _BT709:
        return _scaled(frame, colours, "bgr24")
    coded = _scaled(frame, colours, "bgr48le")
    picture = np.empty(coded.shape, np.uint8)
    for top in range(0, len(coded), _BAND):
        picture[top : top + _BAND] = _shown(coded[top : top + _BAND], colours)
    return picture


def _shown(coded: np.ndarray, colours: Colours) -> np.ndarray:
    """(H,W,3) uint8 BGR, BT.709, of uint16 BGR codes of another kind."""
    light = _look_up(_light_of(colours.transfer), coded)
    if colours.transfer == _HLG:
        light = _on_hlg_screen(light)
    light = cv2.transform(light, _to_bt709(colours.primaries))  # what is below zero, out of gamut, becomes 0
    return _look_up(_code_of(colours.transfer), light)


def _scaled(frame: av.VideoFrame, colours: Colours, kind: str) -> np.ndarray:
    """(H,W,3) by FFmpeg's scaler, matrix and range applied."""
    if frame.format.is_rgb or len(frame.format.components) < 3:  # no matrix: RGB, grey, a palette
        return frame.to_ndarray(format=kind)
    full = colours.full_range or frame.format.name.startswith("yuvj")
    frame.colorspace = colours.matrix  # PyAV 17 does not hand on every one of those given below
    return frame.to_ndarray(
        format=kind,
        src_colorspace=colours.matrix,
        # RGB has none; but releases of PyAV before 17 look at the source's only if the target's is another.
        dst_colorspace=_FCC if colours.matrix != _FCC else _BT709,
        src_color_range=_FULL_RANGE if full else 1,
        dst_color_range=_FULL_RANGE,
    )


def _look_up(table: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """table[indices] for a table of 65,536; OpenCV does it four times as fast as NumPy, from its release 4.13 on."""
    return cv2.LUT(indices, table[None]) if _WIDE_TABLES else table[indices]


@cache
def _light_of(transfer: int) -> np.ndarray:
    """(65536,) uint16: the light that each code of a channel stands for, for HLG that of the scene,
    of the brightest."""
    code = np.linspace(0.0, 1.0, _MOST + 1)
    if transfer == _HLG:
        return _stored(_hlg_scene(code))
    return _stored(_pq_light(code) / _PEAK if transfer == _PQ else code**_SCREEN_GAMMA)


@cache
def _code_of(transfer: int) -> np.ndarray:
    """(65536,) uint8: the code by which an SDR screen shows each light, of the brightest."""
    light = np.linspace(0.0, 1.0, _MOST + 1)
    if transfer in (_PQ, _HLG):
        light = _rolled_off(light * _PEAK) / _WHITE
    return np.round(255.0 * np.clip(light, 0.0, 1.0) ** (1.0 / _SCREEN_GAMMA)).astype(np.uint8)


def _on_hlg_screen(scene: np.ndarray) -> np.ndarray:
    """(H,W,3) uint16: the light by which a screen shows that of a scene (BT.2100, table 5: the OOTF,
    a gamma on luminance)."""
    # The weights here are BT.601's: five times as fast as BT.2020's own, and codes differ by 1 %,
    # by 6 % for the purest blue.
    luminance = cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY)
    gain = _look_up(_hlg_gain(), luminance)
    return cv2.multiply(scene, cv2.merge([gain] * 3), scale=1.0 / _MOST)


@cache
def _hlg_gain() -> np.ndarray:
    """(65536,) uint16: what light is multiplied by, at each luminance of the scene."""
    return _stored(np.linspace(0.0, 1.0, _MOST + 1) ** (_HLG_GAMMA - 1.0))


def _stored(light: np.ndarray) -> np.ndarray:
    """Light 0 to 1, more is cut off, as uint16."""
    return np.round(np.clip(light, 0.0, 1.0) * _MOST).astype(np.uint16)


def _hlg_scene(code: np.ndarray) -> np.ndarray:
    """Light of the scene, 0 to 1, of HLG codes 0 to 1 (BT.2100, table 5: the inverse OETF)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(code <= 0.5, code**2 / 3.0, (np.exp((code - c) / a) + b) / 12.0)


# Of PQ (BT.2100, table 4).
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_light(code: np.ndarray) -> np.ndarray:
    """cd/m^2 of PQ codes 0 to 1 (the EOTF)."""
    power = code ** (1.0 / _M2)
    return 10_000.0 * (np.maximum(power - _C1, 0.0) / (_C2 - _C3 * power)) ** (1.0 / _M1)


def _pq_code(light: np.ndarray | float) -> np.ndarray:
    """Light to codes of PQ: the inverse of `_pq_light`."""
    power = (np.asarray(light) / 10_000.0) ** _M1
    return ((_C1 + _C2 * power) / (1.0 + _C3 * power)) ** _M2


def _rolled_off(light: np.ndarray) -> np.ndarray:
    """cd/m^2 to cd/m^2: what exceeds `_WHITE`, to `_PEAK`,
    brought below it by a spline over PQ codes (BT.2390, 5.4.1)."""
    white = _pq_code(_WHITE) / _pq_code(_PEAK)
    knee = 1.5 * white - 0.5
    code = np.minimum(_pq_code(light) / _pq_code(_PEAK), 1.0)
    t = (code - knee) / (1.0 - knee)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * white
    return _pq_light(np.where(code < knee, code, spline) * _pq_code(_PEAK))


@cache
def _to_bt709(primaries: int) -> np.ndarray:
    """(3,3) float32: BGR light with these primaries to BGR light with those of BT.709."""
    turned = np.linalg.inv(_to_xyz(_PRIMARIES[_BT709])) @ _to_xyz(_PRIMARIES[primaries])
    return np.ascontiguousarray(turned[::-1, ::-1], dtype=np.float32)


def _to_xyz(primaries: tuple[tuple[float, float], ...]) -> np.ndarray:
    """(3,3): RGB light to CIE XYZ; RGB (1, 1, 1) is D65."""

    def xyz(x: float, y: float) -> np.ndarray:
        return np.array([x / y, 1.0, (1.0 - x - y) / y])

    columns = np.stack([xyz(*one) for one in primaries], axis=1)
    return columns * np.linalg.solve(columns, xyz(*_D65))
