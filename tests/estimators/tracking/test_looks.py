"""Which frames the detector looks at: who comes, or comes back, is found at once; nobody is searched for always."""

import numpy as np
import pytest

from estimators.observation import Provenance
from estimators.tracking.select import select_people
from tests.support.actors import Actor, World, always, line, off, owner


def test_a_detector_that_looks_at_every_third_frame_follows_as_well():
    path = np.stack([line(80, 560), 180 + 40 * np.sin(line(0, 4 * np.pi))], axis=1)
    first, second = Actor(path, always()), Actor(path[::-1] * [1, 0] + [0, 150], always(), colour=(200, 60, 30))
    second.seen[:46] = False  # appears between two looks
    world = World([first, second], 90)
    tracks = world.track(every=3)
    assert len(world.rectangles) < 2 * 90 / 3 + 10
    tracks = {id(owner(track, world.actors)): track for track in tracks}
    assert off(tracks[id(first)], first) < 3 and off(tracks[id(second)], second) < 3
    looks = [*range(0, 46, 3), *range(46, 90, 3), 89]  # and at once where the picture changes
    for actor, start in ((first, 0), (second, 46)):
        kinds = tracks[id(actor)].provenance
        assert (kinds[:start] == Provenance.MISSING).all() and (kinds[start:] != Provenance.MISSING).all()
        assert np.flatnonzero(kinds == Provenance.DETECTED).tolist() == [look for look in looks if look >= start]
    assert len(select_people(list(tracks.values()), "all")) == 2


@pytest.mark.parametrize("first", [40, 41, 42, 43, 44])
def test_newcomer_is_found_from_the_first_frame(first):
    here = Actor(line((150, 180), (200, 180)), always())
    late = Actor(line((500, 180), (400, 180)), np.arange(90) >= first)
    world = World([here, late], 90)
    tracks = world.track()
    assert [int(np.argmax(t.provenance == Provenance.DETECTED)) for t in tracks] == [0, first]
    assert world.full < 45, "the whole frame is searched now and then, not always"


@pytest.mark.parametrize("first", [30, 31, 32, 33, 34, 35, 36, 85, 86])
def test_who_comes_into_an_empty_picture_is_found_from_the_first_frame(first):
    late = Actor(line((500, 180), (400, 180)), np.arange(90) >= first)
    world = World([late], 90)
    (track,) = world.track()
    assert np.array_equal(track.provenance == Provenance.DETECTED, late.seen)


def test_an_empty_picture_is_searched_now_and_then():
    world = World([], 90)
    world.track()
    assert world.full <= 1 + 90 / 6, "a search in vain takes six times as long as looking at a person"


@pytest.mark.slow
@pytest.mark.parametrize("back", [60, 61, 62, 63, 64, 65])
def test_who_comes_back_after_a_while_is_found_at_once_though_not_searched_for_always(back):
    actor = Actor(line((300, 180), (330, 180)), (np.arange(90) < 30) | (np.arange(90) >= back))
    world = World([actor], 90)
    (track,) = world.track()
    assert np.array_equal(track.provenance == Provenance.DETECTED, actor.seen)
    assert world.full < 40, "searched in every frame for a quarter of a second, then now and then"
