"""Follow several people through a video.

People are found on the whole frame and then looked at again, each inside a rectangle of their own that is HELD still
while they move in it: a network sees a person best at one size, and a rectangle that follows every step doubles the
jitter of the joints. The frames are streamed; only joints are kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import count

import numpy as np

from estimators.finding import Found, PersonDetector
from estimators.gaps import clean, over_all_frames
from estimators.observation import Observation, Provenance
from estimators.skeleton import COCO17
from estimators.tracking import matching
from estimators.tracking.changes import RETURN, Change, Frame, watch
from estimators.tracking.closer import CloserLooks
from estimators.tracking.cuts import confirm
from estimators.tracking.linking import FORGET_NEW, contested, each_once, link
from estimators.tracking.looks import Looks
from estimators.tracking.person import Person, Pose
from estimators.tracking.reunion import reunite

FULL_FRAME_EVERY = 5  # frames between searches of the whole frame, where nobody is just lost, new or overlapped
EMPTY_EVERY = 6  # the same where nobody is at all: a search in vain takes as long as looking at a person six times
KEEP_LOST = 1.5  # seconds that a lost person is looked for, and keeps the id if found again
LOOK_AGAIN = 0.25  # seconds unseen up to which the rectangle is still searched where the whole frame shows nobody


def track_people(
    frames: Iterable[np.ndarray],
    detector: PersonDetector,
    fps: Fraction,
    image_size: tuple[int, int],
    on_frame: Callable[[int], None] | None = None,
    every: int = 1,
    moments: Iterable[float] | None = None,
) -> list[Observation]:
    """Find and follow everybody in a video.

    Args:
        frames: (H, W, 3) uint8 BGR images in order, each an array of its own; only the last few are kept.
        detector: finds people on a frame and inside rectangles.
        fps: frames per second of the video.
        image_size: (width, height) pixels.
        on_frame: called with the number of frames done, after each.
        every: the detector looks at one frame in so many, and at the last; joints between are interpolated.
        moments: when each frame is shown, in frames of `fps`, rising: frames may have been dropped. Read after each
            frame; None: one after the other.

    Returns:
        One track a person, ids from 0 in order of first appearance, each with as many frames as were given; gaps
        filled and marked, NaN where the person is not seen, `cuts` where the video is cut. Empty if nobody is.
    """
    with CloserLooks(detector) as closer:
        tracker = _Tracker(detector, closer, fps / every, image_size)
        looks = Looks(tracker.step, every)
        for index, view in enumerate(watch(frames, moments or count(), float(fps))):
            looks.take(index, view)
            if on_frame is not None:
                on_frame(index + 1)
        looks.finish()
        tracker.finish()
        closer.finish()
    people = reunite(tracker.people(len(looks.frames)), tracker.changes)
    cuts = confirm(tracker.changes, people, float(fps / every))
    times = np.array(looks.times)
    at = times if every == 1 else np.array(looks.moments)
    with_3d = any(pose.pose_3d is not None for person in people for pose in person.poses)
    tracks = (
        _to_track(number, person, looks.moments, fps / every, image_size, cuts, with_3d)
        for number, person in enumerate(people)
    )
    return [over_all_frames(clean(track, at), looks.frames, every, times) for track in tracks]


def _to_track(
    number: int, person: Person, moments: Sequence[int], fps: Fraction, image_size: tuple[int, int],
    cuts: Sequence[int], with_3d: bool,
) -> Observation:  # fmt: skip
    """A row for each of `moments`, the moments of the looks, in which the person's frames and the cuts are counted.
    `with_3d`: the detector gives poses that the picture itself shows, of somebody at least."""
    length, seen = len(moments), np.searchsorted(moments, person.frames)
    begun = tuple(int(place) for place in np.searchsorted(moments, cuts))
    track = Observation(
        keypoints=np.full((length, 17, 2), np.nan, np.float32),
        scores=np.zeros((length, 17), np.float32),
        provenance=np.full(length, Provenance.MISSING, np.uint8),
        image_size=image_size,
        fps=fps,
        skeleton=COCO17,
        pose_3d=np.full((length, 17, 3), np.nan, np.float32) if with_3d else None,
        pose_3d_scores=np.zeros((length, 17), np.float32) if with_3d else None,
        id=number,
        cuts=begun,
    )
    track.provenance[seen] = Provenance.DETECTED
    for place, pose in zip(seen, person.poses, strict=True):
        track.keypoints[place], track.scores[place] = pose.keypoints, pose.scores
        if pose.pose_3d is not None and track.pose_3d is not None and track.pose_3d_scores is not None:
            track.pose_3d[place], track.pose_3d_scores[place] = pose.pose_3d, pose.pose_3d_scores
    return track


def _expected(pose: Pose | None) -> np.ndarray:
    """(17, 3) x, y and score of the joints of a pose; zeros without one."""
    return np.zeros((17, 3)) if pose is None else pose.joints


class _Tracker:
    """Takes frames in order; holds the people seen so far."""

    def __init__(
        self, detector: PersonDetector, closer: CloserLooks, fps: Fraction, image_size: tuple[int, int]
    ) -> None:
        self.detector, self.closer, self.fps, self.image_size = detector, closer, float(fps), image_size
        self.alive: list[Person] = []
        self.ended: list[Person] = []
        self.searched = -EMPTY_EVERY  # the latest frame that was searched as a whole
        self.suspended: list[Person] = []  # ended by a change of scene: it may have been a hand before the camera
        self.changes: dict[int, Change] = {}  # the frames that may begin a new shot
        # The frames in which a newcomer may have been overlooked.
        self.recent: deque[tuple[int, Frame]] = deque(maxlen=EMPTY_EVERY - 1)

    def people(self, length: int) -> list[Person]:
        """Everybody believed to be a person after `length` frames, in order of first appearance."""
        everybody = [person for person in self.ended + self.alive if person.confirmed(length)]
        return sorted(everybody, key=lambda person: person.frames[0])

    def step(self, index: int, view: Frame, whole: bool = False) -> None:
        """Find everybody in frame `index`; all over it if it is time for that, or asked for."""
        image, change = view.image, view.change
        self._note(index, change)
        predicted = {person: person.predict(index) for person in self.alive}
        mistakable = contested(predicted)
        coarse: dict[Person, Pose] = {}
        newcomers: list[Person] = []
        since, lost = self.searched, [person for person in self.alive if person.unseen(index) > 1]
        if whole or change is not Change.NONE or mistakable or self._full_frame_due(index):
            self.searched = index
            coarse, unknown = link(index, self._find_all(image), self.alive, predicted, change)
            if change is Change.SCENE:
                self.suspended = [person for person in self.alive if person not in coarse]
                self._end(self.suspended)
            for pose in unknown:
                newcomers.append(Person(self.fps))
                newcomers[-1].see(index, pose, learn_colours=True)
                coarse[newcomers[-1]] = pose
            self.alive += newcomers
        for person, pose in self._look_again(index, view, coarse, predicted).items():
            person.see(index, pose, learn_colours=person not in mistakable)
        for person in self.alive:
            if person.unseen(index) == 0:
                person.left = view.thumbnail
                person.came = view.thumbnail if person.came is None else person.came
        self.closer.take(index, image, [person for person in self.alive if person.unseen(index) == 0], coarse)
        for person in newcomers:
            self._look_back(person, min(since, index - FULL_FRAME_EVERY))
        for person in lost:
            if person.unseen(index) == 0:
                self._look_back(person, since)
        if change is not Change.NONE:
            for person in self.alive:
                person.rest()
        self._retire(index, predicted)
        self.recent.append((index, view))

    def finish(self) -> None:
        """Search the last frame as a whole if nobody was seen in it:
        who came last may have been overlooked till now."""
        if self.recent and self.searched < self.recent[-1][0]:
            index, view = self.recent.pop()
            if all(person.unseen(index) for person in self.alive):
                self.step(index, view, whole=True)

    def _note(self, index: int, change: Change) -> None:
        """Get ready for a frame that is not like the one before it."""
        if change is Change.RETURN:  # what has been in between is no shot
            gone = {id(person) for person in self.suspended}
            self.ended = [person for person in self.ended if id(person) not in gone]
            self.alive += self.suspended
            self.changes = {at: kind for at, kind in self.changes.items() if index - at > RETURN * self.fps}
        elif change is not Change.NONE:
            self.changes[index] = change
        if change is not Change.NONE:
            self.suspended = []
            self.recent.clear()
            for person in self.alive:
                person.rest()

    def _full_frame_due(self, index: int) -> bool:
        """Now and then; and at once where somebody is new or was seen a moment ago.

        In an empty picture a search takes several times as long as looking at a person does. Who comes between two
        searches, or comes back, is found in the frames between by `_look_back`.
        """
        if not self.alive:
            return index - self.searched >= EMPTY_EVERY
        if index % FULL_FRAME_EVERY == 0 or index - self.searched >= FULL_FRAME_EVERY:
            return True
        soon = max(1, LOOK_AGAIN * self.fps)
        return any(not person.confirmed(index) or 1 < person.unseen(index) <= soon for person in self.alive)

    def _pose(self, image: np.ndarray, found: Found, number: int) -> Pose | None:
        """What the detector gave of one person, if it is enough of one to be used."""
        pose = Pose.of(found, number)
        if pose is None or not matching.is_person(pose.keypoints, pose.scores, self.image_size):
            return None
        of = image, pose.keypoints, pose.scores
        return replace(pose, colours=matching.torso_colours(*of), clothes=matching.clothes(*of))

    def _find_all(self, image: np.ndarray) -> list[Pose]:
        """Everybody on the whole frame, clearest first, each once."""
        found = self.detector.detect(image)
        poses: list[Pose] = []
        for number in np.argsort(-found.scores.mean(axis=1), kind="stable"):
            pose = self._pose(image, found, number)
            if pose is not None and not any(pose.same_person(other) for other in poses):
                poses.append(pose)
        return poses

    def _look_again(
        self, index: int, view: Frame, coarse: dict[Person, Pose], predicted: dict[Person, Pose]
    ) -> dict[Person, Pose]:
        """Look at everybody inside their rectangle; keep what agrees with the whole frame or the prediction."""
        people = [p for p in self.alive if p in coarse or p.unseen(index) <= max(1, LOOK_AGAIN * self.fps)]
        if not people:
            return {}
        expected = {person: coarse.get(person) or predicted.get(person) or person.poses[-1] for person in people}
        for person in people:
            # Nothing to be steady for where the person was not seen just before: look where they should be now.
            person.hold_rectangle(expected[person].box, anew=person.unseen(index) > 1)
        rectangles = np.stack([person.rectangle for person in people]).astype(np.float32)
        # Where the joints were a moment ago; of who was not seen then, where the whole frame shows them.
        steady = view.change is Change.NONE
        moved = {p: predicted[p] for p in people if steady and p in predicted and p.unseen(index) == 1}
        before = np.stack([_expected(moved.get(person) or coarse.get(person)) for person in people])
        found = self.detector.detect_in(view.image, rectangles, before)
        seen = dict(coarse)
        error = dict.fromkeys(people, np.inf)
        for number, person in enumerate(people):
            closer = self._pose(view.image, found, number)
            if closer is None:
                continue
            distances = {other: other.distance(expected[other], closer) for other in people}
            # The rectangle may show somebody else, who is then nearer to where that other one is expected.
            if distances[person] <= min(person.reach(index), *distances.values()):
                seen[person], error[person] = closer, distances[person]
        return each_once(seen, coarse, error)

    def _look_back(self, person: Person, since: int) -> None:
        """Find somebody who has come, or come back, also in the frames before, after `since`, latest first."""
        nearest = person.poses[-1]
        for index, view in reversed(self.recent):
            if index <= since or person.pose_at(index) is not None:
                return
            rectangle = person.rectangle[None].astype(np.float32)
            found = self.detector.detect_in(view.image, rectangle, _expected(nearest)[None])
            pose = self._pose(view.image, found, number=0)
            if pose is None or pose.scores.mean() < matching.STRONG:
                return
            if person.distance(nearest, pose) > person.reach(person.frames[-1] + 1):
                return
            others = [other.pose_at(index) for other in self.alive if other is not person]
            if any(other is not None and pose.same_person(other) for other in others):
                return
            person.see_before(index, pose)
            self.closer.take(index, view.image, [person], {})
            nearest = pose

    def _retire(self, index: int, predicted: dict[Person, Pose]) -> None:
        """End people who left through the border, were lost for too long, or were never more than a flicker."""
        gone = []
        for person in self.alive:
            if person.unseen(index) == 0:
                continue
            box = predicted[person].box
            centre = (box[:2] + box[2:]) / 2
            outside = np.any(centre < 0) or np.any(centre > self.image_size)
            patience = KEEP_LOST if person.confirmed(index + 1) else FORGET_NEW
            if outside or person.unseen(index) > max(1.0, patience * self.fps):
                gone.append(person)
        self._end(gone)

    def _end(self, people: Sequence[Person]) -> None:
        self.ended += [person for person in people if person.strong]
        self.alive = [person for person in self.alive if person not in people]
