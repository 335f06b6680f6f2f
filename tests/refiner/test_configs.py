"""Bundled configs: with what they share in `_base_` they say what the bundled networks were trained with."""

import json

import pytest

from estimators import weights
from estimators.errors import ConfigError
from refiner.training.config import BUNDLED, check_config, load_config

# Each trained the bundled network of its name last, whose card holds the whole config.
BEHIND_CARDS = [
    "lifter_mixste_27_cpu", "lifter_mixste_81_cpu", "lifter_stcformer_27_cpu", "lifter_stcformer_81_cpu",
    "refiner_mixste_27_cpu", "refiner_mixste_81_wide_cpu", "refiner_stcformer_27_cpu", "refiner_stcformer_81_wide_cpu",
]  # fmt: skip


@pytest.mark.parametrize("name", BEHIND_CARDS)
def test_a_config_is_the_one_in_the_card_of_what_it_made(name):
    config = load_config(name)
    card = weights.available()[config.name]
    assert json.loads(json.dumps(config.to_dict())) == card["training"]["config"]


def test_those_without_a_card_differ_from_their_base_as_they_say():
    first, more, other = (
        load_config(f"refiner_{name}_cpu") for name in ("stcformer_81", "stcformer_81_more", "mixste_81")
    )
    assert first.model == {**more.model, "start": "stcformer-81"} and "seed" not in first
    assert [one.optimizer["lr"] for one in (first, more, other)] == [3e-4, 2e-4, 2e-4]
    assert other.data == {**more.data, "strides": (2, 2)} and other.model["lifter"] == "mixste-81"
    large, wide = load_config("lifter_stcformer_81_large_cpu"), load_config("refiner_stcformer_81_wide_cpu")
    assert large.data["noise"] == wide.data["noise"] and large.model["network"]["depth"] == 7
    paper = load_config("lifter_stcformer_81_paper")
    assert paper.data == {"stages": [(80000, 81, 12)], "strides": (3, 3)}
    assert paper.optimizer == {"type": "Adam", "lr": 1e-3, "amsgrad": True}


@pytest.mark.parametrize("path", sorted(BUNDLED.glob("[a-z]*_*.py")), ids=lambda path: path.stem)
def test_a_copy_written_whole_loads_anywhere(path, tmp_path):
    config = load_config(path)
    config.dump(tmp_path / "config.py")
    assert load_config(tmp_path / "config.py").to_dict() == config.to_dict()


def test_a_bundled_config_goes_by_its_name_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config("plan_cpu").name == "family-cpu"
    for name in ("nothing", "../configs/plan_cpu", "_base_/refiner", "", "plan_cpu\0", "n" * 5000):
        with pytest.raises(ConfigError, match="No training config"):
            load_config(name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"warmup": "1"}, "In the config, warmup must be a whole number of steps from 0 on."),
        ({"warmup": 4}, "The config's warmup of 4 steps must end before the last, 4."),
        ({"rate": 3}, "The config has unknown entries: rate."),
        ({"data": {}}, "The config lacks data.stages, data.strides."),
        (
            {"data": {"stages": [(4, 9)], "strides": (2, 4)}},
            "data.stages must be a list of (until step, frames, windows)",
        ),
        ({"data": {"stages": [(4, 9, 2)], "strides": {2, 4}}}, "data.strides must be two whole numbers"),
        ({"data": {"stages": [(4, 9, 2)], "strides": (2, 4), "held_out": "x"}}, "data.held_out needs a data.detector"),
        ({"data": {"stages": [(4, 9, 2)], "strides": (2, 4), "folds": (2, 2)}}, "data.folds must be (k, n)"),
        ({"tds_fps": True}, "tds_fps must be a positive number"),
        ({"seed": None}, "seed must be a whole number from 0 on"),
    ],
)  # fmt: skip
def test_one_sentence_says_which_entry_is_wrong(change, message):
    good = {
        "kind": "lifter", "name": "small-9", "model": {}, "data": {"stages": [[4, 9, 2]], "strides": [2, 4]},
        "optimizer": {"type": "AdamW"}, "warmup": 1, "validate_every": 4, "save_every": 2, "_own": object(),
    }  # fmt: skip
    check_config(good)
    with pytest.raises(ConfigError) as refused:
        check_config({**good, **change})
    assert message in str(refused.value) and "\n" not in str(refused.value)
