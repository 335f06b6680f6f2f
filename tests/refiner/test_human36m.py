"""Human3.6M's files and protocol, on small files of the same layout with known answers."""

import argparse

import numpy as np
import pytest

from app.cli import convert_h36m
from estimators.errors import DataError
from estimators.observation import Observation
from refiner.data.convert_human36m import CAMERAS, KEPT, convert_human36m
from refiner.data.human36m import action_of, read_human36m
from refiner.evaluation.human36m import evaluate_human36m, official_windows
from tests.support.human36m import project, truth_cameras

TAKES = ("Directions", "Directions 1", "TakingPhoto", "Walking 1")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The three files and what the converter should find: {(subject, take, camera): camera-space poses}."""
    folder, rng = tmp_path_factory.mktemp("h36m"), np.random.default_rng(0)
    positions, exact, detected, expected = {}, {}, {}, {}
    for subject in ("S1", "S9", "S11"):
        cameras = truth_cameras(rng)
        positions[subject], exact[subject], detected[subject] = {}, {}, {}
        for number, take in enumerate(TAKES):
            n = 30 + 7 * number
            walk = rng.uniform(-1, 1, (n, 1, 3)) * [1, 1, 0] + [0, 0, 0.9]
            joints = (walk + rng.normal(0, 0.35, (n, 32, 3))).astype(np.float32)
            positions[subject][take] = joints
            exact[subject][take], detected[subject][take] = [], []
            for name, (rotation, translation, *lens) in zip(CAMERAS, cameras, strict=True):
                seen = joints[:, KEPT].astype(float) @ rotation.T + translation
                points = project(seen, *lens).astype(np.float32)
                exact[subject][take].append(points)
                longer = np.concatenate([points, points[-1:]])  # detectors' files may have a frame more
                detected[subject][take].append(longer + np.float32(2))
                expected[subject, take, name] = (seen, points)
    np.savez(folder / "data_3d_h36m.npz", positions_3d=positions)
    np.savez(folder / "data_2d_h36m_gt.npz", positions_2d=exact, metadata={"num_joints": 17})
    np.savez(folder / "data_2d_h36m_cpn.npz", positions_2d=detected, metadata={"num_joints": 17})
    return folder, expected


def test_cameras_follow_from_the_files(files, tmp_path):
    folder, expected = files
    counts = convert_human36m(folder / "data_3d_h36m.npz", folder / "data_2d_h36m_gt.npz", None, tmp_path / "h36m.npz")
    assert counts == {"sequences": 48, "frames": sum(len(poses) for poses, _ in expected.values())}
    sequences = list(read_human36m(tmp_path / "h36m.npz", ("S1", "S9", "S11")))
    assert len(sequences) == 48 - 4  # without S11's Directions
    for sequence in sequences:
        poses, points = expected[sequence.subject, sequence.take, sequence.camera]
        np.testing.assert_allclose(sequence.poses, poses, atol=2e-3)
        relative, truth = sequence.poses - sequence.poses[:, :1], poses - poses[:, :1]
        assert np.abs(relative - truth).max() < 5e-4  # half a millimetre
        np.testing.assert_array_equal(sequence.observed.keypoints, points)
        assert sequence.observed.image_size == CAMERAS[sequence.camera] and sequence.observed.fps == 50


def test_a_detectors_2d_is_cut_to_the_poses(files, tmp_path):
    folder, expected = files
    arguments = [folder / "data_3d_h36m.npz", folder / "data_2d_h36m_gt.npz", folder / "data_2d_h36m_cpn.npz"]
    convert_human36m(*arguments, tmp_path / "h36m.npz")
    sequences = list(read_human36m(tmp_path / "h36m.npz"))
    assert {sequence.subject for sequence in sequences} == {"S9", "S11"} and len(sequences) == 28
    for sequence in sequences:
        points = expected[sequence.subject, sequence.take, sequence.camera][1]
        np.testing.assert_allclose(sequence.observed.keypoints, points + 2, atol=1e-3)
    with np.load(tmp_path / "h36m.npz", allow_pickle=False) as data:
        assert str(data["detector"]) == "data_2d_h36m_cpn"


def test_the_command(files, tmp_path, capsys):
    folder, _ = files
    parser = argparse.ArgumentParser()
    convert_h36m.add_parser(parser.add_subparsers())
    names = [str(folder / name) for name in ("data_3d_h36m.npz", "data_2d_h36m_gt.npz")]
    convert_h36m.run(parser.parse_args(["convert-h36m", *names, "-o", str(tmp_path / "x.npz")]))
    assert "48 sequences" in capsys.readouterr().out


def test_files_that_do_not_belong_together_are_refused(files, tmp_path):
    folder, _ = files
    poses, truth = folder / "data_3d_h36m.npz", folder / "data_2d_h36m_gt.npz"
    with pytest.raises(DataError, match="no file"):
        convert_human36m(tmp_path / "nothing.npz", truth, None, tmp_path / "out.npz")
    with pytest.raises(DataError, match="holds no positions_3d"):
        convert_human36m(truth, truth, None, tmp_path / "out.npz")
    world = {
        subject: dict(takes) for subject, takes in np.load(poses, allow_pickle=True)["positions_3d"].item().items()
    }
    rng = np.random.default_rng(1)
    shaken = {s: {t: x + rng.normal(0, 0.2, x.shape) for t, x in takes.items()} for s, takes in world.items()}
    np.savez(tmp_path / "shaken.npz", positions_3d=shaken)
    with pytest.raises(DataError, match=r"S1, camera 54138969: no camera sees .* px"):
        convert_human36m(tmp_path / "shaken.npz", truth, None, tmp_path / "out.npz")
    world["S9"]["Sitting"] = world["S9"]["Directions"]
    np.savez(tmp_path / "more.npz", positions_3d=world)
    with pytest.raises(DataError, match="S9: KeyError"):
        convert_human36m(tmp_path / "more.npz", truth, None, tmp_path / "out.npz")
    assert not (tmp_path / "out.npz").exists()
    with pytest.raises(DataError, match=r"No Human3\.6M file"):
        list(read_human36m(tmp_path / "out.npz"))
    with pytest.raises(DataError, match="not a file of"):
        list(read_human36m(poses))


def test_actions_have_one_name():
    assert [action_of(take) for take in ("Directions 1", "WalkingDog", "TakingPhoto 2", "Photo", "Walking")] == [
        "Directions", "WalkDog", "Photo", "Photo", "Walking",
    ]  # fmt: skip


@pytest.mark.parametrize(("length", "stride"), [(10, 1), (27, 1), (28, 1), (81, 1), (100, 1), (100, 3), (2, 3)])
def test_official_windows_cover_everything_and_the_last_overlaps(length, stride):
    windows = list(official_windows(length, 27, stride))
    assert all(window.shape == (27,) for window in windows)
    assert set(np.concatenate(windows)) == set(range(length))
    if (length, stride) == (100, 1):
        assert [window[0] for window in windows] == [0, 27, 54, 73]
        assert len(np.concatenate(windows)) == 108  # eight frames count twice


class Shifted:
    """A "lifter" that is off by a number of millimetres that the first keypoint of a sequence tells."""

    name, frames, device = "shifted", 9, "cpu"

    def __init__(self, poses_of):
        self.poses_of = poses_of

    def stride(self, fps):
        return 1

    def lift(self, observed):
        return self._off(observed.keypoints)

    def lift_windows(self, observed):
        import torch

        return torch.from_numpy(np.stack([self._off(window) for window in observed.keypoints.numpy()]))

    def _off(self, keypoints):
        rest = np.random.default_rng(0).normal(0, 0.3, (17, 3)).astype(np.float32)
        poses = np.repeat((rest - rest[0])[None], len(keypoints), axis=0)
        poses[:, 1:, 0] += keypoints[:, :1, 0] / 1000
        return poses


def test_actions_count_alike_whatever_their_length():
    from refiner.data.human36m import Recording

    rest = np.random.default_rng(0).normal(0, 0.3, (17, 3)).astype(np.float32)

    def sequence(take, frames, millimetres):
        keypoints = np.full((frames, 17, 2), millimetres, np.float32)
        poses = np.repeat(rest[None], frames, axis=0) + np.float32([0.3, 0.1, 4])
        observed = Observation.of(keypoints, None, (1000, 1002), 50.0)
        return Recording("S9", take, "54138969", observed, poses, exact=True)

    sequences = [sequence("Walking", 40, 17), sequence("Walking 1", 20, 34), sequence("Eating", 9, 51)]
    table = evaluate_human36m(sequences, Shifted(rest), None)
    walking, eating = (40 * 16 + 20 * 32) / 60, 48
    errors = table.errors["shifted"]["each frame once"]["MPJPE"]
    assert errors == {"Eating": pytest.approx(eating, rel=1e-4), "Walking": pytest.approx(walking, rel=1e-4)}
    assert table.average("shifted", "each frame once", "MPJPE") == pytest.approx((walking + eating) / 2, rel=1e-4)
    # officially: five windows of nine for forty frames, three for twenty
    official = (45 * 16 + 27 * 32) / 72
    assert table.errors["shifted"]["official"]["MPJPE"]["Walking"] == pytest.approx(official, rel=1e-4)
    assert "| shifted | 48.0 | 21.3 | 34.7 |" in table.table("each frame once", "MPJPE")
