"""The whole pipeline against ground truth: what is measured is what was put in."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from app import outputs
from app.evaluation import accuracy
from app.evaluation.accuracy import ClipResult
from app.people import People
from demo_videos.truth import Truth, load_truth, save_truth
from estimators.errors import DataError
from estimators.turns import body_axes
from tests.support.fakes import fake_models, pictures
from tests.support.video_files import write_video

SIZE = (160, 120)


def turning(frames: int) -> np.ndarray:
    """(N, 17, 3) metres: a rigid body that turns about the vertical, relative to its hip."""
    rest = np.random.default_rng(0).normal(0, 0.3, (17, 3))
    rest[0], rest[1], rest[4], rest[8] = 0, (-0.1, 0, 0), (0.1, 0, 0), (0, -0.5, 0)
    angle = np.linspace(0, 5, frames)
    turn = np.zeros((frames, 3, 3))
    turn[:, 0, 0] = turn[:, 2, 2] = np.cos(angle)
    turn[:, 0, 2], turn[:, 2, 0] = np.sin(angle), -np.sin(angle)
    turn[:, 1, 1] = 1
    return np.einsum("nij,kj->nki", turn, rest)


def result(name: str, offset: np.ndarray, frames: int = 40, **groups: list[str]) -> ClipResult:
    """A clip whose lifted poses are off by `offset` (17, 3) metres in the person's own axes; refined ones by half."""
    target = turning(frames)
    axes = body_axes(target)
    error = np.einsum("nij,ki->nkj", axes, offset)
    predicted = {"lifted": target + error, "refined": target + error / 2}
    return ClipResult(name, frames, 30.0, 1.0, 4.0, predicted, target, [slice(0, frames)], groups)


def test_errors_are_those_put_in() -> None:
    offset = np.zeros((17, 3))
    offset[1:] = [0, 0.034, 0]
    one = result("one", offset)
    assert one.errors("lifted").mpjpe == pytest.approx(32.0)
    assert one.errors("refined").mpjpe == pytest.approx(16.0)
    assert one.errors("lifted").acceleration == pytest.approx(0, abs=1e-6)


def test_movement_is_of_the_longest_stretch() -> None:
    one = result("one", np.zeros((17, 3)))
    moved = one.predicted["lifted"].copy()
    moved[:14] = 0  # of no account: the longest stretch begins after it
    late = np.roll(one.target, 1, axis=0)
    one = replace(one, predicted={"lifted": moved, "refined": late}, runs=[slice(0, 14), slice(14, 40)])
    assert one.movement("lifted").lag == 0 and one.movement("lifted").speed_kept == pytest.approx(1)
    assert one.movement("refined").lag == pytest.approx(1, abs=0.26)
    nobody = replace(one, predicted={"lifted": one.target[:0]}, target=one.target[:0], runs=[])
    assert np.isnan(nobody.movement("lifted").lag)


def test_a_constant_offset_in_the_persons_axes_can_be_told_from_the_rest() -> None:
    rng = np.random.default_rng(1)
    constant = rng.normal(0, 0.05, (17, 3))
    constant[0] = 0
    both = [result("one", constant), result("two", constant, frames=60)]
    assert accuracy.summarise(both).errors["lifted"].mpjpe > 50
    assert accuracy.summarise(accuracy.without_offset(both)).errors["lifted"].mpjpe < 1e-6
    # what differs from clip to clip stays: 20 mm up in one, 20 mm down in the other
    up = np.where(np.arange(17)[:, None] > 0, [0, 0.02, 0], 0)
    differing = [result("one", constant + up), result("two", constant - up)]
    left = accuracy.summarise(accuracy.without_offset(differing)).errors["lifted"].mpjpe
    assert left == pytest.approx(20 * 16 / 17)


def test_groups_and_weights() -> None:
    small, large = (np.where(np.arange(17)[:, None] > 0, [0, s, 0], 0) for s in (0.017, 0.034))
    results = [
        result("a", small, 30, activity=["walk"], flaw=["none"]),
        result("b", large, 10, activity=["run"], flaw=["dark", "grain"]),
        replace(
            result("c", large, 20, activity=["run"]), found=0.0, predicted={}, target=np.zeros((0, 17, 3)), runs=[]
        ),
    ]
    tables = accuracy.by_group(results)
    assert tables["all"].errors["lifted"].mpjpe == pytest.approx((30 * 16 + 10 * 32) / 40)
    assert tables["all"].found == pytest.approx(40 / 60) and tables["all"].clips == 3
    assert tables["activity: run"].errors["lifted"].mpjpe == pytest.approx(32)
    assert {"flaw: dark", "flaw: grain", "flaw: none", "activity: walk"} <= set(tables)
    text = accuracy.markdown(tables)
    assert "| activity: walk | 1 | 100.0 | 4.00 | 16.0 → 8.0 |" in text
    nothing = accuracy.summarise([results[2]])
    assert nothing.errors == {} and nothing.found == 0 and "| x | 1 | 0.0 | nan |" in accuracy.markdown({"x": nothing})


def write_truth(video: Path, poses: np.ndarray, points: np.ndarray) -> None:
    view = {"azimuth_deg": 170, "height_m": 1.5, "focal": 0.8, "fill": 1.2, "roll_deg": 0, "occluded": True}
    flaws = {"light": 0.3, "grain": 5.0, "defocus_px": 0.0, "open_shutter": False, "crf": 20}
    save_truth(
        video.with_suffix(".npz"),
        Truth(
            joints_3d=poses + np.float32([0.5, 0.2, 4]), keypoints_2d=points, coco_2d=points, focal=np.full(2, 100.0),
            center=np.array(SIZE) / 2, rotation=np.eye(3), translation=np.zeros(3), fps=Fraction(30), image_size=SIZE,
            meta={"activity": "walk, fast", "view": view, "flaws": flaws},
        ),
    )  # fmt: skip


def test_a_folder_is_measured_clip_by_clip_nobody_found_included(tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    suite.mkdir()
    there = write_video(suite / "there.mp4", size=SIZE, pictures=pictures([True] * 12))
    empty = write_video(suite / "empty.mp4", size=SIZE, pictures=pictures([False] * 8))
    motion = outputs.run(there, tmp_path / "out", models=fake_models()).motion
    person = motion.people[0]
    assert person.refined is not None
    truth = person.refined + np.float32([0.017, 0, 0]) * (np.arange(17) > 0)[:, None]
    write_truth(there, truth, person.keypoints_2d + np.float32([3, 4]))
    write_truth(empty, truth[:8], person.keypoints_2d[:8])
    (suite / "stray.mp4").write_bytes(b"no truth beside it")
    seen: list[tuple[str, int, int]] = []
    results = accuracy.measure_clips(
        suite, fake_models(), on_clip=lambda one, done, count: seen.append((one.name, done, count))
    )
    assert seen == [("empty", 1, 2), ("there", 2, 2)]
    nobody, found = results
    assert nobody.found == 0 and nobody.frames == 8 and not nobody.predicted
    assert found.found == 1 and found.errors("refined").mpjpe == pytest.approx(16, abs=0.01)
    height = np.ptp(person.keypoints_2d[..., 1], axis=1).mean()
    assert found.keypoint_error == pytest.approx(100 * 5 / height, rel=1e-3)
    assert found.groups == {
        "activity": ["walk"],
        "view": ["from behind", "phone"],
        "flaw": ["dark", "grain", "something in front", "cut off"],
    }


def test_what_the_detector_has_found_serves_the_next_lifter(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", size=SIZE, pictures=pictures([True] * 12))
    person = outputs.run(clip, tmp_path / "out", models=fake_models()).motion.people[0]
    assert person.refined is not None
    write_truth(clip, person.refined, person.keypoints_2d)
    seen: dict[str, People] = {}
    (first,) = accuracy.measure_clips(tmp_path, fake_models(), seen=seen)
    second_models = fake_models()
    blind = second_models.detector
    blind.detect = blind.detect_in = pytest.fail  # type: ignore[method-assign, assignment]
    (second,) = accuracy.measure_clips(tmp_path, second_models, seen=seen)
    assert second.errors("refined") == first.errors("refined")


def test_a_folder_without_clips_and_a_truth_of_another_clip_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No clips with ground truth"):
        accuracy.measure_clips(tmp_path, fake_models())
    clip = write_video(tmp_path / "clip.mp4", size=SIZE, pictures=pictures([True] * 12))
    motion = outputs.run(clip, tmp_path / "out", models=fake_models()).motion
    write_truth(clip, np.zeros((20, 17, 3), np.float32), np.zeros((20, 17, 2), np.float32))
    with pytest.raises(DataError, match="20 frames"):
        accuracy.compare(motion, load_truth(clip.with_suffix(".npz")))
