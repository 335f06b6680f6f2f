import numpy as np
import pytest

from app.cli import main
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
        ({"poses": np.zeros((0, 17, 3)), "keypoints_2d": np.zeros((0, 17, 2))}, "no frame has both"),
    ],
)
def test_other_files_are_one_clear_error(tmp_path, change, message, capsys):
    path = written(tmp_path, **change)
    with pytest.raises(DataError, match=message):
        read_lifted(path)
    assert main(["refine", str(path)]) == 2
    assert not (tmp_path / "mine.refined.npz").exists()
