"""Motion capture onto the rig, without graphics."""

from pathlib import Path

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

MOCAP = Path(__file__).resolve().parents[3] / "shared" / "data" / "mocap17.npz"
LIMBS = [(1, 2), (2, 3), (4, 5), (5, 6), (11, 12), (12, 13), (14, 15), (15, 16)]
FPS = 30.0


@pytest.fixture(scope="module")
def body():
    return load_body("female_average")


def exercise(frames: int = 60) -> np.ndarray:
    """(N, 17, 3) a made-up person, Y up, looking along +z: steps, bends and arms that swing, unlike left and right."""
    t = np.linspace(0, 2 * np.pi, frames)
    down, side = np.array([0.0, -1, 0]), np.array([1.0, 0, 0])
    x = np.zeros((frames, 17, 3))
    x[:, 0] = [0, 0.95, 0] + 0.2 * t[:, None] * [0, 0, 1]
    for joint, offset in {7: (0, 0.23, 0), 8: (0, 0.48, 0.01), 9: (0, 0.60, 0.08), 10: (0, 0.715, 0.02)}.items():
        x[:, joint] = x[:, 0] + offset
    for hip, knee, foot, sign, phase in ((4, 5, 6, 1, 0.0), (1, 2, 3, -1, np.pi)):
        x[:, hip] = x[:, 0] + sign * 0.09 * side
        thigh = about(side, 0.1 - 0.5 * np.sin(t + phase))
        shin = about(side, 0.15 + 0.5 * (1 - np.cos(t + phase)) - 0.5 * np.sin(t + phase))
        x[:, knee] = x[:, hip] + 0.42 * apply(thigh, down)
        x[:, foot] = x[:, knee] + 0.41 * apply(shin, down)
    for shoulder, elbow, wrist, sign, reach in ((11, 12, 13, 1, 1.2), (14, 15, 16, -1, 2.4)):
        x[:, shoulder] = x[:, 8] + sign * 0.17 * side
        raised = about(np.array([0, 0, 1.0]), sign * (0.3 + reach * (1 - np.cos(t)) / 2))
        x[:, elbow] = x[:, shoulder] + 0.28 * apply(raised, down)
        bent = raised @ about(side, -1.0 - 0.6 * np.sin(t))
        x[:, wrist] = x[:, elbow] + 0.25 * apply(bent, down)
    return x


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
    used = np.abs(pixels - np.array(camera.center)).max(axis=(0, 1)) / camera.center
    assert used.max() == pytest.approx(0.8, abs=0.01)


def write_mocap(path: Path, joints: np.ndarray) -> None:
    """`joints` (N, 17, 3), Y up, as the second of two clips of a Z-up file."""
    z_up = np.concatenate([np.zeros((7, 17, 3)), joints[..., [2, 0, 1]]])
    offsets = np.round((z_up - z_up[:, :1]) * 1e4).astype(np.int16)
    labels = {key: np.array([f"{key}0", f"{key}1"]) for key in ("name", "subject", "split", "text", "licence")}
    root = z_up[:, 0].astype(np.float32)
    np.savez(path, **labels, root_m=root, offset_0p1mm=offsets, length=np.array([7, len(joints)]), fps=np.float32(50))


def test_motion_is_read_turned_and_resampled(tmp_path):
    joints = exercise(50)
    write_mocap(tmp_path / "mocap.npz", joints)
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
