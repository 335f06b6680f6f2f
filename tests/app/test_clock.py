"""Clocks: which ticks are a constant rate, and what becomes of those that are not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from app.clock import make_clock

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
    assert clock.durations[-1] == 120 and clock.fps == average
    # a nonsensical average gives way to the packet, and that to the typical duration
    assert make_clock(ticks, Fraction(1, 1000), [Fraction(1)], last_duration=70).durations[-1] == 70
    assert make_clock(ticks, Fraction(1, 1000), [Fraction(1)]).durations[-1] == 100


def test_one_frame() -> None:
    assert make_clock([7], Fraction(1, 1000), [Fraction(50)]).fps == 50
    assert make_clock([7], Fraction(1, 1000), [None]).fps == 25


def test_ticks_must_increase() -> None:
    for ticks in ([], [0, 0], [5, 3]):
        with pytest.raises(ValueError, match="increasing"):
            make_clock(ticks, Fraction(1, 1000), [])
