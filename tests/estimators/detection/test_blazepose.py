"""How BlazePose is asked: where it looks, what becomes of its landmarks, whose left is left."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from demo_videos.truth import demo_clips, load_truth
from estimators.detection import loading
from estimators.detection.approaches import exact
from estimators.detection.blazepose.landmarks import LANDMARKS, to_coco, to_h36m
from estimators.detection.blazepose.look import BlazePose
from estimators.detection.blazepose.region import SIDE, Region, region_of
from estimators.detection.detections import Detections
from estimators.detection.relabelling import APART, relabelled
from estimators.skeleton import COCO17, H36M17

PICTURE = (640, 480)
# Somebody who stands upright and faces the camera; 200 pixels tall, hips in the middle of the picture.
STANDING = np.array(
    [[320, 140], [325, 135], [315, 135], [332, 138], [308, 138], [345, 170], [295, 170], [360, 205], [280, 205],
     [362, 240], [278, 240], [335, 240], [305, 240], [338, 290], [302, 290], [338, 335], [302, 335]], np.float32
)  # fmt: skip
SURE = np.ones(17, np.float32)


def coco(name: str) -> int:
    return COCO17.joints.index(name)


def h36m(name: str) -> int:
    return H36M17.joints.index(name)


def traded(points: np.ndarray, *names: str, joints: tuple[str, ...] = COCO17.joints) -> np.ndarray:
    """Points of which left and right of these pairs have changed places."""
    points = points.copy()
    for name in names:
        pair = [joints.index(f"{side}_{name}") for side in ("left", "right")]
        points[pair] = points[pair[::-1]]
    return points


def people(keypoints: np.ndarray, scores: np.ndarray = SURE) -> Detections:
    found = Detections.of(keypoints[None], scores[None], np.ones(1))
    pose = np.arange(51, dtype=np.float32).reshape(1, 17, 3)
    return Detections(
        **{**vars(found), "poses_3d": pose, "poses_3d_scores": np.linspace(0, 1, 17, dtype=np.float32)[None]}
    )


def test_the_region_is_round_the_hips_and_stands_as_the_trunk_does():
    region = region_of(STANDING, SURE, PICTURE)
    assert region.centre == pytest.approx([320, 240]) and region.angle == pytest.approx(0)
    farthest = np.linalg.norm(STANDING - [320, 240], axis=1).max()
    assert region.side == pytest.approx(SIDE * farthest)
    on_the_head = STANDING * [1, -1] + [0, 480]
    assert abs(region_of(on_the_head, SURE, PICTURE).angle) == pytest.approx(np.pi)
    lying = (STANDING - [320, 240])[:, ::-1] * [-1, 1] + [320, 240]  # the head to the right
    assert region_of(lying, SURE, PICTURE).angle == pytest.approx(np.pi / 2)


def test_joints_that_are_not_seen_are_not_asked_where_the_region_is():
    far = STANDING.copy()
    far[coco("left_ankle")] = 5000
    doubtful = SURE.copy()
    doubtful[coco("left_ankle")] = 0.1
    assert region_of(far, doubtful, PICTURE).side < 400
    waist_up = SURE.copy()
    waist_up[coco("left_hip") :] = 0
    region = region_of(STANDING, waist_up, PICTURE)
    upper = STANDING[: coco("left_hip")]
    assert region.centre == pytest.approx((upper.min(axis=0) + upper.max(axis=0)) / 2) and region.angle == 0


def test_where_there_is_nothing_to_see_there_is_no_region():
    assert region_of(STANDING, SURE * 0, PICTURE) is None
    assert region_of(STANDING + 5000, SURE, PICTURE) is None
    assert region_of(STANDING * 0 + 100, SURE, PICTURE) is None
    assert region_of(np.full((17, 2), np.nan), SURE, PICTURE) is None


@pytest.mark.parametrize("side", [120.0, 256.0, 1100.0])
@pytest.mark.parametrize("angle", [0.0, 0.7, np.pi, -2.0])
def test_a_dot_is_found_again_where_it_was_in_the_picture(side, angle):
    picture = np.zeros((1200, 1600, 3), np.uint8)
    region = Region(np.array([700.0, 500.0]), side, angle)
    dot = region.centre + side * np.array([0.2, -0.15])
    rows, columns = np.mgrid[:1200, :1600] + 0.5  # middles of pixels
    spread = side / 60
    picture[:] = (250 * np.exp(-((columns - dot[0]) ** 2 + (rows - dot[1]) ** 2) / (2 * spread**2)))[..., None]
    shown = region.cut_out(picture)[..., 0].astype(float)
    assert shown.shape == (256, 256)
    middles = np.arange(256) + 0.5
    seen = np.array([(shown.sum(axis=0) * middles).sum(), (shown.sum(axis=1) * middles).sum()]) / shown.sum()
    assert region.to_picture(seen) == pytest.approx(dot, abs=0.1 * side / 256)


def test_beyond_the_picture_its_border_goes_on():
    picture = np.full((100, 100, 3), 40, np.uint8)
    picture[:, :50] = 200
    shown = Region(np.array([0.0, 50.0]), 400.0, 0.0).cut_out(picture)
    assert (shown[:, :120] == 200).all() and (shown[:, -60:] == 40).all()


def test_poses_are_turned_back_as_points_of_the_picture_are():
    region = Region(np.array([100.0, 100.0]), 256.0, 0.6)
    points = np.random.default_rng(0).normal(size=(5, 3))
    turned = region.turned_back(points)
    assert turned[:, :2] == pytest.approx(region.to_picture(points[:, :2] + 128) - region.centre)
    assert (turned[:, 2] == points[:, 2]).all()


def test_landmarks_become_joints():
    names = [*LANDMARKS]
    marks = np.arange(33)[:, None] * np.array([1.0, 10.0, 100.0])
    keypoints, scores = to_coco(marks[:, :2], np.arange(33) / 33)
    hips, shoulders = (
        sum(names.index(f"{side}_{name}") for side in ("left", "right")) / 2 for name in ("hip", "shoulder")
    )
    for number, joint in enumerate(COCO17.joints):
        higher = 0.04 * (shoulders - hips) if joint.endswith("hip") else 0
        assert keypoints[number, 0] == pytest.approx(names.index(joint) + higher)
        assert scores[number] == names.index(joint) / 33
    poses, sure = to_h36m(marks, np.arange(33) / 33)
    hip = 0.96 * hips + 0.04 * shoulders
    assert poses[0] == pytest.approx(0) and sure[0] == pytest.approx(hip / 33)
    for joint, mark in {"left_foot": "left_ankle", "right_wrist": "right_wrist", "left_elbow": "left_elbow"}.items():
        assert poses[h36m(joint), 0] == pytest.approx(names.index(mark) - hip)
        assert sure[h36m(joint)] == pytest.approx(names.index(mark) / 33)
    assert poses[h36m("left_hip"), 0] == pytest.approx(names.index("left_hip") - hips)
    assert ((sure >= 0) & (sure <= 1)).all()


@pytest.mark.parametrize(
    "names",
    [
        ("wrist", "elbow", "shoulder"),
        ("ankle", "knee", "hip"),
        ("ankle", "knee"),
        ("wrist",),
        ("wrist", "elbow", "shoulder", "ankle", "knee", "hip", "eye", "ear"),
    ],
)
def test_traded_limbs_are_traded_back(names):
    wrong = people(traded(STANDING, *names), traded(np.linspace(0.5, 1, 17, dtype=np.float32), *names))
    right = relabelled(wrong, STANDING[None], SURE[None])
    body = [coco(f"{side}_{name}") for side in ("left", "right") for name in ("wrist", "elbow", "ankle", "knee")]
    assert right.keypoints[0, body] == pytest.approx(STANDING[body])
    assert right.scores[0, body] == pytest.approx(np.linspace(0.5, 1, 17)[body])
    in_3d = ["foot" if name == "ankle" else name for name in names if name not in ("eye", "ear")]
    for what in ("poses_3d", "poses_3d_scores"):
        expected = traded(getattr(wrong, what)[0], *in_3d, joints=H36M17.joints)
        assert (getattr(right, what)[0] == expected).all()


def test_what_is_right_or_in_doubt_stays():
    noise = np.random.default_rng(0).normal(0, 2, (17, 2)).astype(np.float32)
    near = people(STANDING + noise)
    kept = relabelled(near, STANDING[None], SURE[None])
    for name, values in vars(near).items():
        assert (getattr(kept, name) == values).all()
    unsure = SURE.copy()
    unsure[[coco("left_wrist"), coco("right_wrist")]] = 0
    wrong = people(traded(STANDING, "wrist"))
    assert (relabelled(wrong, STANDING[None], unsure[None]).keypoints == wrong.keypoints).all()


def test_somebody_else_is_nobody():
    size = np.ptp(STANDING, axis=0).max()
    for shift, counts in ((APART * 0.9, True), (APART * 1.1, False)):
        found = relabelled(people(STANDING + np.float32([shift * size, 0])), STANDING[None], SURE[None])
        for scores in (found.scores, found.person_scores, found.poses_3d_scores):
            assert scores.any() == counts
        assert np.isfinite(found.poses_3d).all() == counts


@pytest.fixture(scope="module")
def blazepose():
    model = loading.build(Path(loading.__file__).parent / "blazepose" / "heavy_config.py")
    loading.load_into(model, "blazepose-heavy")
    return BlazePose(model.eval())


@pytest.fixture(scope="module")
def frame():
    """A frame of a rendered clip, with where the person is: (H,W,3), (17,2) pixels, (17,3) metres from the hip."""
    video, truth = demo_clips()["hopper"]
    _, picture = cv2.VideoCapture(str(video)).read()
    known = load_truth(truth)
    return picture, known.coco_2d[0].astype(np.float32), known.joints_3d[0] - known.joints_3d[0, :1]


def test_people_are_seen_all_at_once_in_the_picture_and_in_3d(blazepose, frame):
    picture, keypoints, pose = frame
    wide = np.concatenate([picture, np.rot90(picture, 2)], axis=1)  # beside themselves, on the head
    other = [2 * picture.shape[1], picture.shape[0]] - keypoints
    wanted = np.stack([keypoints, other, keypoints])
    sure = np.stack([SURE, SURE, SURE * 0])
    with exact():
        found = blazepose.look(wide, wanted, sure)
    size = np.ptp(keypoints, axis=0).max()
    assert len(found) == 3 and (found.scores[:2].mean(axis=1) > 0.8).all()
    assert (np.linalg.norm(found.keypoints - wanted, axis=2).mean(axis=1) < 0.03 * size).all()
    on_the_head = pose * [-1, -1, 1]
    for number, expected in enumerate((pose, on_the_head)):
        assert np.linalg.norm(found.poses_3d[number] - expected, axis=1).mean() < 0.12
    assert found.poses_3d[:2, 0] == pytest.approx(0) and found.poses_3d.dtype == np.float32
    for scores in (found.scores[2], found.person_scores[2], found.poses_3d_scores[2]):
        assert not scores.any()


def test_nobody_is_seen_where_nobody_is(blazepose, frame):
    picture, keypoints, _ = frame
    with exact():
        assert len(blazepose.look(picture, keypoints[:0, None].reshape(0, 17, 2), np.zeros((0, 17), np.float32))) == 0
        empty = blazepose.look(np.full_like(picture, 120), keypoints[None], SURE[None])
    assert not empty.scores.any() and not empty.person_scores.any() and not empty.poses_3d_scores.any()
    assert np.isfinite(empty.keypoints).all() and np.isnan(empty.poses_3d).all()
