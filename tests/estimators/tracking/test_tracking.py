import weakref
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pytest

from estimators.errors import NobodyFoundError, PersonError
from estimators.observation import Observation, Provenance
from estimators.skeleton import COCO17
from estimators.tracking.select import select_people
from estimators.tracking.tracker import track_people
from tests.support.drawn import STANDING, Found

SIZE = (640, 360)
FPS = Fraction(30)


@dataclass
class Actor:
    """Somebody whose place is known: `path` (N,2) pixels of the body's centre, `seen` the frames in view."""

    path: np.ndarray
    seen: np.ndarray
    height: float = 120.0
    score: float = 0.8
    colour: tuple[int, int, int] = (40, 40, 200)

    def joints(self, frame: int) -> np.ndarray:
        return STANDING * self.height + self.path[frame]


@dataclass
class World:
    """Draws the actors and plays the detector that finds them, in random order, with a pixel of noise.

    The number of the frame is written into its corner pixel, so that the detector knows what is to be seen in it.
    """

    actors: list[Actor]
    length: int
    scenes: list[int] = field(default_factory=lambda: [0])  # first frame of each
    whole_frame_blind: frozenset[int] = frozenset()
    full: int = 0
    rectangles: list[np.ndarray] = field(default_factory=list)
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def frames(self):
        for number in range(self.length):
            scene = sum(number >= first for first in self.scenes)
            coarse = np.random.default_rng(scene).integers(30, 220, (6, 8, 1), np.uint8)
            image = np.ascontiguousarray(np.kron(coarse, np.ones((60, 80, 3), np.uint8)))
            for actor in self.actors:
                if actor.seen[number]:
                    x0, y0 = np.clip(actor.joints(number)[5:13].min(axis=0), 0, None).astype(int)
                    x1, y1 = np.clip(actor.joints(number)[5:13].max(axis=0), 0, None).astype(int)
                    image[y0:y1, x0:x1] = actor.colour
            image[0, 0, :2] = divmod(number, 256)
            yield image

    def detect(self, image):
        self.full += 1
        number = int(image[0, 0, 0]) * 256 + int(image[0, 0, 1])
        here = [] if number in self.whole_frame_blind else [a for a in self.actors if a.seen[number]]
        return self._found([here[i] for i in self.random.permutation(len(here))], number)

    def detect_in(self, image, boxes):
        number = int(image[0, 0, 0]) * 256 + int(image[0, 0, 1])
        self.rectangles += list(boxes.copy())
        chosen = []
        for box in boxes:
            inside = [
                a
                for a in self.actors
                if a.seen[number] and np.all((a.path[number] > box[:2]) & (a.path[number] < box[2:]))
            ]
            centre = (box[:2] + box[2:]) / 2
            chosen.append(min(inside, key=lambda a: np.linalg.norm(a.path[number] - centre), default=None))
        return self._found(chosen, number)

    def _found(self, actors, number):
        keypoints = np.zeros((len(actors), 17, 2), np.float32)
        scores = np.zeros((len(actors), 17), np.float32)
        for i, actor in enumerate(actors):
            if actor is not None:
                keypoints[i] = actor.joints(number) + self.random.normal(0, 1, (17, 2))
                scores[i] = np.clip(actor.score + self.random.normal(0, 0.03, 17), 0, 1)
        return Found(keypoints, scores)

    def track(self, **options) -> list[Observation]:
        tracks = track_people(self.frames(), self, FPS, SIZE, **options)
        for number, track in enumerate(tracks):
            missing = track.provenance == Provenance.MISSING
            assert track.id == number
            assert track.keypoints.shape == (self.length, 17, 2) and track.keypoints.dtype == np.float32
            assert np.isfinite(track.scores).all() and track.scores.min() >= 0 and track.scores.max() <= 1
            assert np.array_equal(np.isnan(track.keypoints).any(axis=(1, 2)), missing)
            assert not track.scores[missing].any()
        return tracks


def line(start, end, length=90):
    return np.linspace(start, end, length)


def always(length=90):
    return np.ones(length, bool)


def off(track: Observation, actor: Actor) -> float:
    """Greatest distance in pixels of a track from an actor, over the frames it has."""
    truth = np.stack([actor.joints(number) for number in range(len(actor.path))])
    return float(np.nanmax(np.linalg.norm(track.keypoints - truth, axis=-1).mean(axis=1)))


def owner(track: Observation, actors: list[Actor]) -> Actor:
    return min(actors, key=lambda actor: off(track, actor))


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


def test_a_person_seldom_looked_at_in_a_short_clip_is_real():
    world = World([Actor(np.tile([320.0, 180.0], (12, 1)), always(12))], 12)
    (track,) = world.track(every=4)
    assert (track.provenance == Provenance.DETECTED).sum() == 4
    assert select_people([track], "all") == [track]


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

    def detect_in(image, boxes):
        """Everybody's rectangle shows the wrong person every third frame."""
        found = closer(image, boxes)
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
