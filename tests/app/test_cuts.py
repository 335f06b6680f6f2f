"""A cut splits everything that looks across frames."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pytest

from app import outputs
from app.media.video import VideoReader
from app.models import Models
from app.motion import Motion
from app.options import Options
from app.quality.measures import foot_sliding
from app.world.contacts import find_contacts
from app.world.feet import hold_feet
from app.world.root import estimate_root
from demo_videos.truth import demo_clips, load_truth
from estimators.errors import DataError
from estimators.observation import Observation
from estimators.pinhole import assumed_focal
from estimators.skeleton import H36M17
from estimators.stretches import parts, runs
from tests.support.video_files import write_video

CLIPS = demo_clips()


def test_shots_and_stretches() -> None:
    assert parts(10, ()) == [slice(0, 10)]
    assert parts(10, (4, 9)) == [slice(0, 4), slice(4, 9), slice(9, 10)]
    present = np.array([1, 1, 0, 1, 1, 1], bool)
    assert runs(present, (4,)) == [slice(0, 2), slice(3, 4), slice(4, 6)]
    assert runs(present) == [slice(0, 2), slice(3, 6)]


def test_the_root_of_each_shot_is_found_by_itself() -> None:
    size, random = (640, 480), np.random.default_rng(0)
    pose = random.normal(0, 0.3, (17, 3)).astype(np.float32)
    pose -= pose[0]
    root = np.concatenate([np.tile([-0.5, 0, 4.0], (30, 1)), np.tile([0.9, 0, 6.0], (30, 1))])
    focal = assumed_focal(size)
    points = pose + root[:, None]
    keypoints = points[..., :2] / points[..., 2:] * focal + np.array(size) / 2
    observed, poses = Observation.of(keypoints, np.ones((60, 17)), size, 30.0, focal), np.tile(pose, (60, 1, 1))
    assert np.abs(estimate_root(observed, poses) - root).max() > 0.3
    assert np.abs(estimate_root(replace(observed, cuts=(30,)), poses) - root).max() < 0.01


def test_a_foot_that_stands_on_both_sides_of_a_cut_does_not_slide() -> None:
    feet = np.zeros((60, 2, 3))
    feet[30:, :, 0] = 0.05  # the same person, a little aside
    contacts = find_contacts(feet, feet[..., 1], 30, cuts=(30,))
    assert contacts.all()
    assert foot_sliding(feet, contacts, 30, cuts=(30,)) == 0.0
    assert foot_sliding(feet, contacts, 30) > 0.0
    body = np.zeros((60, 17, 3))
    for name, height in (
        ("hip", 0.9),
        ("left_hip", 0.9),
        ("right_hip", 0.9),
        ("left_knee", 0.45),
        ("right_knee", 0.45),
    ):
        body[:, H36M17.joints.index(name), 1] = height
    body[..., 0] += feet[:, :1, 0]
    assert np.allclose(hold_feet(body, contacts, H36M17, 30, 0.0, cuts=(30,)), body)
    assert not np.allclose(hold_feet(body, contacts, H36M17, 30, 0.0), body, atol=0.01)


@pytest.fixture(scope="module")
def jump(tmp_path_factory: pytest.TempPathFactory) -> tuple[Motion, list[Motion], np.ndarray]:
    """The boxer with a jump cut in the middle, at which camera and he stay where they are; its halves; the truth."""
    if "boxer" not in CLIPS:
        pytest.skip("no demo clips in this checkout")
    folder = tmp_path_factory.mktemp("jump")
    video, truth = CLIPS["boxer"]
    joints = load_truth(truth).joints_3d
    halves = [slice(20, 40), slice(100, 120)]
    pictures = [list(islice(VideoReader(video), half.start, half.stop)) for half in halves]
    options = Options(video=False, frames=27, steps=1, device="cpu")
    models = Models.load(options)
    motions = []
    for name, shown in (("whole", list(chain(*pictures))), ("first", pictures[0]), ("second", pictures[1])):
        size = shown[0].shape[1], shown[0].shape[0]
        path = write_video(folder / f"{name}.mp4", size=size, rate=30, pictures=shown)
        motions.append(outputs.run(path, folder / name, options, models=models).motion)
    exact = np.concatenate([joints[half] for half in halves])
    return motions[0], motions[1:], exact - exact[:, :1]


@pytest.mark.slow
def test_a_jump_cut_costs_no_accuracy(jump: tuple[Motion, list[Motion], np.ndarray]) -> None:
    whole, halves, truth = jump
    assert whole.cuts == (20,) and all(half.cuts == () for half in halves)
    (person,) = whole.people
    assert person.present.all()
    apart = np.concatenate([half.people[0].best for half in halves])

    def errors(poses: np.ndarray) -> np.ndarray:
        return 1000 * np.linalg.norm(poses - truth, axis=-1).mean(axis=1)

    assert np.abs(errors(person.best) - errors(apart))[16:24].max() < 5  # 40 mm and more where the cut is looked across


def test_cuts_are_kept_in_the_file(jump: tuple[Motion, list[Motion], np.ndarray], tmp_path: Path) -> None:
    whole = jump[0]
    assert Motion.load(whole.save(tmp_path / "motion.npz")).cuts == (20,)
    for wrong in ((0,), (40,), (20, 10), (20, 20)):
        with pytest.raises(DataError, match="cuts"):
            replace(whole, cuts=wrong)
    from app.quality.measures import quality
    from app.quality.page import save_report

    assert "cut at 0.67 s" in save_report(whole, quality(whole), tmp_path / "page.html").read_text()
