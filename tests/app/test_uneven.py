"""Videos whose frames do not come evenly: the motion, its measures and its files are those of the even video.

A clip of which frames were dropped, one with a pause, one whose last frame comes 30 s late, and one whose rate
truly varies.
"""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import c3d
import numpy as np
import pytest

from app import outputs
from app.export import export
from app.motion import Motion, PersonMotion
from app.options import Options
from app.picture.scene import Scene
from app.quality.curves import curves
from app.quality.measures import quality
from app.world.placing import place
from estimators.observation import Provenance
from estimators.skeleton import H36M17
from tests.support.fakes import FakeLifter, fake_models
from tests.support.video_files import write_video

SIZE = (160, 120)
DROPPED = np.delete(np.arange(50), [10, 11, 12, 13, 14, 30, 31])  # of 50 frames at 25 a second
PAUSED = np.arange(50) + 40 * (np.arange(50) >= 25)
LATE = np.append(np.arange(49), 799)
VARYING = np.cumsum(np.tile([0.9, 1.1], 25))  # 22.7 and 27.8 frames a second in turns


class NotingLifter(FakeLifter):
    """Notes the rates that it is told."""

    rates: list[float]

    def lift(self, observed, flip=True, on_progress=None):
        self.rates = [*getattr(self, "rates", []), float(observed.fps)]
        return super().lift(observed, flip, on_progress)


def clip(path: Path, frames: np.ndarray, seen: np.ndarray | None = None) -> Path:
    """A video whose frames are shown at `frames` / 25 seconds, in which somebody is `seen`."""
    there = [True] * len(frames) if seen is None else seen.tolist()
    room = np.kron(np.random.default_rng(0).integers(0, 40, (6, 8, 1)), np.ones((20, 20, 3))).astype(np.uint8)
    shown = (room + (180 if one else 10) for one in there)  # always the same room: a dark picture is no other scene
    times = [round(40 * float(frame)) for frame in frames]
    return write_video(path, size=SIZE, rate=25, pictures=shown, times_ms=times, b_frames=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("frames", "stretches", "moments"), [(DROPPED, [50], 50), (PAUSED, [25, 25], 90), (LATE, [49, 1], 800)]
)
def test_networks_see_the_motion_at_its_own_rate(
    tmp_path: Path, frames: np.ndarray, stretches: list[int], moments: int
) -> None:
    models, lifter = fake_models(), NotingLifter()
    result = outputs.run(
        clip(tmp_path / "clip.mp4", frames),
        tmp_path / "out",
        models=replace(models, lifter=lifter),
        exports=["bvh", "c3d"],
    )
    motion = result.motion
    assert lifter.lengths == stretches and set(lifter.rates) == {25.0}
    assert len(motion) == len(frames) and motion.fps == 25 and len(motion.even) == moments
    np.testing.assert_allclose(motion.timestamps, (frames - frames[0]) / 25)
    (person,) = motion.people
    assert person.counts() == {"detected": len(frames), "interpolated": 0, "missing": 0}
    bvh = (tmp_path / "out" / "motion.bvh").read_text()
    assert f"Frames: {moments}\nFrame Time: 0.0400000000\n" in bvh
    said = json.loads((tmp_path / "out" / "motion.bvh.json").read_text())
    gaps = {50: ("interpolated", [[10, 14], [30, 31]]), 90: ("missing", [[25, 64]]), 800: ("missing", [[49, 798]])}
    assert said[gaps[moments][0]] == gaps[moments][1]
    with (tmp_path / "out" / "motion.c3d").open("rb") as file:
        reader = c3d.Reader(file)
        residuals = [points[0, 3] for _, points, _ in reader.read_frames()]
        assert reader.point_rate == 25
    assert (
        len(residuals) == moments
        and sum(residual == -1 for residual in residuals) == {50: 0, 90: 40, 800: 750}[moments]
    )


@pytest.mark.slow
def test_the_last_frame_half_a_minute_late_and_five_frames_without_the_person(tmp_path: Path) -> None:
    seen = ~np.isin(np.arange(50), range(20, 25))
    motion = outputs.run(clip(tmp_path / "clip.mp4", LATE, seen), tmp_path / "out", models=fake_models()).motion
    (person,) = motion.people
    assert person.counts() == {"detected": 45, "interpolated": 5, "missing": 0}


@pytest.mark.slow
def test_a_detector_that_looks_seldom_looks_by_the_clock(tmp_path: Path) -> None:
    source = clip(tmp_path / "clip.mp4", DROPPED)
    motion = outputs.run(source, tmp_path / "out", Options(looks=5), models=fake_models()).motion
    (person,) = motion.people
    looked = np.flatnonzero(person.provenance == Provenance.DETECTED)
    assert (DROPPED - DROPPED[0])[looked].tolist() == [0, 5, 15, 20, 25, 32, 37, 42, 47, 49]
    assert (person.provenance != Provenance.MISSING).all()


def walk(frames: np.ndarray, fps: int = 25) -> Motion:
    """Somebody walks across the picture, seen at `frames` / 25 seconds: a foot stands while the other swings."""
    t = (frames - frames[0]) / fps
    joints = {name: index for index, name in enumerate(H36M17.joints)}
    body = np.zeros((len(t), 17, 3))
    heights = {"hip": 0.9, "spine": 1.15, "thorax": 1.4, "neck": 1.5, "head": 1.65}
    for name, height in heights.items():
        body[:, joints[name], 1] = height
    along = 1.2 * t
    for side, phase in (("left", 0.0), ("right", 0.5)):
        step = t + phase  # a step is a second: half of it the foot stands
        share = np.clip((step % 1 - 0.5) / 0.5, 0, 1)
        foot = 1.2 * (np.floor(step) - phase + (share - np.sin(2 * np.pi * share) / (2 * np.pi)))
        body[:, joints[f"{side}_foot"], 0] = foot - along
        body[:, joints[f"{side}_foot"], 1] = 0.08 + 0.1 * np.sin(np.pi * share) ** 2
        z = 0.1 if side == "left" else -0.1
        for name, height, sideways in (
            ("hip", 0.9, 1.0),
            ("shoulder", 1.4, 1.5),
            ("elbow", 1.15, 1.6),
            ("wrist", 0.95, 1.6),
        ):
            body[:, joints[f"{side}_{name}"], 1:] = [height, sideways * z]
        body[:, joints[f"{side}_foot"], 2] = z
        ends = [body[:, joints[f"{side}_{name}"]] for name in ("hip", "foot")]
        body[:, joints[f"{side}_knee"]] = (ends[0] + ends[1]) / 2 + [0.08, 0, 0]
    camera = body * [1, -1, -1]
    root = np.stack([along - 1.2, 0.3 - 0.0 * t, 5 + 0.0 * t], axis=1)
    poses = (camera - camera[:, :1]).astype(np.float32)
    keypoints = ((poses + root[:, None])[..., :2] / (poses + root[:, None])[..., 2:] * 800 + [320, 240]).astype(
        np.float32
    )
    person = PersonMotion(
        0, keypoints, np.full((len(t), 17), 0.9, np.float32), np.full(len(t), Provenance.DETECTED, np.uint8), poses,
        root.astype(np.float32), poses.copy(), np.full((len(t), 17), 0.01, np.float32),
    )  # fmt: skip
    rate = Fraction(25)
    return Motion(
        (person,), t, rate, (640, 480), {"name": "x"}, {"focal_px": 800.0, "principal_point_px": [320.0, 240.0]}
    )


EVEN = walk(np.arange(50))


@pytest.mark.parametrize("frames", [DROPPED, LATE, VARYING])
def test_measures_are_those_of_the_even_motion(frames: np.ndarray) -> None:
    motion = walk(np.minimum(frames, 49)) if frames is LATE else walk(frames)
    motion = replace(motion, timestamps=(frames - frames[0]) / 25)
    (right,), (found,) = quality(EVEN)["people"], quality(motion)["people"]
    assert found["refined"]["acceleration"] == pytest.approx(right["refined"]["acceleration"], rel=0.12)
    for foot, share in right["standing_percent"].items():
        assert 30 < share < 70 and found["standing_percent"][foot] == pytest.approx(share, abs=8)
    assert abs(found["refined"]["foot_sliding"] - right["refined"]["foot_sliding"]) < 0.03
    np.testing.assert_allclose(motion.ground.axes, EVEN.ground.axes, atol=0.02)
    assert motion.contacts[0].shape == (len(frames), 2)
    measured = curves(motion, motion.people[0])["acceleration"]["refined"]
    assert measured.shape == (len(frames),)
    assert np.nanmean(measured) == pytest.approx(
        np.nanmean(curves(EVEN, EVEN.people[0])["acceleration"]["refined"]), rel=0.15
    )
    assert np.isfinite(Scene(motion).centre).all() and len(Scene(motion).centre) == len(frames)


@pytest.mark.parametrize("frames", [DROPPED, VARYING])
def test_clean_feet_do_at_the_frames_what_they_do_evenly(frames: np.ndarray) -> None:
    glide = np.array([0.05, 0, 0])

    def gliding(motion: Motion) -> Motion:
        (person,) = motion.people
        root = person.root + (motion.timestamps[:, None] * glide).astype(np.float32)
        return replace(motion, people=(replace(person, root=root),))

    motion, feet = gliding(walk(frames)), [H36M17.joints.index(f"{side}_foot") for side in ("left", "right")]
    shift = np.interp(motion.timestamps, EVEN.timestamps, np.arange(50))
    right = place(gliding(EVEN), clean_feet=True)
    found = place(motion, clean_feet=True)
    assert found.positions[0].shape == (len(frames), 17, 3) and found.contacts[0].shape == (len(frames), 2)
    inner = (shift > 3) & (shift < 46)
    for axis in range(3):
        for foot in feet:
            true = np.interp(shift, np.arange(50), right.positions[0][:, foot, axis])
            assert np.abs(found.positions[0][inner, foot, axis] - true[inner]).mean() < 0.02


def test_files_with_timestamps_keep_the_frames_and_those_without_get_even_ones(tmp_path: Path) -> None:
    motion = walk(DROPPED)
    export(motion, ["csv", "json", "trc", "glb", "bvh"], tmp_path)
    assert len((tmp_path / "motion.csv").read_text().splitlines()) == 1 + 43
    document = json.loads((tmp_path / "motion.json").read_text())
    assert len(document["timestamps"]) == 43 and document["fps"] == "25/1"
    lines = (tmp_path / "motion.trc").read_text().splitlines()
    assert lines[2].split("\t")[0] == "25" and lines[2].split("\t")[2] == "43"
    positions = np.array(document["people"][0]["positions"])
    bvh = (tmp_path / "motion.bvh").read_text().split("Frame Time")[1].splitlines()[1:]
    hips = np.array([[float(value) for value in line.split()[:3]] for line in bvh])
    np.testing.assert_allclose(hips[DROPPED], positions[:, 0], atol=1e-4)


def test_even_motion_is_itself() -> None:
    assert EVEN.even is EVEN and EVEN.grid.even
    assert EVEN.seconds == pytest.approx(2.0) and walk(DROPPED).seconds == pytest.approx(2.0)


def test_a_file_of_an_earlier_version_gets_its_true_rate(tmp_path: Path) -> None:
    for frames in (DROPPED, PAUSED, LATE):
        average = Fraction(len(frames)) / (Fraction(int(frames[-1]) + 1) / 25)
        replace(walk(frames), fps=average).save(tmp_path / "motion.npz")
        assert Motion.load(tmp_path / "motion.npz").fps == 25
    ntsc = np.arange(50) * 1001 / 30000
    replace(EVEN, fps=Fraction(30000, 1001), timestamps=ntsc).save(tmp_path / "motion.npz")
    assert Motion.load(tmp_path / "motion.npz").fps == Fraction(30000, 1001)


def test_a_start_offset_is_kept_in_every_file(tmp_path: Path) -> None:
    motion = replace(EVEN, start_offset=1.5)
    assert Motion.load(motion.save(tmp_path / "motion.npz")).start_offset == 1.5
    assert Motion.load(EVEN.save(tmp_path / "mute.npz")).start_offset is None
    export(motion, ["csv", "json"], tmp_path)
    assert json.loads((tmp_path / "motion.json").read_text())["start_offset"] == 1.5
    head, first, second = (line.split(",") for line in (tmp_path / "motion.csv").read_text().splitlines()[:3])
    assert head[-1] == "sound_time_s" and first[-1] == "1.500000" and second[-1] == "1.540000"
    export(EVEN, ["csv", "json"], tmp_path)
    assert json.loads((tmp_path / "motion.json").read_text())["start_offset"] is None
    assert (tmp_path / "motion.csv").read_text().splitlines()[1].endswith(",")
