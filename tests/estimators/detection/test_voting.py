"""Left and right by vote: who is outvoted, what joints that go on are worth, and what says nothing."""

import numpy as np
import pytest

from estimators.detection.voting import wrong_sides
from estimators.skeleton import COCO17
from tests.support.drawn import STANDING

MIRROR = list(COCO17.flip_order)
LEGS = [COCO17.joints.index(f"{side}_{joint}") for joint in ("hip", "knee", "ankle") for side in ("left", "right")]
T = 30


def looks(mirrored: slice | list[int] | None = None) -> np.ndarray:
    """(T,17,3), a little noise; the wrong way round in some frames."""
    seen = np.stack([np.column_stack([160 * STANDING + [300, 200], np.full(17, 0.9)])] * T)
    seen[..., :2] += np.random.default_rng(0).normal(0, 1, (T, 17, 2))
    if mirrored is not None:
        seen[mirrored] = seen[mirrored][:, MIRROR]
    return seen


ONE = np.ones(T)


def test_who_is_alone_is_believed():
    assert not wrong_sides(looks(), []).any()
    assert not wrong_sides(looks(slice(None)), []).any()


def test_who_turns_round_for_a_moment_has_not():
    wrong = wrong_sides(looks([9, 10, 11, 20]), [])
    assert wrong.all(axis=1).nonzero()[0].tolist() == [9, 10, 11, 20] and wrong.sum() == 8


def test_two_outvote_one_for_as_long_as_it_takes():
    first = looks(slice(5, 30))
    wrong = wrong_sides(first, [(looks(), ONE), (looks(), ONE)])
    assert wrong[5:].all() and not wrong[:5].any()
    assert not wrong_sides(first, [(looks(slice(5, 30)), ONE), (looks(), ONE)]).any(axis=1)[5:].any()


def test_arms_and_legs_are_told_apart():
    first = looks()
    first[:, LEGS] = first[:, [MIRROR[joint] for joint in LEGS]]
    wrong = wrong_sides(first, [(looks(), ONE), (looks(), ONE)])
    assert not wrong[:, 0].any() and wrong[:, 1].all()


def test_somebody_who_looks_now_and_then_speaks_for_the_frames_between():
    now_and_then, votes = looks(), np.zeros(T)
    votes[::5] = 10
    now_and_then[votes == 0] = 0
    assert wrong_sides(looks(slice(None)), [(now_and_then, votes)]).all()


@pytest.mark.parametrize("what", ["elsewhere", "unseen", "from the side"])
def test_what_says_nothing_of_sides_changes_nothing(what: str):
    first, other = looks(slice(0, 10)), looks(slice(10, 30))
    if what == "elsewhere":
        other[..., 0] += 200
    elif what == "unseen":
        other[..., 2] = 0
    else:
        for seen in (first, other):
            seen[..., :2] = (seen + seen[:, MIRROR])[..., :2] / 2
    expected = wrong_sides(first, [])
    assert (wrong_sides(first, [(other, 5 * ONE), (other, 5 * ONE)]) == expected).all()


def test_a_jump_of_the_picture_joins_nothing():
    first = looks(slice(25, 30))
    assert wrong_sides(first, [])[25:].all()
    first[25:, :, 0] += 500  # another shot, in which nobody knows better
    assert not wrong_sides(first, []).any()


def test_one_frame_has_a_vote_too():
    assert wrong_sides(looks(slice(None))[:1], [(looks()[:1], ONE[:1] * 2)]).all()
