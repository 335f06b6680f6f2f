"""Where Thunder looks, when MultiPose is asked as well, and how all that was seen of a person becomes one."""

from dataclasses import replace

import numpy as np
import pytest

from estimators.detection import Detections, Detector
from estimators.detection.bundled import DOUBTED, Closer, Following
from estimators.detection.fusion import fused
from estimators.detection.movenet.follow import _turned_back, quarters_about, square_about
from estimators.finding import Sight
from estimators.skeleton import COCO17
from tests.support.detectors import IMAGE, rectangles_round

STANDING = np.array(
    [[0, -60], [3, -63], [-3, -63], [8, -62], [-8, -62], [18, -45], [-18, -45], [25, -20], [-25, -20], [28, 5],
     [-28, 5], [10, 0], [-10, 0], [11, 40], [-11, 40], [12, 80], [-12, 80]], float
)  # fmt: skip


def joints(scores: float = 0.9, shift: tuple[float, float] = (300.0, 200.0)) -> np.ndarray:
    return np.column_stack([STANDING + shift, np.full(17, scores)])


def test_the_square_is_about_the_hips_and_holds_the_body():
    square = square_about(joints())
    np.testing.assert_allclose((square[:2] + square[2:]) / 2, (300, 200))
    np.testing.assert_allclose(square[2:] - square[:2], 2 * 1.2 * 80)


def test_a_bent_body_still_has_its_trunk_in_a_wide_square():
    bent = joints()
    bent[[13, 14, 15, 16], :2] = (300, 200)  # legs drawn up, head down, arms in
    bent[:5, :2] = (300, 190)
    bent[7:11, :2] = (300, 195)
    square = square_about(bent)
    np.testing.assert_allclose(square[2:] - square[:2], 2 * 1.9 * 45)


def test_joints_that_are_not_trusted_do_not_move_the_square():
    wild = joints()
    wild[9] = (3000, -900, 0.1)
    np.testing.assert_array_equal(square_about(wild), square_about(joints()))


@pytest.mark.parametrize("hidden", ["hip", "shoulder"])
def test_without_a_trunk_there_is_no_square(hidden):
    seen = joints()
    seen[[COCO17.joints.index(f"{side}_{hidden}") for side in ("left", "right")], 2] = 0.1
    assert square_about(seen) is None
    assert square_about(np.zeros((17, 3))) is None


def turned(joints: np.ndarray, degrees: float) -> np.ndarray:
    """The same person, turned clockwise in the picture about the hips."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.column_stack([(joints[:, :2] - (300, 200)) @ turn + (300, 200), joints[:, 2]])


@pytest.mark.parametrize(
    ("degrees", "quarters"), [(0, 0), (40, 0), (-40, 0), (60, 1), (90, 1), (180, 2), (-170, 2), (-90, 3)]
)
def test_who_does_not_stand_is_turned_by_quarters(degrees, quarters):
    assert quarters_about(turned(joints(), degrees)) == quarters
    assert quarters_about(turned(joints(scores=0.1), degrees)) == 0


@pytest.mark.parametrize("quarters", range(4))
def test_joints_go_back_as_the_picture_was_turned(quarters):
    picture = np.zeros((256, 256), np.uint8)
    picture[40, 90] = 1
    row, column = np.argwhere(np.rot90(picture, quarters))[0]
    np.testing.assert_array_equal(_turned_back(np.array([[column + 0.5, row + 0.5]]), quarters), [[90.5, 40.5]])


def test_two_looks_become_their_mean_as_sure_as_both():
    first = Detections.of(STANDING[None], np.full((1, 17), 0.9), np.array([0.9]))
    second = Detections.of(STANDING[None] + 4, np.full((1, 17), 0.3), np.array([0.3]))
    both = fused([first, second])
    np.testing.assert_allclose(both.keypoints[0], STANDING + 1, atol=1e-4)
    np.testing.assert_allclose(both.scores, 0.6, atol=1e-6)


def test_of_three_looks_each_counts_where_it_sees_the_person():
    looks = [Detections.of(np.stack([STANDING + s] * 2), np.full((2, 17), 0.6), np.full(2, 0.6)) for s in (0, 3, 9)]
    looks[2].scores[1] = 0
    together = fused(looks)
    np.testing.assert_allclose(together.keypoints, [STANDING + 4, STANDING + 1.5], atol=1e-4)
    np.testing.assert_allclose(together.scores, 0.6, atol=1e-6)


def test_who_is_seen_once_only_is_as_that_look_has_them():
    first = Detections.of(np.stack([STANDING, STANDING]), np.full((2, 17), 0.8), np.array([0.8, 0.8]))
    scores = np.stack([np.zeros(17), np.full(17, 0.8)])
    both = fused([first, Detections.of(np.stack([STANDING + 99, STANDING]), scores, np.array([0.0, 0.8]))])
    np.testing.assert_allclose(both.keypoints, first.keypoints, atol=1e-4)
    np.testing.assert_allclose(both.scores, 0.8, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_who_is_upside_down_is_seen_as_well_as_who_stands(quarters):
    detector = Detector("thunder")
    people = detector.detect(IMAGE)[:1]
    side = max(IMAGE.shape[:2])
    square = np.zeros((side, side, 3), np.uint8)
    square[: IMAGE.shape[0], : IMAGE.shape[1]] = IMAGE
    known = np.concatenate([people.keypoints, people.scores[..., None]], axis=-1)[0]
    around = rectangles_round(people)
    stands = detector.detect_in(square, around, known[None])
    moved = known.copy()
    for _ in range(quarters):  # as np.rot90 turns
        moved[:, :2] = np.column_stack([moved[:, 1], side - moved[:, 0]])
    lies = detector.detect_in(np.ascontiguousarray(np.rot90(square, quarters)), around, moved[None])
    back = lies.keypoints[0]
    for _ in range(quarters):
        back = np.column_stack([side - back[:, 1], back[:, 0]])
    size = np.ptp(people.keypoints[0, :, 1])
    assert np.linalg.norm(back - stands.keypoints[0], axis=1).mean() < 0.02 * size
    assert lies.scores.mean() > 0.9 * stands.scores.mean()


def seen(shift: float = 0.0, scores: float = 0.8, deep: bool = True) -> Detections:
    """Somebody who was seen so far to the right."""
    found = Detections.of(STANDING[None] + [300 + shift, 200], np.full((1, 17), scores), np.full(1, scores))
    return replace(found, poses_3d=np.ones((1, 17, 3)), poses_3d_scores=np.ones((1, 17))) if deep else found


def test_who_has_both_sides_wrong_in_the_first_look_is_put_right_by_the_others():
    """As in a deep squat from behind: Thunder for long, BlazePose never, MultiPose in one search of four."""
    mirrored = joints()[list(COCO17.flip_order)]
    sights = []
    for frame in range(20):
        whole = None if frame % 5 else mirrored if frame == 10 else joints()
        closer = Closer(seen(), seen(scores=0.0, deep=False))
        sights.append(Sight(frame, mirrored if frame < 16 else joints(), closer, whole))
    settled = Following(None, None, None, alone=False).settle(sights)
    np.testing.assert_allclose(settled.keypoints, np.broadcast_to(STANDING + [300, 200], (20, 17, 2)), atol=1e-4)


@pytest.mark.parametrize("degrees", [0, 180])
def test_multipose_has_no_vote_on_who_is_upside_down(degrees):
    """It takes left for right there more often than not."""
    known = turned(joints(), degrees)
    sights = [Sight(frame, known, None, known[list(COCO17.flip_order)]) for frame in range(0, 20, 5)]
    settled = Following(None, None, None, alone=False).settle(sights)
    expected = known if degrees else known[list(COCO17.flip_order)]
    np.testing.assert_allclose(settled.keypoints, np.broadcast_to(expected[:, :2], (4, 17, 2)), atol=1e-3)


def test_where_thunder_is_in_doubt_multipose_is_asked_and_counts():
    sights = [Sight(0, joints(scores=0.3), Closer(seen(3, 0.3), seen(9, 0.6, deep=False)))]
    settled = Following(None, None, None, alone=False).settle(sights)
    np.testing.assert_allclose(settled.keypoints[0], STANDING + [305.25, 200], atol=1e-4)
    np.testing.assert_allclose(settled.scores, 0.4, atol=1e-6)
    assert settled.poses_3d is not None


@pytest.mark.slow
def test_multipose_looks_again_at_those_of_whom_thunder_is_in_doubt_only():
    detector = Detector("thunder+blazepose")
    people = detector.detect(IMAGE)
    scores = people.scores.copy()
    scores[0], scores[1:] = DOUBTED - 0.01, DOUBTED
    closer = detector.look_closer(IMAGE, people.keypoints, scores)
    assert [bool(look.multipose.scores.any()) for look in closer] == [True] + [False] * (len(people) - 1)
    upside_down = people.keypoints[:1] * [1, -1] + [0, IMAGE.shape[0]]
    (look,) = detector.look_closer(IMAGE, upside_down, scores[:1])
    assert not look.multipose.scores.any()
    size = np.ptp(people.keypoints[0, :, 1])
    assert np.linalg.norm(closer[0].multipose.keypoints - people.keypoints[:1], axis=-1).mean() < 0.05 * size


@pytest.mark.slow
@pytest.mark.parametrize("name", ["thunder", "blazepose", "thunder+blazepose"])
def test_the_networks_agree_on_who_is_where(name):
    detector = Detector(name)
    people = detector.detect(IMAGE)
    rectangles = rectangles_round(people)
    lost = detector.detect_in(IMAGE, rectangles)
    before = np.concatenate([people.keypoints, people.scores[..., None]], axis=-1)
    followed = detector.detect_in(IMAGE, rectangles, before)
    for looked in (lost, followed):
        assert len(looked) == len(people)
        size = np.ptp(people.keypoints[..., 1], axis=1)
        apart = np.linalg.norm(looked.keypoints - people.keypoints, axis=-1).mean(axis=1)
        assert (apart < 0.06 * size).all() and (looked.scores.mean(axis=1) > 0.4).all()
        closer = detector.look_closer(IMAGE, looked.keypoints, looked.scores)
        assert (closer is not None) == ("blazepose" in name)
        for number in range(len(looked)):
            first = np.column_stack([looked.keypoints[number], looked.scores[number]])
            settled = detector.settle([Sight(0, first, None if closer is None else closer[number])])
            assert np.linalg.norm(settled.keypoints[0] - first[:, :2], axis=1).mean() < 0.05 * size[number]
            assert settled.poses_3d is None if closer is None else np.ptp(settled.poses_3d) > 1
    alone = detector.detect_in(IMAGE, rectangles[:1], before[:1])  # as in a batch with others
    np.testing.assert_allclose(alone.keypoints, followed.keypoints[:1], atol=0.05)
