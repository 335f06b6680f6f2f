"""People followed through a video: gaps, dropped frames, the rectangles held, and frames that are streamed."""

import weakref

import numpy as np
import pytest

from estimators.errors import NobodyFoundError
from estimators.observation import Provenance
from estimators.tracking.select import select_people
from estimators.tracking.tracker import track_people
from tests.support.actors import FPS, SIZE, Actor, World, always, line, off


def test_short_dropout_is_filled_and_marked_long_one_stays_missing():
    actor = Actor(line((150, 180), (450, 180)), always())
    actor.seen[20:28] = False  # 0.27 s
    actor.seen[50:75] = False  # 0.83 s
    (track,) = World([actor], 90).track()
    assert np.all(track.provenance[20:28] == Provenance.INTERPOLATED)
    assert np.all(track.provenance[50:75] == Provenance.MISSING)
    assert np.all(track.provenance[actor.seen] == Provenance.DETECTED)
    assert off(track, actor) < 5
    assert track.scores[20:28].max() < track.scores[19].min()


def test_crop_carries_on_where_the_whole_frame_shows_nobody():
    actor = Actor(line((150, 180), (450, 180)), always())
    (track,) = World([actor], 90, whole_frame_blind=frozenset(range(30, 70))).track()
    assert np.all(track.provenance == Provenance.DETECTED)


def test_crop_finds_again_who_was_lost_for_a_moment():
    actor = Actor(line((150, 180), (450, 180)), always())
    actor.seen[40:45] = False
    (track,) = World([actor], 90, whole_frame_blind=frozenset(range(30, 70))).track()
    assert np.array_equal(track.provenance == Provenance.DETECTED, actor.seen)


def test_nobody_is_an_outcome_not_a_crash():
    world = World([], 20)
    tracks = world.track()
    assert tracks == [] and world.full == 5  # frames 0, 6, 12, 18, and the last
    for person in ("largest", "all", 0):
        with pytest.raises(NobodyFoundError):
            select_people(tracks, person)


def test_no_frames_and_one_frame():
    assert World([], 0).track() == []
    (track,) = World([Actor(line((300, 180), (300, 180), 1), always(1))], 1).track()
    assert track.provenance.tolist() == [Provenance.DETECTED]
    assert select_people([track], "all") == [track]


@pytest.mark.slow
@pytest.mark.parametrize("every", [1, 2])
def test_dropped_frames_are_time_in_which_people_move(every):
    """A tenth of a second is lost now and then, and once half a second: a runner is far away by then, and the same."""
    kept = np.setdiff1d(np.arange(200), [*range(40, 44), *range(90, 105), *range(150, 154)])
    path = line((60, 180), (600, 180), 200)
    actors = [Actor(path[kept], always(len(kept)))]
    world = World(actors, len(kept))
    (track,) = world.track(moments=iter(kept.tolist()), every=every)
    assert np.all(track.provenance != Provenance.MISSING) and off(track, actors[0]) < 8


def test_a_gap_over_dropped_frames_is_as_long_as_it_lasts():
    """Six frames without the person are filled; six frames and a pause of a second between them are not."""
    seen = ~np.isin(np.arange(90), range(40, 46))
    for pause, kind in ((0, Provenance.INTERPOLATED), (30, Provenance.MISSING)):
        actor = Actor(line((300, 180), (330, 180)), seen)
        moments = np.arange(90) + pause * (np.arange(90) >= 43)
        (track,) = World([actor], 90).track(moments=iter(moments.tolist()))
        assert np.all(track.provenance[40:46] == kind) and np.all(track.provenance[seen] == Provenance.DETECTED)


def test_the_last_frame_half_a_minute_late_belongs_to_the_same_person():
    seen = ~np.isin(np.arange(50), range(20, 25))
    actor = Actor(line((300, 180), (330, 180), 50), seen)
    moments = [*range(49), 950]
    (track,) = World([actor], 50).track(moments=iter(moments))
    assert np.flatnonzero(track.provenance == Provenance.INTERPOLATED).tolist() == [20, 21, 22, 23, 24]
    assert np.all(track.provenance[seen] == Provenance.DETECTED)


def test_rectangle_is_held_and_always_holds_the_person():
    sway = np.stack([320 + 8 * np.sin(np.arange(90) / 5), np.full(90, 180)], axis=1)
    world = World([Actor(sway, always())], 90)
    world.track()
    assert len(np.unique(world.rectangles, axis=0)) == 1

    walker = Actor(line((100, 180), (540, 180)), always())
    world = World([walker], 90)
    world.track()
    assert 3 < len(np.unique(world.rectangles, axis=0)) < 25
    for number, box in enumerate(world.rectangles):
        joints = walker.joints(number)
        assert np.all(joints > box[:2]) and np.all(joints < box[2:])
        assert 1.6 < (box[3] - box[1]) / np.ptp(joints, axis=0).max() < 2.4


def test_scores_beyond_one_and_broken_values_stay_out():
    actor = Actor(line((200, 180), (240, 180)), always())
    world = World([actor], 90)
    whole, closer = world.detect, world.detect_in

    def spoil(found):
        found.scores[:, 3] = np.nan
        found.scores[:, 4] = 1.4
        return found

    world.detect, world.detect_in = (lambda image: spoil(whole(image))), (lambda *args: spoil(closer(*args)))
    (track,) = world.track()
    assert np.all(track.provenance == Provenance.DETECTED)


def test_frames_are_streamed():
    world = World([Actor(line((200, 180), (240, 180)), always())], 90)
    alive: list[weakref.ref] = []
    most = 0

    class Frame(np.ndarray):
        pass

    def frames():
        nonlocal most
        for image in world.frames():
            frame = image.view(Frame)
            alive.append(weakref.ref(frame))
            most = max(most, sum(ref() is not None for ref in alive))
            yield frame

    done: list[int] = []
    track_people(frames(), world, FPS, SIZE, on_frame=done.append)
    assert done == list(range(1, 91))
    assert most <= 5 + 3  # kept to look back into, and ahead to tell a cut


def test_state_does_not_leak_from_clip_to_clip():
    first = World([Actor(line((200, 180), (240, 180)), always())], 90)
    assert len(first.track()) == 1
    assert World([], 10).track() == []


@pytest.mark.parametrize("every", [1, 3])
def test_what_the_detector_reads_in_3d_stays_with_the_person(every):
    """Two people who pass each other; nothing is read of the first in a third of a second."""
    actors = [Actor(line((150, 150), (450, 150)), always()), Actor(line((450, 220), (150, 220)), always())]
    (first, second) = sorted(DeepWorld(actors, 90).track(every=every), key=lambda track: track.keypoints[0, 0, 0])
    unread = np.isin(np.arange(90), UNREAD) if every == 1 else np.isin(np.arange(90), range(28, 42))
    for track, number, gone in ((first, 1, unread), (second, 2, np.zeros(90, bool))):
        assert np.array_equal(track.present_3d, ~gone)
        assert (track.pose_3d[~gone] == number).all() and (track.pose_3d_scores[~gone] == np.float32(0.5)).all()
        assert np.isnan(track.pose_3d[gone]).all() and not track.pose_3d_scores[gone].any()
    assert World(actors, 90).track()[0].pose_3d is None


UNREAD = range(30, 40)


class DeepWorld(World):
    """Reads poses of people: every coordinate is the actor's number, from 1."""

    def detect_in(self, image, boxes, before=None):
        found = super().detect_in(image, boxes, before)
        frame = int(image[0, 0, 0]) * 256 + int(image[0, 0, 1])
        at = np.stack([actor.joints(frame) for actor in self.actors])
        who = np.linalg.norm(found.keypoints[:, None] - at, axis=3).mean(axis=2).argmin(axis=1) + 1.0
        found.poses_3d = np.tile(who[:, None, None], (1, 17, 3))
        found.poses_3d_scores = np.full((len(who), 17), 0.5)
        if frame in UNREAD:
            found.poses_3d[who == 1], found.poses_3d_scores[who == 1] = np.nan, 0
        return found
