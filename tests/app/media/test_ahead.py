"""What is made ready ahead is what would have come, errors and endings included."""

import threading

import pytest

from app.media.ahead import AHEAD, ahead


def numbers(count: int, made: list[int]):
    for number in range(count):
        made.append(number)
        yield number


def test_pairs_come_as_they_are_and_a_few_ahead():
    made: list[int] = []
    firsts, seconds = ahead(numbers(9, made), (10 * number for number in range(99)))
    for number in range(9):
        assert (next(firsts), next(seconds)) == (number, 10 * number)
        assert len(made) <= number + 2 + AHEAD
    assert list(firsts) == [] and made == list(range(9))


def test_the_second_is_asked_for_after_each_first():
    state = []

    def moments():
        while True:
            yield state[-1]

    firsts, seconds = ahead(numbers(20, state), moments())
    assert [(first, next(seconds)) for first in firsts] == [(number, number) for number in range(20)]


def test_errors_come_where_the_picture_would_have():
    def broken():
        yield 1
        yield 2
        raise OSError("damaged")

    firsts, _ = ahead(broken(), iter(range(9)))
    assert [next(firsts), next(firsts)] == [1, 2]
    with pytest.raises(OSError, match="damaged"):
        next(firsts)


def test_no_thread_is_left_of_what_is_closed_early():
    made: list[int] = []
    firsts, _ = ahead(numbers(1000, made), iter(range(1000)))
    next(firsts)
    firsts.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]
    assert len(made) <= 2 + AHEAD
