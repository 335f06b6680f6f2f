"""Motion capture onto the rig, without graphics."""

import numpy as np
import pytest

from demo_videos.body import load_body, shapes, skin
from demo_videos.motion import Motion17, load_motion
from demo_videos.render import ground_truth, stage
from demo_videos.retarget import _smooth_angle, retarget
from demo_videos.rotations import about, apply, between, swing, unit
from demo_videos.scene import View, film
from demo_videos.shots import DEMO
from demo_videos.truth import demo_clips, load_truth
from estimators.errors import DataError
from estimators.skeleton import COCO17, H36M17
from tests.support.exercise import exercise, write_exercise
from tests.support.paths import SHARED

MOCAP = SHARED / "data" / "mocap17.npz"
LIMBS = [(1, 2), (2, 3), (4, 5), (5, 6), (11, 12), (12, 13), (14, 15), (15, 16)]
FPS = 30.0


@pytest.fixture(scope="module")
def body():
    return load_body("female_average")


def mirrored(joints: np.ndarray) -> np.ndarray:
    return joints[:, list(H36M17.flip_order)] * [-1, 1, 1]


@pytest.mark.parametrize("shape", shapes())
def test_limb_directions_are_exact(shape):
    body, joints = load_body(shape), exercise()
    posed = body.joints_h36m(retarget(body, joints, FPS))
    for a, b in [*LIMBS, (1, 4)]:
        assert np.abs(unit(posed[:, b] - posed[:, a]) - unit(joints[:, b] - joints[:, a])).max() < 1e-9


def test_a_mirrored_motion_gives_the_mirrored_person(body):
    joints = exercise()
    posed = body.joints_h36m(retarget(body, joints, FPS))
    other = body.joints_h36m(retarget(body, mirrored(joints), FPS))
    assert np.abs(mirrored(other) - posed).max() < 2e-3  # the mesh itself is symmetric to a fraction of a millimetre
    assert np.abs(other - posed).max() > 0.3


def test_head_follows_the_captured_face(body):
    joints = exercise()
    turn = about(np.array([0.0, 1, 0]), np.linspace(-0.9, 0.9, len(joints)))
    joints[:, 9:11] = joints[:, 8:9] + np.einsum("nij,nkj->nki", turn, joints[:, 9:11] - joints[:, 8:9])
    nose, *_, left_ear, right_ear = np.moveaxis(body.joints_coco(retarget(body, joints, FPS))[:, :5], 1, 0)
    look = nose - (left_ear + right_ear) / 2
    yaw = np.arctan2(look[:, 0], look[:, 2])
    assert np.abs(yaw - np.linspace(-0.9, 0.9, len(joints))).max() < np.radians(3)


def test_right_is_right_seen_from_the_front(body):
    pose = retarget(body, exercise(), FPS)
    camera = film(View(azimuth_deg=0), pose.positions, np.array([0.0, 0, 1]), (640, 480))
    h36m = camera.project(camera.to_camera(body.joints_h36m(pose)))
    coco = camera.project(camera.to_camera(body.joints_coco(pose)))
    for points, skeleton in ((h36m, H36M17), (coco, COCO17)):
        left, right = list(skeleton.left), list(skeleton.right)
        assert (points[:, right, 0] < points[:, left, 0]).mean() > 0.99
    assert (h36m[:, 10, 1] < h36m[:, 0, 1]).all(), "head above hip: y points down"


def test_feet_stand_on_the_floor_and_toes_do_not_sink(body):
    pose = retarget(body, exercise(), FPS)
    soles = np.unique(body.faces["body"])
    soles = soles[body.vertices[soles, 1] < 0.02]
    lowest = [skin(body.vertices[soles], body.weights[soles], body.transforms(pose, i))[:, 1].min() for i in range(60)]
    assert min(lowest) > -0.04
    assert abs(np.percentile(lowest, 20)) < 0.02


def test_twist_is_spread_along_the_upper_arm(body):
    """Turning a whole upper arm by 120 degrees must not wring the skin: cross-sections keep their width."""
    pose = retarget(body, exercise(2), FPS)
    arm = body.bone("LeftArm")
    axis = unit(body.tails[arm] - body.heads[arm])
    twisted = pose.twists.copy()
    twisted[:, 0] += np.radians(120)
    rotations = pose.rotations.copy()
    rotations[:, arm] = rotations[:, arm] @ about(axis, np.radians(120))
    along = (body.vertices - body.heads[arm]) @ axis / np.linalg.norm(body.tails[arm] - body.heads[arm])
    fixed = np.asarray(body.weights[:, -16:-12].sum(axis=1)).ravel()  # LeftArm's four virtual bones
    ring = np.flatnonzero((fixed > 0.95) & (along > 0.3) & (along < 0.8) & (np.arange(len(along)) < 13380))
    assert len(ring) > 50

    def width(p, twists):
        changed = type(pose)(p, pose.positions, twists)
        points = skin(body.vertices[ring], body.weights[ring], body.transforms(changed, 0)) - pose.positions[0, arm]
        direction = p[0, arm] @ axis
        return np.linalg.norm(points - (points @ direction)[:, None] * direction, axis=1)

    assert np.abs(width(rotations, twisted) / width(pose.rotations, pose.twists) - 1).max() < 0.12


def test_smooth_angles_do_not_jump_where_the_hinge_cannot_be_seen():
    true = np.linspace(2.6, 3.9, 90)  # over the seam at pi
    angle = np.angle(np.exp(1j * true))
    trust = np.ones(90)
    trust[40:50] = 0
    angle[40:50] = np.random.default_rng(0).uniform(-np.pi, np.pi, 10)
    smooth = _smooth_angle(angle, trust, 0.03, FPS)
    assert np.abs(np.diff(smooth)).max() < 0.1
    assert np.abs(np.angle(np.exp(1j * (smooth - true)))).max() < 0.15


def test_rotations_between_and_swing():
    a, b = unit(np.array([[1.0, 2, 3]])), unit(np.array([[-2.0, 0.5, 1]]))
    turn = swing(a, b)
    assert np.allclose(apply(turn, a), b)
    half = between(np.eye(3)[None], turn, 0.5)
    assert np.allclose(half @ half, turn)


def test_the_camera_frames_the_whole_path_tightly(body):
    pose = retarget(body, exercise(), FPS)
    view = View(azimuth_deg=40, height_m=2.0, fill=0.8, roll_deg=5)
    camera = film(view, pose.positions, np.array([0.0, 0, 1]), (480, 854))
    pixels = camera.project(camera.to_camera(pose.positions))
    used = np.abs(pixels - np.array(camera.centre)).max(axis=(0, 1)) / camera.centre
    assert used.max() == pytest.approx(0.8, abs=0.01)


def test_motion_is_read_turned_and_resampled(tmp_path):
    joints = exercise(50)
    write_exercise(tmp_path / "mocap.npz", joints)
    motion = load_motion(tmp_path / "mocap.npz", "name1")
    assert np.abs(motion.joints - joints).max() < 1e-4
    assert (motion.subject, motion.fps) == ("subject1", 50)
    assert np.allclose(motion.at(np.array([0.1, 0.2])), motion.joints[[5, 10]])
    with pytest.raises(DataError, match=r"lasts 0\.98 s"):
        motion.at(np.array([0.0, 1.0]))
    with pytest.raises(DataError, match="no clip named"):
        load_motion(tmp_path / "mocap.npz", "name2")
    with pytest.raises(DataError, match="no motion-capture file"):
        load_motion(tmp_path / "nowhere.npz", "name1")
    np.savez(tmp_path / "other.npz", name=np.array(["name1"]))
    with pytest.raises(DataError, match="not a motion-capture file"):
        load_motion(tmp_path / "other.npz", "name1")


def test_resampling_between_frames_is_accurate():
    t = np.arange(100) / 50
    joints = np.repeat(np.sin(2 * np.pi * t)[:, None, None], 17, axis=1) * np.ones(3)
    motion = Motion17("m", "s", "test", "t", "CMU", joints, 50.0)
    times = np.arange(1, 50) / float(30000 / 1001)
    assert np.abs(motion.at(times) - np.sin(2 * np.pi * times)[:, None, None]).max() < 1e-4


def test_an_unknown_shape_is_refused():
    with pytest.raises(DataError, match="No body shape"):
        load_body("giant")


@pytest.mark.skipif(not MOCAP.is_file(), reason="needs the motion-capture file, which may not be bundled")
@pytest.mark.parametrize("shot", DEMO, ids=lambda shot: shot.name)
def test_the_bundled_truth_is_what_the_code_makes(shot):
    motion = load_motion(MOCAP, shot.motion)
    made, stored = ground_truth(stage(shot, motion), motion), load_truth(demo_clips()[shot.name][1])
    assert np.abs(made.joints_3d - stored.joints_3d).max() < 1e-4
    assert np.abs(made.coco_2d - stored.coco_2d).max() < 0.05
