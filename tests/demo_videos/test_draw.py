"""Drawing: the pixels lie where the ground truth says. Skips where there is no moderngl or no EGL."""

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from demo_videos import render
from demo_videos.body import Pose, load_body, skin
from demo_videos.renderer import Renderer, box_mesh, create_context
from demo_videos.rooms import COURTYARD, HALL, LIVING_ROOM, STUDIO
from demo_videos.scene import Box, Light, View, film
from demo_videos.shots import DEMO
from demo_videos.wardrobe import dress, garment_cover
from estimators.errors import ConfigError

OUTFIT = DEMO[0].outfit
ROOM = replace(STUDIO, light=Light(direction=(0, 1, 0.2)))  # the shadow stays under the person


@pytest.fixture(scope="module")
def scene():
    """A standing person, the camera before them, and two frames: with the person and without."""
    try:
        create_context().release()
    except ConfigError as error:
        pytest.skip(str(error))
    body = load_body("male_average")
    rotations = np.broadcast_to(np.eye(3), (1, len(body.bone_names), 3, 3))
    pose = Pose(rotations, body.heads[None], np.zeros((1, 4)))
    camera = film(View(azimuth_deg=0, fill=0.8), pose.positions, np.array([0.0, 0, 1]), (240, 180))
    mesh = dress(body, OUTFIT)
    frames = []
    for shown in (mesh, replace(mesh, cover=np.full_like(mesh.cover, -1.0))):
        with Renderer(body, shown, OUTFIT, ROOM, camera, np.zeros(3), 0.0) as renderer:
            frames.append(renderer.frame(pose, 0))
    return body, pose, camera, mesh, frames


@pytest.mark.slow
def test_the_person_is_drawn_where_the_truth_says(scene):
    body, pose, camera, mesh, (with_person, without) = scene
    assert with_person.shape == (180, 240, 3)
    changed = np.abs(with_person.astype(int) - without).max(axis=-1) > 12
    joints = camera.project(camera.to_camera(body.joints_coco(pose)[0]))
    x, y = np.floor(joints).astype(int).T
    assert changed[y, x].all(), "a joint lies outside the drawn person"

    points = skin(mesh.vertices, mesh.weights, body.transforms(pose, 0))
    drawn = np.unique(mesh.faces[(mesh.cover[mesh.faces] > 0).all(axis=1)])
    pixels = camera.project(camera.to_camera(points[drawn]))
    rows, columns = np.nonzero(changed[: int(pixels[:, 1].max()) - 20])  # above the shadow on the floor
    assert rows.min() == pytest.approx(pixels[:, 1].min(), abs=1.5)
    assert columns.min() == pytest.approx(pixels[:, 0].min(), abs=1.5)
    assert columns.max() + 1 == pytest.approx(pixels[:, 0].max(), abs=1.5)


def test_the_person_casts_a_shadow_on_the_floor(scene):
    _, _, camera, _, (with_person, without) = scene
    darker = (without.astype(int) - with_person).min(axis=-1) > 10
    right_foot = camera.project(camera.to_camera(np.array([[0.2, 0.0, 0.0]])))[0]
    below = darker[int(right_foot[1]) - 12 : int(right_foot[1]) + 12]
    assert below.sum() > 30


def test_the_left_side_of_the_body_is_drawn_on_the_right(scene):
    """Paint the left half of the mesh: the paint must show on the picture's right, the person facing the camera."""
    body, pose, camera, mesh, (plain, _) = scene
    half = mesh.colour.copy()
    half[mesh.vertices[:, 0] > 0] = [0.0, 1.0, 0.0]
    with Renderer(body, replace(mesh, colour=half), OUTFIT, ROOM, camera, np.zeros(3), 0.0) as renderer:
        painted = renderer.frame(pose, 0)
    columns = np.nonzero(np.abs(painted.astype(int) - plain).max(axis=-1) > 40)[1]
    assert len(columns) > 300
    assert columns.mean() > 120
    assert (columns >= 119).mean() > 0.98


@pytest.mark.slow
def test_a_shot_is_written_with_its_truth(scene, tmp_path):
    from demo_videos.motion import Motion17

    body = scene[0]
    still = np.repeat(body.rest_joints[None], 60, axis=0)
    motion = Motion17("still", "nobody", "test", "stands", "CMU", still, 50.0)
    shot = replace(DEMO[1], name="tiny", start_s=0.0, seconds=0.2, size=(120, 160), fps=Fraction(30000, 1001))
    video, seconds = render.render_shot(shot, motion, tmp_path)
    truth = render.ground_truth(render.stage(shot, motion), motion)
    assert seconds > 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tiny.mp4", "tiny.npz"]
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == shot.fps
        assert sum(1 for _ in container.decode(stream)) == len(truth) == 6


def test_the_command_fails_in_one_sentence(tmp_path, capsys):
    assert render.main(["--mocap", str(tmp_path / "none.npz"), "--out", str(tmp_path)]) == 2
    assert "no motion-capture file" in capsys.readouterr().err


def test_clothes_cover_what_they_should():
    body = load_body("female_slim_tall")
    top, trousers = garment_cover(body, OUTFIT.top), garment_cover(body, OUTFIT.trousers)
    chest, knee = (body.heads[body.bone(b)] for b in ("Spine1", "LeftLeg"))
    hand = body.heads[body.bone("LeftHand")]
    nearest = lambda p: np.argmin(np.linalg.norm(body.vertices[:13380] - p, axis=1))  # noqa: E731
    assert top[nearest(chest)] > 0 > trousers[nearest(chest)]
    assert trousers[nearest(knee)] > 0 > top[nearest(knee)]
    assert max(top[nearest(hand)], trousers[nearest(hand)]) < 0
    nose = body.face_points[0][0]
    assert max(top[nose], trousers[nose]) < 0


def test_boxes_face_outwards_and_rooms_inwards():
    for inward in (False, True):
        vertices, faces = box_mesh(Box((1, 2, 3), (1, 1, 1), (0, 0, 0), inward=inward))
        a, b, c = (vertices[faces[:, i], :3] for i in range(3))
        wound = np.einsum("fi,fi->f", np.cross(b - a, c - a), vertices[faces[:, 0], 3:6])
        out = np.einsum("fi,fi->f", vertices[faces[:, 0], 3:6], a - [1, 2, 3])
        assert (wound > 0).all()
        assert ((out < 0) if inward else (out > 0)).all()
    for room in (STUDIO, LIVING_ROOM, HALL):
        assert sum(box.inward for box in room.boxes) == 1
    assert not any(box.inward for box in COURTYARD.boxes)
