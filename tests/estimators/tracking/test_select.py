"""Who of the people followed is real, and who is wanted."""

import numpy as np
import pytest

from estimators.errors import NobodyFoundError, PersonError
from estimators.observation import Observation, Provenance
from estimators.skeleton import COCO17
from estimators.tracking.select import select_people
from tests.support.actors import FPS, SIZE, Actor, World, always, line, off
from tests.support.drawn import STANDING


def test_a_person_seldom_looked_at_in_a_short_clip_is_real():
    world = World([Actor(np.tile([320.0, 180.0], (12, 1)), always(12))], 12)
    (track,) = world.track(every=4)
    assert (track.provenance == Provenance.DETECTED).sum() == 4
    assert select_people([track], "all") == [track]


def test_ghost_of_two_frames_and_faint_background_are_not_people():
    actor = Actor(line((150, 180), (200, 180)), always())
    ghost = Actor(line((450, 180), (450, 180)), np.isin(np.arange(90), (40, 41)))
    poster = Actor(line((500, 180), (500, 180)), always(), height=300, score=0.3)
    tracks = World([actor, ghost, poster], 90).track()
    assert len(tracks) == 1
    (chosen,) = select_people(tracks, "largest")
    assert off(chosen, actor) < 5


def track_of(number: int, frames: int, height: float, score: float, length: int = 300) -> Observation:
    keypoints = np.full((length, 17, 2), np.nan, np.float32)
    keypoints[:frames] = STANDING * height + 300
    scores = np.zeros((length, 17), np.float32)
    scores[:frames] = score
    provenance = np.where(np.arange(length) < frames, Provenance.DETECTED, Provenance.MISSING).astype(np.uint8)
    return Observation(keypoints, scores, provenance, SIZE, FPS, skeleton=COCO17, id=number)


def test_ghosts_are_left_out_and_never_largest():
    person, flicker, poster = track_of(0, 250, 100, 0.6), track_of(1, 8, 300, 0.6), track_of(2, 300, 300, 0.25)
    assert select_people([person, flicker, poster], "all") == [person]
    assert select_people([person, flicker, poster], "largest") == [person]
    with pytest.raises(NobodyFoundError):
        select_people([flicker, poster], "all")


def test_largest_is_who_is_large_for_long():
    large, lingering, passer = track_of(0, 210, 110, 0.7), track_of(1, 280, 100, 0.7), track_of(2, 12, 200, 0.7)
    assert select_people([lingering, large, passer], "largest") == [large]
    spread = track_of(3, 300, 100, 0.7)
    spread.keypoints[:, [9, 10]] = spread.keypoints[:, [5, 6]] + np.array([[30, 0], [-30, 0]], np.float32)
    assert select_people([spread, large], "largest") == [large], "spread arms make nobody larger"


def test_choice_by_id():
    actors = [Actor(line((100, 180), (150, 180)), always()), Actor(line((350, 180), (400, 180)), always())]
    tracks = World(actors, 90).track()
    assert select_people(tracks, 1) == [tracks[1]] and select_people(tracks, "0") == [tracks[0]]
    for wrong in (7, "tallest", "-1"):
        with pytest.raises(PersonError, match="0, 1"):
            select_people(tracks, wrong)
