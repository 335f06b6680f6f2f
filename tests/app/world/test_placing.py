"""Where people stand: gravity, floor, scale, several people in one world."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.export import export
from app.picture.scene import Scene
from app.quality.measures import quality
from app.quality.page import save_report
from app.world.ground import find_ground
from app.world.placing import hold, place, stature
from estimators.errors import ConfigError, DataError
from estimators.observation import Provenance
from estimators.skeleton import H36M17
from tests.support.motions import ANKLE, J, motion_of, walking

FEET = [J["left_foot"], J["right_foot"]]


def jumping(n: int = 120, height: float = 0.4) -> np.ndarray:
    """A jump of a second in the middle of four."""
    body = walking(n)
    time = (np.arange(n) - n / 2) / 15
    body[..., 1] += height * np.maximum(1 - time**2, 0)[:, None]
    return body


@pytest.mark.parametrize("pitch", [0.0, 0.25])
def test_people_stand_upright_on_the_floor(pitch: float) -> None:
    body = walking(90)
    motion = motion_of([body], pitch=pitch)
    found = place(motion).positions[0]
    lowest = found[:, FEET, 1].min(axis=1)
    assert np.abs(lowest - ANKLE).max() < 0.03
    up = (found[:, J["head"]] - found[:, FEET].mean(axis=1)).mean(axis=0)
    assert up[1] > 0.99 * np.linalg.norm(up)
    left = (found[:, J["left_hip"]] - found[:, J["right_hip"]]).mean(axis=0)
    assert left[0] > 0.2  # faces the camera: its left is on the right of the picture
    assert (found[:, J["neck"], 2] > found[:, J["thorax"], 2]).all()  # and z points towards the camera


def test_a_jump_stays_a_jump() -> None:
    body = jumping()
    motion = motion_of([body])
    found = place(motion).positions[0]
    rise = found[:, FEET, 1].min(axis=1)
    assert np.abs(rise - body[:, FEET, 1].min(axis=1)).max() < 0.03
    assert rise.max() - np.median(rise) == pytest.approx(0.4, abs=0.02)


def test_several_people_share_one_world() -> None:
    bodies = [walking(60) - [0.8, 0, 0], walking(60, phase=1.0) + [0.7, 0, -1.5]]
    placed = place(motion_of(bodies))
    apart = placed.positions[1] - placed.positions[0]
    assert np.abs(apart - (bodies[1] - bodies[0])).max() < 0.02


def test_the_floor_is_found_once_a_motion(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = []
    monkeypatch.setattr("app.motion.find_ground", lambda *given: found.append(given) or find_ground(*given))
    motion = motion_of([walking(60), walking(60, phase=1.0) + [0.7, 0, -1.5]])
    save_report(motion, quality(motion), tmp_path / "quality.html")
    export(motion, ["csv", "json", "bvh"], tmp_path)
    Scene(motion)
    assert len(found) == 1


def test_two_people_who_cross_keep_their_paths() -> None:
    along = np.linspace(-1.2, 1.2, 120)[:, None, None] * [1.0, 0.0, 0.0]
    bodies = [walking(120) + along, walking(120, phase=1.0) - along - [0, 0, 0.8]]
    placed = place(motion_of(bodies))
    for index, sign in enumerate((1, -1)):
        path = placed.positions[index][:, 0]
        assert np.isfinite(path).all()
        assert sign * (path[-1, 0] - path[0, 0]) == pytest.approx(2.4, abs=0.05)
        assert np.abs(np.diff(path[:, 0])).max() < 0.03  # nobody jumps to where the other is
    assert (placed.positions[1][:, 0, 2] < placed.positions[0][:, 0, 2] - 0.7).all()


def test_height_scales_everything_once() -> None:
    body = walking(60)
    motion = motion_of([body])
    plain, tall = place(motion), place(motion, height=2.0)
    assert stature(tall.positions[0], H36M17) == pytest.approx(2.0, abs=1e-3)
    assert np.allclose(tall.positions[0], plain.positions[0] * tall.scale)
    sigma, before = tall.sigma(0), plain.sigma(0)
    assert sigma is not None and before is not None and np.allclose(sigma, before * tall.scale)
    camera = place(motion, "camera", height=2.0)
    assert camera.scale == tall.scale and np.allclose(
        camera.positions[0], place(motion, "camera").positions[0] * camera.scale
    )


def test_camera_space_is_that_of_the_motion() -> None:
    motion = motion_of([walking(10)], missing=slice(3, 5))
    placed, person = place(motion, "camera"), motion.people[0]
    assert person.refined is not None
    assert np.allclose(placed.positions[0], person.refined + person.root[:, None], equal_nan=True)
    assert np.allclose(placed.upright(0)[0], placed.positions[0][0] * [1, -1, -1])


def test_gaps_are_nan_and_held_where_a_format_cannot_say_so() -> None:
    placed = place(motion_of([walking(12)], missing=slice(4, 7)))
    assert np.isnan(placed.positions[0][4:7]).all() and np.isfinite(placed.positions[0][7:]).all()
    assert (placed.upright(0)[4:7] == placed.positions[0][3]).all()
    assert hold(np.array([np.nan, np.nan, 3.0, np.nan, 5.0])).tolist() == [3.0, 3.0, 3.0, 3.0, 5.0]


def test_without_refinement_the_lifted_poses_are_placed() -> None:
    motion = motion_of([walking(10)])
    motion = replace(motion, people=(replace(motion.people[0], refined=None, sigma=None),))
    assert place(motion, "camera").positions[0][0, 0] == pytest.approx(motion.people[0].root[0] + 0.03, abs=1e-5)


def test_somebody_who_is_never_seen_is_left_out() -> None:
    two = motion_of([walking(6), walking(6)], missing=slice(0, 6))
    assert [person.id for person in place(two).motion.people] == [3]
    with pytest.raises(DataError, match="Nobody"):
        place(motion_of([walking(6)], missing=slice(0, 6)))


@pytest.mark.parametrize("height", [0.0, -1.8, 180.0, float("nan")])
def test_a_height_that_nobody_has_is_refused(height: float) -> None:
    with pytest.raises(ConfigError, match="metres"):
        place(motion_of([walking(3)]), height=height)


def test_an_unknown_space_is_refused() -> None:
    with pytest.raises(ConfigError, match="world, camera"):
        place(motion_of([walking(3)]), "moon")


def test_a_single_frame_has_a_place() -> None:
    motion = motion_of([walking(1)])
    assert motion.people[0].provenance[0] == Provenance.DETECTED
    assert np.isfinite(place(motion).positions[0]).all()
