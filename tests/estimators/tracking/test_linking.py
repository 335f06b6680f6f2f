"""Who is whom: ids hold through crossings, behind walls and at the border of the picture, but not over a cut."""

import numpy as np
import pytest

from estimators.observation import Provenance
from estimators.tracking.changes import Change
from estimators.tracking.linking import link
from estimators.tracking.person import Person, Pose
from tests.support.actors import Actor, World, always, line, off, owner
from tests.support.drawn import STANDING, Found


@pytest.mark.parametrize("colours", [((40, 40, 200), (200, 60, 30)), ((40, 40, 200), (40, 40, 200))])
@pytest.mark.parametrize("speed", [1.0, 0.6])
def test_ids_hold_while_one_person_crosses_behind_another(colours, speed):
    reach = 230 * speed
    front = Actor(line((320 - reach, 180), (320 + reach, 180)), always(), colour=colours[0])
    behind = Actor(line((320 + reach, 176), (320 - reach, 176)), always(), colour=colours[1])
    behind.seen &= np.abs(front.path[:, 0] - behind.path[:, 0]) > 45
    assert 5 < np.sum(~behind.seen) < 20
    tracks = World([front, behind], 90).track()
    assert len(tracks) == 2
    assert {id(owner(track, [front, behind])) for track in tracks} == {id(front), id(behind)}
    assert max(off(track, owner(track, [front, behind])) for track in tracks) < 15


def test_ids_hold_when_both_stay_visible_in_the_crossing():
    actors = [
        Actor(line((100, 180), (540, 180)), always()),
        Actor(line((540, 190), (100, 190)), always(), colour=(30, 200, 60)),
    ]
    tracks = World(actors, 90).track()
    assert len(tracks) == 2
    assert {id(owner(track, actors)) for track in tracks} == {id(actor) for actor in actors}
    assert max(off(track, owner(track, actors)) for track in tracks) < 15


def test_rectangle_that_shows_somebody_else_is_not_believed():
    actors = [Actor(line((300, 180), (310, 180)), always()), Actor(line((330, 180), (340, 180)), always())]
    world = World(actors, 90)
    closer = world.detect_in

    def detect_in(image, boxes, before=None):
        """Everybody's rectangle shows the wrong person every third frame."""
        found = closer(image, boxes, before)
        order = slice(None, None, -1) if image[0, 0, 1] % 3 == 2 else slice(None)
        return Found(found.keypoints[order], found.scores[order])

    world.detect_in = detect_in
    tracks = world.track()
    assert len(tracks) == 2
    assert max(off(track, owner(track, actors)) for track in tracks) < 10


def test_motion_tells_people_apart_where_clothes_cannot():
    actors = [Actor(line((100, 180), (540, 180)), always()), Actor(line((540, 180), (100, 180)), always())]
    for actor in actors:
        actor.seen[35:55] = False  # they pass each other behind a wall
    tracks = World(actors, 90).track()
    assert len(tracks) == 2
    assert max(off(track, owner(track, actors)) for track in tracks) < 15


def test_clothes_tell_people_apart_where_motion_cannot():
    # Both stop behind the same pillar; each comes out on the side they came from.
    turn = np.concatenate([np.linspace(0, 1, 35), np.ones(20), np.linspace(1, 0, 35)])[:, None]
    left = Actor(np.array([200, 180]) * (1 - turn) + np.array([310, 180]) * turn, always(), colour=(200, 60, 30))
    right = Actor(np.array([430, 180]) * (1 - turn) + np.array([330, 180]) * turn, always(), colour=(40, 40, 200))
    for actor in (left, right):
        actor.seen[28:62] = False
    tracks = World([left, right], 90).track()
    assert len(tracks) == 2
    assert max(off(track, owner(track, [left, right])) for track in tracks) < 15


def test_who_leaves_through_the_border_does_not_become_who_enters():
    leaver = Actor(line((300, 180), (700, 180), 60), np.arange(90) < 0)
    leaver.path = np.concatenate([leaver.path, np.repeat(leaver.path[-1:], 30, axis=0)])
    leaver.seen = leaver.path[:, 0] < 640
    comer = Actor(line((940, 180), (500, 180)), np.arange(90) >= 65)  # at x = 619 when first seen
    tracks = World([leaver, comer], 90).track()
    assert len(tracks) == 2
    assert [id(owner(track, [leaver, comer])) for track in tracks] == [id(leaver), id(comer)]


def test_nothing_is_carried_over_a_scene_change():
    before = Actor(line((200, 180), (300, 180)), np.arange(90) < 45)
    after = Actor(line((225, 185), (325, 185)), np.arange(90) >= 45, height=125)
    tracks = World([before, after], 90, scenes=[0, 45]).track()
    assert len(tracks) == 2
    for track, actor in zip(tracks, (before, after), strict=True):
        assert np.array_equal(track.provenance == Provenance.DETECTED, actor.seen)
        assert not np.any(track.provenance == Provenance.INTERPOLATED)


def test_a_flash_does_not_break_a_track():
    actor = Actor(line((200, 180), (240, 180)), always())
    (track,) = World([actor], 90, scenes=[0, 45, 46]).track()
    assert np.all(track.provenance == Provenance.DETECTED)


RED, BLUE = np.eye(128)[0], np.eye(128)[1]


def somebody(turn: float = 1.0, shift: float = 0.0, size: float = 120.0, colours: np.ndarray = RED) -> Pose:
    """Upright, or on the head (`turn` -1), so many body sizes from the middle."""
    return Pose(turn * size * STANDING + [320 + shift * 120, 180], np.full(17, 0.8), colours)


@pytest.mark.parametrize(
    ("found", "change", "same"),
    [
        (somebody(-1), Change.NONE, True),
        (somebody(-1, shift=0.3), Change.NONE, True),
        (somebody(-1, shift=0.5), Change.NONE, False),
        (somebody(-1, size=220), Change.NONE, False),
        (somebody(-1, size=60), Change.NONE, False),
        (somebody(-1, colours=BLUE), Change.NONE, False),
        (somebody(-1), Change.SCENE, False),
    ],
)
def test_who_turns_over_is_known_by_place_size_and_clothes(found: Pose, change: Change, same: bool):
    """In somersaults joints move farther than anybody's reach."""
    person = Person(30.0)
    person.see(0, somebody(), learn_colours=True)
    linked, newcomers = link(1, [found], [person], {person: person.predict(1)}, change)
    assert (linked, newcomers) == (({person: found}, []) if same else ({}, [found]))


def test_who_is_where_somebody_should_be_does_not_take_the_place_of_who_is_there():
    person = Person(30.0)
    person.see(0, somebody(), learn_colours=True)
    found = [somebody(-1), somebody(shift=0.05)]
    linked, newcomers = link(1, found, [person], {person: person.predict(1)}, Change.NONE)
    assert linked == {person: found[1]} and newcomers == [found[0]]
