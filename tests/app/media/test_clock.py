"""Clocks: which ticks are a constant rate, and what becomes of those that are not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from app.media.clock import make_clock

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize("rate", [NTSC, Fraction(24000, 1001), Fraction(25), Fraction(60000, 1001)])
def test_milliseconds_of_a_constant_rate_are_seen_through(rate: Fraction) -> None:
    ticks = [round(1000 * i / rate) for i in range(5000)]
    clock = make_clock(ticks, Fraction(1, 1000), [rate])
    assert clock.constant and clock.fps == rate
    np.testing.assert_allclose(clock.timestamps, np.arange(5000) / float(rate), atol=1e-9)
    assert clock.time_base * int(clock.ticks[1]) == 1 / rate


def test_a_wrong_statement_is_not_believed() -> None:
    ticks = [i * 512 for i in range(100)]
    clock = make_clock(ticks, Fraction(1, 15360), [Fraction(25), Fraction(30)])
    assert clock.constant and clock.fps == 30
    clock = make_clock(ticks, Fraction(1, 15360), [Fraction(25)])
    assert not clock.constant and clock.fps == 30
    clock = make_clock(ticks, Fraction(1, 15360), [None, None])
    assert clock.fps == 30


def test_one_dropped_frame_makes_the_rate_vary() -> None:
    ticks = [i * 512 for i in range(100) if i != 50]
    clock = make_clock(ticks, Fraction(1, 15360), [Fraction(30)])
    assert not clock.constant
    assert clock.durations[49] == 1024 and clock.timestamps[50] == pytest.approx(51 / 30)


def test_the_last_frame_lasts_until_the_stated_average_comes_true() -> None:
    ticks = [0, 100, 250, 300]
    average = Fraction(4, 420) * 1000  # 420 ms in all, so 120 for the last
    clock = make_clock(ticks, Fraction(1, 1000), [average], last_duration=5)
    assert clock.durations[-1] == 120
    # a nonsensical average gives way to the packet, and that to the typical duration
    assert make_clock(ticks, Fraction(1, 1000), [Fraction(1)], last_duration=70).durations[-1] == 70
    assert make_clock(ticks, Fraction(1, 1000), [Fraction(1)]).durations[-1] == 100


def at(seconds: np.ndarray, time_base: Fraction = Fraction(1, 90_000)) -> list[int]:
    return [round(float(value) / float(time_base)) for value in seconds]


def test_the_rate_is_that_of_the_motion_not_the_average() -> None:
    even = np.arange(50) / 25
    cases = [np.delete(even, [10, 11, 12, 13, 14, 30, 31]), even + 1.6 * (even >= 1), np.append(even[:49], 32.0)]
    for seconds in cases:
        average = Fraction(len(seconds)) / Fraction(float(seconds[-1]) + 0.04).limit_denominator(1000)
        clock = make_clock(at(seconds), Fraction(1, 90_000), [average])
        assert not clock.constant and clock.fps == 25
    lossy = np.delete(
        np.arange(1000) * 1001 / 24000, [5, 6, 7, 300]
    )  # in milliseconds, and without a word about the rate
    assert make_clock(at(lossy, Fraction(1, 1000)), Fraction(1, 1000), [None]).fps == Fraction(24000, 1001)


def test_a_rate_that_truly_varies() -> None:
    dimming = np.cumsum(np.tile(np.repeat([1 / 30, 1 / 24], 30), 5))
    assert 24 < make_clock(at(dimming), Fraction(1, 90_000), [None]).fps < 30
    alternating = np.cumsum(np.tile([1 / 30, 1 / 24], 90))
    assert float(make_clock(at(alternating), Fraction(1, 90_000), [None]).fps) == pytest.approx(80 / 3, rel=1e-3)
    jumpy = np.cumsum(np.tile([0.001, 0.065], 90))  # a webcam whose driver gives out two pictures at once
    assert 15 < make_clock(at(jumpy), Fraction(1, 90_000), [None]).fps < 31
    pairs = np.cumsum(np.tile([0.001, 0.001, 0.065], 90))
    assert 30 < make_clock(at(pairs), Fraction(1, 90_000), [None]).fps < 50
    screen = np.cumsum(np.random.default_rng(0).choice([1, 1, 1, 2, 3, 60], 300) / 60)  # records what changes
    assert 25 < make_clock(at(screen), Fraction(1, 90_000), [None]).fps < 60
    slides = np.cumsum(np.full(9, 2.0) + [0, 0, 0.1, 0, 0, 0, 0, -0.1, 0])
    assert float(make_clock(at(slides), Fraction(1, 90_000), [None]).fps) == pytest.approx(0.5, rel=0.02)


def test_a_clock_knows_when_the_first_frame_is_shown() -> None:
    assert make_clock([1500, 1540, 1580], Fraction(1, 1000), [Fraction(25)]).start == 1.5
    assert make_clock([1500, 1540, 1700], Fraction(1, 1000), [None]).start == 1.5


def test_one_frame() -> None:
    assert make_clock([7], Fraction(1, 1000), [Fraction(50)]).fps == 50
    assert make_clock([7], Fraction(1, 1000), [None]).fps == 25


def test_ticks_must_increase() -> None:
    for ticks in ([], [0, 0], [5, 3]):
        with pytest.raises(ValueError, match="increasing"):
            make_clock(ticks, Fraction(1, 1000), [])
