"""A plan makes a family of networks from the data alone, stops by the clock, and goes on where it was."""

import json
from types import SimpleNamespace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from estimators import weights
from estimators.errors import ConfigError
from refiner.training.capture_preprocessor import CapturePreprocessor
from refiner.training.checkpoints import latest_checkpoint
from refiner.training.config import load_config
from refiner.training.lifter_training import LifterTraining
from refiner.training.pace import PaceHook, operations, peak
from refiner.training.plan import UNFINISHED, Plan, variant
from tests.support.paths import ROOT
from tests.support.training_command import lifter_config, refiner_config, train

CONFIGS = ROOT / "refiner" / "training" / "configs"
LIFTER = lifter_config("tiny-9", [(3, 5, 8), (6, 9, 4)], dropout=0.1, warmup=2, validate_every=6, save_every=6)
REFINER = refiner_config(
    "tiny-refiner", "tiny-9", [(4, 9, 4)], warmup=2, validate_every=4, save_every=4,
    start=None, fit_windows=16, inference_share=0.5,
)  # fmt: skip
PLAN = """
kind = "plan"
name = "tiny-family"
trainings = ["lifter", {"name": "refiner-tiny-9", "config": "refiner",
                        "set": {"data.stages": [(3, 9, 4)], "model.law": "white", "half": True}}]
pairs = [("tiny-9", "refiner-tiny-9")]
alone = ["tiny-9"]
"""


@pytest.fixture
def folder(tmp_path):
    for name, text in (("lifter", LIFTER), ("refiner", REFINER), ("plan", PLAN)):
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


@pytest.mark.slow
def test_a_plan_stops_by_the_clock_and_goes_on_to_the_report(folder, mocap):
    command = (folder / "plan.py", "--data", mocap, "--work-dir", folder / "work")
    begun = train(*command, "--minutes", 0.001)
    assert begun.returncode == UNFINISHED, begun.stderr
    assert not (folder / "work" / "weights").exists()
    done = train(*command)
    assert done.returncode == 0, done.stderr[-2000:]
    card = json.loads((folder / "work" / "weights" / "refiner-tiny-9.json").read_text())
    assert card["lifter"] == "tiny-9" and card["training"]["steps"] == 3
    assert card["training"]["config"]["model"]["law"] == "white" and card["uncertainty"]["scale"] > 0
    assert "detected 2D, MPJPE mm" in card["metrics"]
    state = weights.load(folder / "work" / "weights" / "refiner-tiny-9.safetensors")[0]
    assert state["network.head.weight"].dtype == torch.float16 != state["noise.cholesky"].dtype
    report = (folder / "work" / "report" / "report.md").read_text()
    assert "tiny-9 and refiner-tiny-9" in report and "Table IV" in report
    before = (folder / "work" / "weights" / "tiny-9.safetensors").stat().st_mtime_ns
    again = train(*command)
    assert again.returncode == 0 and "Epoch" not in again.stderr + again.stdout
    assert (folder / "work" / "weights" / "tiny-9.safetensors").stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_plan_starts_our_modules_and_not_those_of_the_users_folder(folder, monkeypatch):
    for name in ("app", "refiner", "estimators"):
        (folder / f"{name}.py").write_text("raise SystemExit(9)\n")
    monkeypatch.chdir(folder)
    plan = Plan(load_config("plan.py"), folder, "mocap.npz", folder / "work")
    plan._call(["--help"])
    with pytest.raises(ConfigError, match=r"a training ended with exit code 2"):  # ours: there is no such config
        plan._call(["nowhere.py"])


@pytest.mark.slow
def test_a_plan_whose_training_fails_says_so(folder, mocap):
    (folder / "lifter.py").write_text(LIFTER.replace("STCFormer", "Nothing"))
    failed = train(folder / "plan.py", "--data", mocap, "--work-dir", folder / "work")
    assert failed.returncode == 2 and "tiny-family stops" in failed.stderr and "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("trainings =", "trainings = []\nalone =", "list of names"),
        ('"config": "refiner"', '"confg": "refiner"', "name, config, set"),
        ('("tiny-9", "refiner-tiny-9")', '"tiny-9"', "list of \\(lifter, refiner\\)"),
        ("alone =", "alon =", "unknown entries: alon"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(folder, old, new, message):
    (folder / "plan.py").write_text(PLAN.replace(old, new))
    with pytest.raises(ConfigError, match=message):
        load_config(folder / "plan.py")


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("plan_*.py")), ids=lambda path: path.stem)
def test_every_plan_makes_what_it_measures_of_configs_that_are_there(path):
    plan = load_config(path)
    made = []
    for training in plan.trainings:
        _, name, entries = variant(training)
        config = load_config(path.with_name(f"{name}.py"), entries)
        made.append(config.name)
        for needed in (config.model.get("lifter"), config.model.get("start"), *config.model.get("cross_fitted", [])):
            assert needed is None or needed in made or needed in weights.available(), needed
    assert {name for pair in plan.get("pairs", []) for name in pair} <= {*made, *weights.available()}


@pytest.mark.slow
def test_a_training_stopped_by_the_clock_ends_as_one_that_was_not(folder, mocap):
    assert train(folder / "lifter.py", "--data", mocap, "--work-dir", folder / "whole").returncode == 0
    parts = (folder / "lifter.py", "--data", mocap, "--work-dir", folder / "parts", "--resume")
    stopped = train(*parts, "--minutes", 0)
    assert stopped.returncode == UNFINISHED and "stopped at step 1 of 6" in stopped.stdout, stopped.stderr[-2000:]
    assert latest_checkpoint(folder / "parts")[0].name == "iter_1.pth"
    assert train(*parts).returncode == 0
    whole, found = (latest_checkpoint(folder / name)[1]["state_dict"] for name in ("whole", "parts"))
    for key, value in whole.items():
        torch.testing.assert_close(found[key], value, rtol=0, atol=0)


@pytest.fixture
def lifter_training(folder, mocap):
    config = load_config(folder / "lifter.py")
    return LifterTraining(
        **config.model, data_preprocessor={"type": CapturePreprocessor, "mocap": mocap, **config.data}
    )


def test_a_step_takes_three_times_the_operations_of_a_forward_pass(lifter_training):
    stage = lifter_training.data_preprocessor.stages[1]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        lifter_training.network(torch.zeros(stage.batch, stage.frames, 17, 5))
    assert operations(lifter_training, stage) == pytest.approx(3 * counter.get_total_flops(), rel=0.05)
    assert all(parameter.grad is None for parameter in lifter_training.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [False, True])
def test_networks_are_compiled_where_the_config_says_so(lifter_training, compiled):
    PaceHook(compiled).before_train(SimpleNamespace(model=lifter_training))
    assert (lifter_training.network._compiled_call_impl is not None) == compiled
    assert "network.blocks.0.attention.qkv.weight" in lifter_training.state_dict()  # names as ever


def test_the_peak_is_a_rate_that_a_processor_can_have():
    assert 1e8 < peak("cpu", torch.float32, repeats=1) < 1e14
