"""Varied shots: other people, rooms that hold the camera, harder flaws; and plain shots that stay what they are."""

import hashlib
from dataclasses import astuple, replace

import numpy as np
import pytest

from demo_videos import suite
from demo_videos.body import Build, Pose, growth, load_body, shapes, skin
from demo_videos.drawing import draw_shot
from demo_videos.flaws import Flaws, Occluder
from demo_videos.meshes import Surface
from demo_videos.motion import Motion17
from demo_videos.render import ground_truth, stage
from demo_videos.retarget import lifted
from demo_videos.rooms import COURTYARD, HALL
from demo_videos.rotations import about
from demo_videos.scene import View, film
from demo_videos.varied import draw_varied_shot
from demo_videos.wardrobe import dress
from tests.demo_videos.test_suite import MOTIONS, motion
from tests.support.exercise import write_exercise

SHOTS = [draw_varied_shot(MOTIONS, 0, i) for i in range(80)]
CHILD = Build((0.5, 0.5, 0.0, 0.0, 0.0, 0.0), height_m=1.2, head=1.15)


def motion_of(name: str) -> Motion17:
    return next(m for m in MOTIONS if m.name == name)


def standing(build: Build | str) -> tuple:
    """A body, its rest pose at its height, and the posed vertices."""
    body = load_body(build)
    rotations = np.broadcast_to(np.eye(3), (1, len(body.bone_names), 3, 3))
    pose = Pose(rotations, body.heads[None], np.zeros((1, 4))).scaled(growth(build, body))
    return body, pose, skin(body.vertices, body.weights, body.transforms(pose, 0))


def told(value: object) -> str:
    """A shot's values as text, floats to nine digits: what any machine draws."""
    if isinstance(value, tuple):
        return "(" + " ".join(map(told, value)) + ")"
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def test_plain_shots_are_what_they_were_when_results_were_first_compared_on_them():
    drawn = hashlib.sha256()
    for shot in (draw_shot(MOTIONS, seed, index) for seed in (0, 2) for index in range(34)):
        outfit, view, flaws = shot.outfit, shot.view, shot.flaws
        looks = (outfit.skin, outfit.hair, outfit.shoes, outfit.soles, outfit.hairdo)
        filmed = (view.azimuth_deg, view.height_m, view.focal, view.fill, view.roll_deg, shot.size, str(shot.fps))
        spoilt = (flaws.light, flaws.grain, flaws.defocus_px, flaws.open_shutter, flaws.crf)
        where = (shot.motion, shot.start_s, shot.seconds, shot.grip, shot.room.name, shot.room_turn_deg)
        clothes = astuple(outfit.top), astuple(outfit.trousers), outfit.skirt, outfit.barefoot
        others = tuple(map(astuple, shot.occluders)), astuple(shot.room.light), shot.room.stretches, view.aim
        drawn.update(told((shot.name, shot.shape, looks, filmed, spoilt, where, clothes, others)).encode())
    assert drawn.hexdigest() == "5e4362a0ea70e5139c9b4af582aa480419d63fe7394f01360de8c77eb37fff78"


def test_no_two_varied_clips_show_the_same_person():
    assert len({shot.shape for shot in SHOTS}) == len({shot.outfit for shot in SHOTS}) == len(SHOTS)
    heights = np.array([shot.shape.height_m for shot in SHOTS])
    assert heights.min() < 1.4 and heights.max() > 1.85 and 0.7 < (heights > 1.5).mean() < 0.95
    assert all(sum(shot.shape.mixture) == pytest.approx(1) for shot in SHOTS)
    assert {shot.outfit.hairdo for shot in SHOTS} == {"short", "bun", "long", "shaved", "bald"}
    for share in ([s.outfit.skirt is not None for s in SHOTS], [s.outfit.barefoot for s in SHOTS]):
        assert 0.03 < np.mean(share) < 0.5
    assert [draw_varied_shot(MOTIONS, 0, i) for i in range(80)] == SHOTS
    assert not {shot.shape for shot in SHOTS} & {draw_varied_shot(MOTIONS, 1, i).shape for i in range(20)}


def test_varied_shots_have_harder_flaws_and_one_in_four_is_clean():
    for shot in SHOTS[::4]:
        assert not shot.flaws.names() and not shot.occluders and shot.view.fill < 1 and shot.view.aim == (0, 0)
    flawed = [shot for shot in SHOTS if shot.flaws.names()]
    assert {name for shot in flawed for name in shot.flaws.names()} == {
        "dark", "overexposed", "grain", "defocus", "motion blur", "compression", "low resolution",
    }  # fmt: skip
    assert min(shot.flaws.light for shot in flawed) < 0.1 and max(shot.flaws.crf for shot in flawed) > 42
    assert any(len(shot.occluders) > 1 for shot in SHOTS)
    fills = [shot.view.fill for shot in SHOTS]
    assert min(fills) < 0.4 and max(fills) > 1.2
    assert any(shot.motion.split("-")[1] == "idle" for shot in (draw_varied_shot(
        [*MOTIONS, motion("idle")], 0, i) for i in range(40)))  # fmt: skip


def test_the_same_description_with_every_licence_can_be_varied():
    for shot in SHOTS[:3]:
        found = replace(motion_of(shot.motion), licence="PDDL")
        assert "PDDL" in ground_truth(stage(replace(shot, seconds=0.3), found), found).meta["licences"][1]


@pytest.mark.parametrize("build", [CHILD, Build((0.0, 0.0, 0.3, 0.0, -0.04, 0.74), 1.95)])
def test_a_mixed_body_is_as_tall_as_asked_and_its_joints_lie_in_it(build):
    body, pose, points = standing(build)
    assert points[body.crown, 1] == pytest.approx(build.height_m, abs=1e-3)
    drawn = np.unique(body.faces["body"])
    assert points[drawn, 1].min() == pytest.approx(0, abs=0.01)
    for joints in (body.joints_h36m(pose)[0], body.joints_coco(pose)[0]):
        nearest = np.linalg.norm(points[drawn] - joints[:, None], axis=-1).min(axis=1)
        assert nearest.max() < 0.11 * build.height_m / 1.7
    np.testing.assert_allclose(body.crowns(pose)[0, 1], build.height_m, atol=0.03)


def test_shapes_of_the_file_are_mixtures_of_themselves():
    for index, name in enumerate(shapes()):
        own = Build(tuple(np.eye(6)[index]), height_m=1.0)
        body, mixed = load_body(name), load_body(own)
        np.testing.assert_array_equal(body.vertices, mixed.vertices)
        assert growth(name, body) == 1
    child, _, _ = standing(CHILD)
    grown, _, _ = standing(replace(CHILD, head=1.0))
    size = [np.ptp(b.vertices[np.concatenate(b.face_points)], axis=0)[0] for b in (child, grown)]
    assert size[0] / size[1] == pytest.approx(1.15, abs=0.02)


def test_ground_truth_follows_the_height():
    shot = replace(SHOTS[0], seconds=0.5, shape=replace(CHILD, head=1.0))
    tall = replace(shot, shape=replace(CHILD, head=1.0, height_m=1.8))
    small, large = (ground_truth(stage(s, motion_of(s.motion)), motion_of(s.motion)) for s in (shot, tall))
    for parent, child in ((1, 2), (2, 3), (11, 12), (0, 7)):
        lengths = [np.linalg.norm(t.joints_3d[:, parent] - t.joints_3d[:, child], axis=-1) for t in (small, large)]
        np.testing.assert_allclose(lengths[1], 1.5 * lengths[0], rtol=1e-3)
    assert small.meta["shape"]["height_m"] == 1.2


def test_the_camera_stands_in_the_room():
    seen = 0
    for shot in SHOTS[:12]:
        staged = stage(replace(shot, seconds=0.4), motion_of(shot.motion))
        walls = [box for box in staged.room.boxes if box.inward]
        if not walls:
            assert shot.room.name == COURTYARD.name
            continue
        seen += 1
        cos, sin = np.cos(staged.yaw), np.sin(staged.yaw)
        turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
        inside = [(point - staged.origin) @ turn for point in (staged.camera.position, staged.pose.positions[0, 0])]
        for point in inside:
            assert (np.abs(point - walls[0].centre) < np.array(walls[0].size) / 2 - 0.3).all()
        assert inside[0][2] > inside[1][2]
        assert staged.room.half[2] == pytest.approx(walls[0].size[2] / 2)
    assert seen > 5
    assert not HALL.stretches


def test_what_stands_in_front_stays_in_front_when_the_walls_move():
    shot = next(s for s in SHOTS if s.room.stretches)
    shot = replace(shot, seconds=0.4, occluders=(Occluder(0.3, 0.7), Occluder(0.3, 0.9)), view=View(fill=0.3))
    staged = stage(shot, motion_of(shot.motion))
    assert staged.occluded and staged.room.half[2] > shot.room.half[2]
    cos, sin = np.cos(staged.yaw), np.sin(staged.yaw)
    place = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]) @ staged.room.boxes[-1].centre + staged.origin
    depth = staged.camera.to_camera(place)[2]
    assert 0.3 * depth < depth < staged.camera.to_camera(staged.pose.positions)[..., 2].min()


def test_a_view_aims():
    points = np.random.default_rng(0).uniform(-0.8, 0.8, (5, 17, 3)) + [0, 0.9, 0]
    middle = (points.reshape(-1, 3).min(axis=0) + points.reshape(-1, 3).max(axis=0)) / 2
    plain, aimed = (
        film(View(fill=0.4, aim=a), points, np.array([0.0, 0, 1]), (400, 200)) for a in ((0, 0), (0.5, -0.3))
    )
    np.testing.assert_allclose(plain.project(plain.to_camera(middle)), [200, 100], atol=1e-6)
    np.testing.assert_allclose(aimed.project(aimed.to_camera(middle)), [300, 70], atol=6)
    np.testing.assert_allclose(aimed.position, plain.position)


def test_nobody_sinks_into_the_floor():
    body = load_body("male_average")
    over = np.broadcast_to(about(np.array([1.0, 0, 0]), np.array(np.pi)), (30, len(body.bone_names), 3, 3))
    upside_down = Pose(over, body.bone_heads(over, np.tile([0.0, 0.3, 0], (30, 1))), np.zeros((30, 4)))
    assert body.crowns(upside_down)[:, 1].max() < -0.3
    raised = lifted(body, upside_down, 25.0)
    assert 0 < body.crowns(raised)[:, 1].min() < 0.1
    rest = Pose(over * 0 + np.eye(3), np.tile(body.heads, (30, 1, 1)), np.zeros((30, 4)))
    np.testing.assert_array_equal(lifted(body, rest, 25.0).positions, rest.positions)


def test_skirts_bare_feet_and_bald_heads():
    body, outfit = load_body("female_average"), next(s.outfit for s in SHOTS if s.outfit.skirt)
    skirted = dress(body, replace(outfit, barefoot=False, hairdo="short"))
    bare = dress(body, replace(outfit, barefoot=True, hairdo="bald", skirt=None))
    count = lambda mesh, surface: int((mesh.kind[:, 0] == surface).sum())  # noqa: E731
    assert count(skirted, Surface.SHOE) > 100 < count(skirted, Surface.HAIR)
    assert count(bare, Surface.SHOE) == count(bare, Surface.HAIR) == 0
    assert count(bare, Surface.CLOTH) < count(skirted, Surface.CLOTH)
    toes = bare.vertices[bare.kind[:, 0] == Surface.SKIN]
    assert toes[:, 1].min() < 0.01 < skirted.vertices[skirted.kind[:, 0] == Surface.SKIN][:, 1].min() + 0.01


def test_coarse_and_burnt_pictures():
    rng = np.random.default_rng(0)
    picture = rng.integers(60, 200, (60, 80, 3)).astype(np.uint8)
    coarse = Flaws(shrink=3.0).apply(picture, rng)
    assert coarse.shape == picture.shape and coarse.std() < 0.6 * picture.std()
    assert (Flaws(light=3.0).apply(picture, rng) == 255).mean() > 0.2


def test_a_stopped_run_goes_on_where_it_was(tmp_path, monkeypatch):
    write_exercise(tmp_path / "mocap.npz", MOTIONS[0].joints)
    with np.load(tmp_path / "mocap.npz") as stored:
        np.savez(tmp_path / "mocap.npz", **{**stored, "split": np.array(["val", "train"])})
    rendered = []

    def render(shot, motion, folder, threads):
        rendered.append((shot.name, threads))
        for suffix in (".mp4", ".npz"):
            (folder / (shot.name + suffix)).touch()
        return folder / (shot.name + ".mp4"), 0.1

    monkeypatch.setattr(suite, "render_shot", render)
    command = ["--mocap", str(tmp_path / "mocap.npz"), "--out", str(tmp_path / "out"), "--split", "train", "--varied"]
    command += ["--threads", "1", "--clips"]
    suite.main([*command, "3"])
    first = [name for name, _ in rendered]
    (tmp_path / "out" / f"{first[1]}.npz").unlink()  # stopped between the picture and its truth
    suite.main([*command, "4"])
    assert [name for name, _ in rendered[3:]] == [first[1], rendered[-1][0]] and len(rendered) == 5
    assert all(name.startswith("varied-train-0-00") and threads == 1 for name, threads in rendered)


def test_edges_are_smooth_unless_the_picture_is_blurred():
    for shot in SHOTS:
        assert shot.samples == (0 if {"defocus", "low resolution"} & set(shot.flaws.names()) else 4)
    assert draw_shot(MOTIONS, 0, 1).samples == 4
