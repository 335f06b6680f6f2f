"""Second looks beside the tracking: what they add is settled at the end, whoever is quicker, and they end with it."""

import threading
import time

import numpy as np
import pytest

from estimators.observation import Provenance
from estimators.tracking.tracker import FULL_FRAME_EVERY
from tests.support.actors import Actor, Found, World, always, line

ACTORS = [Actor(line((100, 180), (200, 180)), always()), Actor(line((500, 180), (400, 180)), always())]


class Closer(World):
    """Looks again, two pixels to the right of the first look, and reads depth; takes its time."""

    def __init__(self, wait: float = 0.0, fails: bool = False) -> None:
        super().__init__(ACTORS, 40)
        self.wait, self.fails, self.threads, self.settled = wait, fails, set(), []

    def look_closer(self, image, keypoints, scores):
        self.threads.add(threading.current_thread())
        time.sleep(self.wait)
        if self.fails:
            raise MemoryError("too much")
        return list(keypoints + np.array([2, 0], np.float32))

    def settle(self, sights):
        self.settled.append(sights)
        keypoints = np.stack([sight.closer for sight in sights])
        found = Found(keypoints, np.full((len(sights), 17), 0.75))
        found.poses_3d, found.poses_3d_scores = np.ones((len(keypoints), 17, 3)), np.full(found.scores.shape, 0.5)
        return found


def test_the_second_look_takes_the_place_of_the_first():
    first, second = World(ACTORS, 40).track(), Closer().track()
    assert len(first) == len(second) == 2
    for once, twice in zip(first, second, strict=True):
        seen = twice.provenance == Provenance.DETECTED
        np.testing.assert_array_equal(twice.provenance, once.provenance)
        np.testing.assert_allclose(twice.keypoints[seen], once.keypoints[seen] + [2, 0], atol=1e-3)
        assert (twice.scores[seen] == 0.75).all()
        assert (twice.pose_3d[seen] == 1).all() and (twice.pose_3d_scores[seen] == 0.5).all()


def test_all_that_was_seen_of_a_person_is_settled_in_order_of_time():
    world = Closer()
    tracks = world.track()
    assert len(world.settled) == 2
    for track, sights in zip(tracks, world.settled, strict=True):
        assert [sight.frame for sight in sights] == np.flatnonzero(track.provenance == Provenance.DETECTED).tolist()
        searched = [sight.frame for sight in sights if sight.whole is not None]
        assert len(searched) >= 40 // FULL_FRAME_EVERY and set(range(0, 40, FULL_FRAME_EVERY)) <= set(searched)
        for sight in sights:  # two pixels to the right of one look, and near the other
            np.testing.assert_allclose(sight.closer, sight.first[:, :2] + [2, 0], atol=1e-3)
            assert sight.whole is None or np.abs(sight.whole - sight.first).max() < 10


def test_what_is_found_does_not_depend_on_who_is_quicker():
    quick, slow = Closer().track(), Closer(wait=0.01).track()
    for a, b in zip(quick, slow, strict=True):
        np.testing.assert_array_equal(a.keypoints, b.keypoints)


def test_an_error_of_the_second_look_ends_the_tracking_and_its_thread():
    world = Closer(fails=True)
    with pytest.raises(MemoryError):
        world.track()
    assert not any(thread.is_alive() for thread in world.threads)


def test_a_tracking_that_is_cancelled_leaves_no_thread():
    world = Closer(wait=0.01)

    def stop(done: int) -> None:
        if done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.track(on_frame=stop)
    assert world.threads and not any(thread.is_alive() for thread in world.threads)
