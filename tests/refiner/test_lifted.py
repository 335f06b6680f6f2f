import json

import numpy as np
import pytest

from app.cli import main
from app.motion import Motion
from demo_videos.truth import demo_clips, load_truth
from estimators.errors import DataError
from refiner.data.lifted import read_lifted


def arrays(frames: int = 30, **others) -> dict:
    rng = np.random.default_rng(0)
    return {
        "keypoints_2d": rng.normal(300, 60, (1, 17, 2)).repeat(frames, 0),
        "poses": rng.normal(0, 0.4, (1, 17, 3)).repeat(frames, 0) + [0, 0, 4],
        "image_size": np.array([640, 480]),
        "fps": np.float32(25),
        **others,
    }


def written(tmp_path, **others):
    path = tmp_path / "mine.npz"
    np.savez(path, **{key: value for key, value in arrays(**others).items() if value is not None})
    return path


@pytest.mark.slow
def test_any_lifters_poses_are_refined_by_the_command(tmp_path, capsys):
    gap = arrays()["poses"]
    gap[12:15] = np.nan
    path = written(tmp_path, poses=gap, scores=np.full((30, 17), 0.7))
    assert main(["refine", str(path)]) == 0
    with np.load(tmp_path / "mine.refined.npz") as result:
        refined, sigma = result["refined"], result["sigma"]
    assert refined.shape == (30, 17, 3) and sigma.shape == (30, 17)
    missing = np.isnan(refined).all(axis=(1, 2))
    assert missing.nonzero()[0].tolist() == [12, 13, 14] and np.isfinite(refined[~missing]).all()
    assert (refined[~missing, 0] == 0).all()
    assert "27 of 30 frames" in capsys.readouterr().out


def walker(frames: int = 60) -> dict:
    """What another lifter might hand over: the truth of a bundled clip with trembling poses, in pixels and metres."""
    truth = load_truth(demo_clips()["walker"][1])
    poses = truth.joints_3d[:frames] + np.random.default_rng(0).normal(0, 0.02, (frames, 17, 3))
    return {
        "keypoints_2d": truth.keypoints_2d[:frames], "poses": poses, "image_size": truth.image_size,
        "fps": float(truth.fps), "focal": float(truth.focal[0]),
    }  # fmt: skip


def test_what_is_refined_is_a_motion_that_can_be_exported(tmp_path):
    given = walker()
    np.savez(tmp_path / "mine.npz", **given)
    assert main(["refine", str(tmp_path / "mine.npz")]) == 0
    path = tmp_path / "mine.refined.npz"
    motion = Motion.load(path)
    assert motion.image_size == tuple(given["image_size"]) and float(motion.fps) == pytest.approx(given["fps"])
    assert motion.camera["focal_px"] == pytest.approx(given["focal"]) and motion.source["name"] == "mine.npz"
    person = motion.person(0)
    with np.load(path) as plain:
        np.testing.assert_array_equal(plain["refined"], person.refined)
        np.testing.assert_array_equal(plain["sigma"], person.sigma)
    lifted = given["poses"] - given["poses"][:, :1]
    np.testing.assert_allclose(person.lifted, lifted, atol=1e-6)
    truth = load_truth(demo_clips()["walker"][1]).joints_3d[:60]
    assert np.linalg.norm(person.root - truth[:, 0], axis=1).mean() < 0.25  # metres, of some four
    jitter = [np.abs(np.diff(one, 2, axis=0)).mean() for one in (lifted, person.refined)]
    assert jitter[1] < 0.5 * jitter[0]
    assert main(["export", str(path), "--to", "bvh,glb,json", "-o", str(tmp_path / "out")]) == 0
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert {"mine.refined.bvh", "mine.refined.glb", "mine.refined.json"} <= names
    frames = json.loads((tmp_path / "out" / "mine.refined.json").read_text())
    assert frames["people"][0]["id"] == 0
    assert "Frames: 60" in (tmp_path / "out" / "mine.refined.bvh").read_text()


@pytest.mark.slow
def test_what_the_file_does_not_say_the_options_do(tmp_path):
    given = walker(20)
    width, height = given.pop("image_size")
    fps, focal = given.pop("fps"), given.pop("focal")
    np.savez(tmp_path / "mine.npz", **given)
    command = ["refine", str(tmp_path / "mine.npz"), "--size", f"{width}x{height}", "--fps", str(fps)]
    assert (
        main(command[:4]) == 2 and main([*command, "--focal", "1"]) == 2
    )  # no rate; a focal length that no camera has
    assert not (tmp_path / "mine.refined.npz").exists()
    assert main([*command, "--focal", str(focal)]) == 0
    motion = Motion.load(tmp_path / "mine.refined.npz")
    assert motion.image_size == (width, height) and motion.camera["origin"] == "given"


def test_roots_are_subtracted_and_scores_are_optional(tmp_path):
    observed, poses = read_lifted(written(tmp_path))
    assert (poses[:, 0] == 0).all() and not observed.scored and observed.image_size == (640, 480)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"poses": None}, "no 'poses'"),
        ({"keypoints_2d": np.zeros((29, 17, 2))}, "keypoints_2d is"),
        ({"poses": np.full((30, 17, 3), np.nan)}, "no frame has both"),
        ({"poses": 1000 * arrays()["poses"]}, "have to be in metres"),
        ({"fps": np.float32(0)}, "frame rate"),
        ({"image_size": np.array([0, 480])}, "image size"),
        ({"scores": np.zeros((30, 16))}, "scores is"),
        ({"focal": np.float32(-1)}, "focal length"),
        ({"poses": np.zeros((0, 17, 3)), "keypoints_2d": np.zeros((0, 17, 2))}, "no frame has both"),
    ],
)
def test_other_files_are_one_clear_error(tmp_path, change, message, capsys):
    path = written(tmp_path, **change)
    with pytest.raises(DataError, match=message):
        read_lifted(path)
    assert main(["refine", str(path)]) == 2
    assert not (tmp_path / "mine.refined.npz").exists()
