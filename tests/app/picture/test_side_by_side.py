"""The pictures: one scale, one floor, the right colours in the right places, every size."""

from __future__ import annotations

import base64
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from app.motion import Motion, PersonMotion
from app.picture.canvas import capsule, text
from app.picture.figure import LEFT, RIGHT
from app.picture.scene import Director, Scene
from app.picture.side_by_side import SideBySide
from app.web.playback import playback
from app.world.placing import place
from estimators.observation import Provenance
from estimators.pinhole import assumed_focal, project

STANDING = np.array([
    [0, 0, 0], [-.13, 0, 0], [-.13, .45, 0], [-.13, .9, 0], [.13, 0, 0], [.13, .45, 0], [.13, .9, 0], [0, -.25, 0],
    [0, -.5, 0], [0, -.6, -.1], [0, -.75, 0], [.17, -.48, 0], [.25, -.2, 0], [.3, .05, 0], [-.17, -.48, 0],
    [-.25, -.2, 0], [-.3, .05, 0],
])  # fmt: skip


def make(
    paths: list[np.ndarray], size: tuple[int, int] = (640, 480), tilt: float = 0.0, refined: bool = True, fps: int = 30
) -> Motion:
    """Standing people whose hips follow `paths` (N,3): camera space, or for a camera tilted down by `tilt` radians."""
    turn = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    people = []
    for number, path in enumerate(paths):
        n = len(path)
        body = (STANDING + path[:, None]) @ turn.T
        present = np.isfinite(body).all(axis=(1, 2))
        relative = (body - body[:, :1]).astype(np.float32)
        keypoints = np.full((n, 17, 2), np.nan, np.float32)
        keypoints[present] = project(body[present], size, assumed_focal(size))
        people.append(
            PersonMotion(
                id=number,
                keypoints_2d=keypoints,
                scores=np.where(present[:, None], np.float32(0.9), np.float32(0)).repeat(17, 1),
                provenance=np.where(present, Provenance.DETECTED, Provenance.MISSING).astype(np.uint8),
                lifted=relative,
                root=body[:, 0].astype(np.float32),
                refined=relative if refined else None,
            )
        )
    n = len(paths[0])
    return Motion(tuple(people), np.arange(n) / fps, Fraction(fps), size, source={"name": "x"})


def still(n: int = 30, at: tuple[float, float, float] = (0, 0.3, 5)) -> np.ndarray:
    return np.tile(np.array(at, float), (n, 1))


def test_feet_are_on_the_floor_and_a_jump_leaves_it() -> None:
    path = still(90)
    path[40:50, 1] -= 0.4
    scene = Scene(make([path]))
    feet = scene.lifted[0][:, [3, 6], 1].min(axis=1)
    ankle = 0.04 / 0.96 * 1.65  # from ankle to crown the figure has 1.65 m; 4 % of all of it lies below the ankle
    assert np.abs(np.delete(feet, np.arange(40, 50)) - ankle).max() < 0.03
    assert feet[40:50] == pytest.approx(ankle + 0.4, abs=0.03)


@pytest.mark.parametrize("size", [0.6, 1.0])  # a child and an adult
@pytest.mark.parametrize("tilt", [0.0, 0.25])
def test_the_floor_is_that_of_the_exports(size: float, tilt: float) -> None:
    """Pictures, the viewer and every exported file agree where everybody is, to the millimetre."""
    motion = make([still(), still(at=(0.8, 0.3, 6))], tilt=tilt)
    people = [
        replace(one, lifted=size * one.lifted, refined=size * one.best, root=size * one.root) for one in motion.people
    ]
    motion = replace(motion, people=tuple(people))
    scene, played = Scene(motion), playback(motion)
    for index, exported in enumerate(place(motion).positions):
        assert scene.refined is not None and np.abs(scene.refined[index] - exported).max() < 1e-6
        viewed = np.frombuffer(base64.b64decode(played["people"][index]["refined"]), "<i2").reshape(-1, 17, 3) / 1000
        assert np.abs(viewed - exported).max() < 6e-4


def test_joints_that_are_not_believed_are_faint() -> None:
    """In both panels and in the overlay: the strong colours of one leg are gone, and the other keeps them."""
    motion = make([still()])
    (person,) = motion.people
    believed = person.known.copy()
    believed[:, [5, 6]] = False
    cut = replace(motion, people=(replace(person, believed=believed),))
    grey = np.full((480, 640, 3), 128, np.uint8)
    whole, faint = (SideBySide(one).draw(9, grey)[:480].astype(int) for one in (motion, cut))
    for panel in (slice(0, 640), slice(640, None)):
        left, right = (
            [int((np.abs(picture[240:, panel] - colour).max(axis=2) < 40).sum()) for picture in (whole, faint)]
            for colour in (LEFT, RIGHT)
        )
        assert left[1] < 0.4 * left[0] and right[1] > 0.9 * right[0], panel
    assert (faint[300:460, :640] != 128).any()  # they are not gone


@pytest.mark.parametrize("tilt", [0.0, 0.15, 0.3])
def test_the_floor_follows_a_tilted_camera(tilt: float) -> None:
    t = np.linspace(0, 2 * np.pi, 300)
    circle = np.stack([1.5 * np.cos(t), 0.3 + 0 * t, 6 + 2 * np.sin(t)], axis=1)
    scene = Scene(make([circle], tilt=tilt))
    feet = scene.lifted[0][:, [3, 6], 1]
    assert np.ptp(feet) < 0.12  # against 4 m x sin(tilt), over a metre, without


def test_scale_and_floor_are_fixed_over_the_clip() -> None:
    path = still(60)
    path[:, 0] = np.linspace(-1, 1, 60)
    motion = make([path])
    scene = Scene(motion)
    camera = Director(scene, (400, 480), 40, 20)
    heights, floors = [], []
    for index in range(60):
        view = camera.at(index, index / 30)
        pixels, _ = view.project(scene.lifted[0][index])
        heights.append(pixels[[3, 6], 1].mean() - pixels[10, 1])
        floors.append(view.project(np.array([*view.target[[0]], 0, view.target[2]]))[0][1])
    assert np.ptp(heights) / np.mean(heights) < 0.15  # perspective only
    assert np.ptp(floors) < 1e-6


def test_everybody_is_inside_the_panel() -> None:
    left, right = still(at=(-1.5, 0.3, 5)), still(at=(1.5, 0.3, 7))
    scene = Scene(make([left, right]))
    camera = Director(scene, (400, 480), 50, 20)
    for index in (0, 15, 29):
        for body in scene.lifted:
            pixels, _ = camera.at(index, index / 30).project(body[index])
            assert (pixels > [0, 30]).all() and (pixels < [400, 480]).all()


@pytest.mark.parametrize("size", [(640, 480), (1920, 1080), (1080, 1920), (161, 121), (64, 48), (3000, 600)])
@pytest.mark.parametrize("refined", [True, False])
def test_every_size_gives_even_frames(size: tuple[int, int], refined: bool) -> None:
    drawer = SideBySide(make([still(3)], size=size, refined=refined))
    frame = drawer.draw(1, np.full((size[1], size[0], 3), 128, np.uint8))
    assert frame.shape == (drawer.size[1], drawer.size[0], 3) and frame.dtype == np.uint8
    assert drawer.size[0] % 2 == drawer.size[1] % 2 == 0
    assert 360 <= drawer.size[1] <= 900


def test_left_and_right_have_their_colours() -> None:
    motion = make([still(5)], refined=False)
    drawer = SideBySide(motion)
    frame = drawer.draw(2, np.full((480, 640, 3), 128, np.uint8)).astype(int)
    for joint, colour in ((5, LEFT), (2, RIGHT)):  # halfway down the shins
        x, y = (motion.people[0].keypoints_2d[2, joint] + motion.people[0].keypoints_2d[2, joint + 1]) / 2
        assert np.abs(frame[round(y), round(x)] - colour).max() < 30
    # The person faces the camera: its left is on the right, in the pose panel too.
    panel = frame[60:470, 650:]
    blue = np.argwhere((panel[..., 0] > 180) & (panel[..., 2] < 110))[:, 1].mean()
    orange = np.argwhere((panel[..., 2] > 180) & (panel[..., 0] < 110))[:, 1].mean()
    assert blue > orange + 10


def test_a_missing_pose_is_not_drawn_and_an_interpolated_one_looks_different() -> None:
    path = still(10)
    path[3:6] = np.nan
    motion = make([path])
    person = motion.people[0]
    provenance = person.provenance.copy()
    provenance[7] = Provenance.INTERPOLATED
    drawer = SideBySide(replace(motion, people=(replace(person, provenance=provenance),)))
    grey = np.full((480, 640, 3), 128, np.uint8)
    frames = {index: drawer.draw(index, grey)[:480].astype(int) for index in (1, 4, 7, 9)}
    assert (frames[4][100:, :640] == 128).all()  # nothing over the input
    colourful = {i: int((np.ptp(frame[60:], axis=-1) > 90).sum()) for i, frame in frames.items()}
    assert colourful[4] == 0 and colourful[1] > 1000
    assert colourful[7] < 0.8 * colourful[9]


def test_two_people_are_labelled_and_one_is_not() -> None:
    grey = np.full((480, 640, 3), 128, np.uint8)
    one, two = make([still(3)]), make([still(3), still(3, at=(1, 0.3, 6))])
    assert SideBySide(two).size[1] > SideBySide(one).size[1]  # a line more in the timeline
    lone, both = (SideBySide(motion).draw(1, grey)[60:480, 640:] for motion in (one, two))  # below the captions
    assert (lone.min(axis=2) <= 225).all()  # as bright as ink is lettering only
    names = np.argwhere(both.min(axis=2) > 225)
    for panel in (0, names[:, 1].max() // 2):  # of the lifted people, of the refined ones: a name over each head
        columns = np.unique(names[:, 1][(names[:, 1] >= panel) & (names[:, 1] < panel + 404)])
        assert np.diff(columns).max() > 100 and np.ptp(names[:, 0]) < 50


def test_people_behind_the_camera_or_far_away_do_not_break_it() -> None:
    wild = still(40)
    wild[10] = [30, -20, 200]
    wild[20] = [0, 0, 0.3]
    wildly, calmly = SideBySide(make([wild])), SideBySide(make([still(40)]))
    black = np.zeros((480, 640, 3), np.uint8)

    def coloured(drawer: SideBySide, index: int) -> int:
        """Pixels of the left side's colour over the input."""
        return int((np.abs(drawer.draw(index, black)[60:480, :640].astype(int) - LEFT).max(axis=2) < 60).sum())

    for index in (9, 39):  # as if nothing had been
        np.testing.assert_array_equal(
            wildly.draw(index, black)[:480, :640], calmly.draw(index, black)[:480, :640], err_msg=str(index)
        )
    assert coloured(wildly, 10) < 0.1 * coloured(calmly, 10)  # a speck
    assert coloured(wildly, 20) > 1.5 * coloured(calmly, 20)  # larger than the picture


def test_drawing_over_the_border_is_clipped() -> None:
    picture = np.zeros((20, 30, 3), np.uint8)
    text(picture, "outside", (25, 5), 12, (255, 255, 255))
    text(picture, "nowhere", (500, 500), 12, (255, 255, 255))
    capsule(picture, np.array([-1e6, 5]), np.array([40.0, 5.0]), 3, 3, (0, 0, 255))
    assert (picture[5] == (0, 0, 255)).all()  # from beyond the one border to beyond the other
    assert picture[:, 25:, 1].any() and not picture[:, :25, 1].any()  # of the text, what is inside
    assert not picture[12:].any()
