"""Tiny trainings on a made-up motion-capture file: the real commands, from nothing to weights that load."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from estimators import weights
from estimators.errors import ConfigError
from estimators.lifting import Lifter
from estimators.lifting.lifter import build_network
from estimators.lifting.normalise import Normalisation
from estimators.observation import Observation
from refiner import diffusion
from refiner.evaluation.mocap import evaluate
from refiner.model import RefinerModel
from refiner.refiner import Refiner, list_of
from refiner.training.capture_preprocessor import CapturePreprocessor
from refiner.training.checkpoints import latest_checkpoint
from refiner.training.config import load_config
from refiner.training.export import export
from refiner.training.losses import LOSSES
from refiner.training.refiner_training import RefinerTraining
from refiner.training.runner import PoseMetric
from tests.support.paths import ROOT
from tests.support.training_command import SMALL_LIFTER, refiner_config, train, write

CONFIGS = ROOT / "refiner" / "training" / "configs"


def d3p_train(*arguments: object) -> str:
    done = train(*arguments)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory, mocap):
    """A lifter and its refiner, trained for a few steps."""
    folder = tmp_path_factory.mktemp("training")
    config = write(folder / "lifter.py", SMALL_LIFTER)
    d3p_train(config, "--data", mocap, "--work-dir", folder / "lifter")
    lifter = export(load_config(config), folder / "lifter", folder)
    config = write(
        folder / "refiner.py",
        refiner_config(
            "refiner-small-9", str(lifter), [(6, 9, 4)], warmup=2, validate_every=6, save_every=3,
            law="ar1", real_share=0.5, fit_windows=32,
        ),
    )  # fmt: skip
    d3p_train(config, "--data", mocap, "--work-dir", folder / "refiner")
    return lifter, export(load_config(config), folder / "refiner", folder, mocap)


@pytest.mark.slow
def test_weights_have_cards_that_say_what_they_are(trained):
    lifter, refiner = (weights.load(path)[1] for path in trained)
    assert (lifter["kind"], lifter["frames"], lifter["training"]["windows"]) == ("lifter", 9, {"T=5": 32, "T=9": 16})
    assert lifter["tds_fps"] == pytest.approx(50 / 3)
    assert (refiner["kind"], refiner["lifter"], refiner["training"]["steps"]) == ("refiner", "small-9", 6)
    assert 0 <= refiner["trust"] <= 1
    for card in (lifter, refiner):  # of a file that says nothing of where its motion is from
        assert card["training"]["people"] == "the 2 of the train split" and "2 clips" in card["training"]["data"]
        assert card["training"]["sources"][0]["licence"] == "not told by the file"
        assert "not told by the file" in card["licence"] and "CMU" not in json.dumps(card)


def test_trained_weights_lift_and_refine(trained):
    lifter, refiner = Lifter.load(trained[0]), Refiner.load(trained[1])
    keypoints = np.random.default_rng(0).normal(300, 50, (40, 17, 2)).astype(np.float32)
    observed = Observation.of(keypoints, None, (640, 480), 30)
    lifted = lifter.lift(observed)
    refined = refiner.refine(observed, lifted)
    assert refined.poses.shape == (40, 17, 3) and refined.sigma.shape == (40, 17)
    assert (refined.poses[:, 0] == 0).all() and not np.allclose(refined.poses, lifted)
    assert (refined.sigma[:, 1:] > 0).all()
    with pytest.raises(ConfigError, match="between 1 and 50"):
        refiner.refine(observed, lifted, steps=51)


def test_the_tables_hold_every_method(trained, mocap):
    (measured,) = evaluate(str(mocap), [(Lifter.load(trained[0]), Refiner.load(trained[1]))])
    table, tables = measured.markdown(), measured.conditions
    for method in ("mean pose", "small-9", "Savitzky-Golay", "Gaussian", "linear CND", "refiner, K=2"):
        assert method in table
    assert set(tables) == {"true 2D", "detected 2D"}
    assert all(row.p_mpjpe < row.mpjpe for tally in tables.values() for row in tally.rows())


def test_validation_counts_every_window():
    metric, target = PoseMetric(), torch.zeros(5, 17, 3)
    off = torch.tensor([1.0, 0, 0]) * (torch.arange(17) > 0)[:, None]  # of all joints but the root
    for errors in ((0.01, 0.02, 0.03), (0.1, 0.2, 0.3)):
        metric.process(None, [{"target": target, "lifted": target + error * off} for error in errors])
    assert metric.evaluate(size=2)["val/lifted_mpjpe"] == pytest.approx(110 * 16 / 17)


def refiner_training(lifter, mocap, **options) -> RefinerTraining:
    """A refiner of small-9 that starts as the lifter itself."""
    data = {"type": CapturePreprocessor, "mocap": str(mocap), "stages": [(6, 9, 6)], "strides": (2, 4)}
    network = {"channels": 32, "depth": 1, "dropout": 0.0, "output": "pose"}
    return RefinerTraining(network, str(lifter), data, start=str(lifter), fit_windows=12, **options)


def draw(training, seed):
    return training.data_preprocessor.capture("train").draw(6, 9, seed)


def test_started_as_its_lifter_it_changes_nothing_at_first(trained, mocap):
    training = refiner_training(trained[0], mocap).eval()
    windows = draw(training, 3)
    lifted = training.lifters[0].lift_windows(windows, flip=False).clone()
    refined = training.model.refine(windows, lifted)
    torch.testing.assert_close(refined, lifted, rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["l2", "mpjpe"])
def test_a_refiner_learns_on_the_windows_it_is_given(trained, mocap, loss):
    torch.manual_seed(0)
    training = refiner_training(trained[0], mocap, loss=loss, real_share=0.7, inference_share=0.8, velocity_weight=1.0)
    training.fit_noise()
    windows = draw(training, 1)
    optimizer = torch.optim.Adam(training.model.parameters(), 3e-3)
    losses = []
    for _ in range(60):
        out = training(windows, mode="loss")
        optimizer.zero_grad()
        out["loss"].backward()
        optimizer.step()
        losses.append(float(out["loss"]))
    assert sum(losses[-10:]) < 0.7 * sum(losses[:10])
    assert not any(
        parameter.requires_grad and parameter.grad is not None for parameter in training.lifters[0].network.parameters()
    )


def test_cross_fitted_lifters_meet_people_that_they_have_not_seen(trained, mocap):
    data = {"type": CapturePreprocessor, "mocap": str(mocap), "stages": [(6, 9, 6)], "strides": (2, 4), "crossed": 2}
    training = RefinerTraining({"channels": 32, "depth": 1}, str(trained[0]), data, cross_fitted=2 * [str(trained[0])])
    people = []
    for step in (0, 1, 2):
        drawn = training.data_preprocessor({"step": torch.tensor([step])}, training=True)
        assert drawn["fold"] == step % 2
        people.append(training.data_preprocessor.fold(drawn["fold"]))
    assert people[0] is people[2] is not people[1]
    with torch.no_grad():
        for parameter in training.cross_fitted[1].network.parameters():
            parameter.add_(0.1)
    windows = draw(training, 3)
    by_fold = [training._lift(windows, lifter) for lifter in (*training.cross_fitted, *training.lifters)]
    torch.testing.assert_close(by_fold[0], by_fold[2])
    assert not torch.allclose(by_fold[0], by_fold[1])
    training.fit_noise()
    assert training(**drawn, mode="loss")["loss"] > 0
    with pytest.raises(ConfigError, match="as many cross_fitted"):
        RefinerTraining({"channels": 32, "depth": 1}, str(trained[0]), data, cross_fitted=[str(trained[0])])


def test_trust_lies_where_validation_people_are_best_served(trained, mocap, monkeypatch):
    """Truth a third of the way from the lifted pose to what the refiner makes of it: a third is what it is trusted."""
    training = refiner_training(trained[0], mocap)
    windows = training.data_preprocessor.capture("val").draw(4, 9, 0)
    lifted = training._lift(windows, training.lifters[0])
    monkeypatch.setattr(training.model, "error", lambda pose, x2d, t: -0.03 * torch.ones_like(pose))
    moved = training.model.refine(windows, lifted)
    target = replace(windows, poses=lifted + (moved - lifted) / 3)
    monkeypatch.setattr(type(training.data_preprocessor), "forward", lambda self, data, training: {"windows": target})
    monkeypatch.setattr(training, "_lift", lambda windows, lifter: lifted)
    assert training.fit_trust(batches=2) == pytest.approx(1 / 3, abs=1e-5)
    refined = training.model.refine(windows, lifted)
    torch.testing.assert_close(refined, target.poses)


@pytest.mark.parametrize("t", [50, 25, 3])
def test_a_network_that_gives_a_pose_gives_the_clean_one(t):
    """Formula (9): what is left when its error is taken out of x_t is its pose, at every t; so is the end of DDIM."""
    model = RefinerModel({"channels": 32, "depth": 1, "output": "pose"}, "person").eval()
    torch.manual_seed(0)
    pose, x2d = torch.randn(2, 9, 17, 3), torch.randn(2, 9, 17, 5)
    pose[:, :, 0] = 0
    given = model.network(pose, x2d, torch.full((2,), t))
    given = given - given[:, :, :1]
    A, B = diffusion.coefficients(t, pose)
    e_hat = model.error(pose, x2d, t)
    torch.testing.assert_close(diffusion.predict_clean((A + B) * pose, e_hat, t), given, rtol=1e-4, atol=1e-5)
    assert (e_hat[:, :, 0] == 0).all()


def test_what_cannot_be_trained_is_said(trained, mocap):
    with pytest.raises(ConfigError, match="'l2' or 'mpjpe'"):
        refiner_training(trained[0], mocap, loss="l3")


@pytest.mark.slow
def test_a_stopped_training_resumes_where_it_would_have_been(tmp_path, mocap, trained):
    config, whole, parts = trained[0].with_name("lifter.py"), trained[0].with_name("lifter"), tmp_path / "parts"
    parts.mkdir()
    shutil.copy(whole / "iter_4.pth", parts)
    (parts / "last_checkpoint").write_text(str(parts / "iter_4.pth"))
    d3p_train(config, "--data", mocap, "--work-dir", parts, "--resume")
    expected, found = (latest_checkpoint(folder)[1]["state_dict"] for folder in (whole, parts))
    assert latest_checkpoint(parts)[0].name == "iter_8.pth"
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, rtol=0, atol=0)


def test_a_config_with_a_hole_is_one_clear_error(tmp_path):
    with pytest.raises(ConfigError, match="No training config"):
        load_config(tmp_path / "nothing.py")
    with pytest.raises(ConfigError, match="lacks model"):
        load_config(write(tmp_path / "hole.py", SMALL_LIFTER.replace("model =", "modle =")))
    with pytest.raises(ConfigError, match="unknown kind"):
        load_config(write(tmp_path / "kind.py", SMALL_LIFTER.replace("'lifter'", "'juggler'")))


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*er_*.py")), ids=lambda path: path.stem)
def test_every_config_is_whole(path):
    config = load_config(path)
    assert config.name in path.stem.replace("_cpu", "").replace("_", "-")
    ends = [until for until, _, _ in config.data["stages"]]
    assert ends == sorted(ends) and config.warmup < ends[0]
    if config.kind == "lifter":
        network = build_network(config.model["network"])
        channels = Normalisation(config.model["normalisation"]).channels
        assert network(torch.zeros(1, 3, 17, channels)).shape == (1, 3, 17, 3)
        assert config.model["loss"] in LOSSES
    else:
        RefinerModel(config.model["network"], "image", pictured=config.model.get("pictured", False))
        lifter = path.with_name(path.name.replace("refiner", "lifter").replace("_more", "").replace("_wide", ""))
        for one in list_of(config.model["lifter"]):  # a refiner of several lifters has none of them in its name
            named = lifter if lifter.exists() else Path(str(lifter).replace("lifter", f"lifter_{one.split('-')[0]}"))
            assert one == load_config(named).name
