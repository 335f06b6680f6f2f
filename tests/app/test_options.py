"""The options are declared once: from a field come its argument, its control on the page, and its checks."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from app.cli.run import add_pipeline_arguments, options
from app.options import PRESETS, Options, Shown, declared
from app.web import choices
from app.web.form import Form
from estimators.errors import ConfigError, D3PError
from refiner.steps import STEPS

# A value of each that is not its default.
OTHERS: dict[str, Any] = {
    "detector": "rtmpose-t", "checkpoint": "some.pth", "lifter": "mixste", "frames": 27, "person": "2", "steps": 3,
    "refine": False, "device": "cpu", "video": False, "focal": 900.5, "looks": 12, "rotate": "90",
}  # fmt: skip


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    add_pipeline_arguments(made)
    return made


@pytest.mark.parametrize("name", declared())
def test_every_option_is_an_argument_with_a_help(parser: argparse.ArgumentParser, name: str) -> None:
    value = OTHERS[name]
    given = [f"--{'' if value else 'no-'}{name}"] if isinstance(value, bool) else [f"--{name}", str(value)]
    chosen = options(parser.parse_args(given))
    assert {key: getattr(chosen, key) for key in OTHERS} == {**vars(Options()), name: value}
    assert declared()[name].help in " ".join(parser.format_help().replace("-\n", "-").split())


def test_none_given_are_the_defaults(parser: argparse.ArgumentParser) -> None:
    assert options(parser.parse_args([])) == Options() == Options.preset("best")
    assert list(OTHERS) == [field.name for field in fields(Options)]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_holds_but_for_what_is_given(name: str) -> None:
    assert {key: getattr(Options.preset(name), key) for key in PRESETS[name]} == PRESETS[name]
    assert Options.preset(name, steps=7, person="all") == Options(**{**PRESETS[name], "steps": 7, "person": "all"})


def test_another_preset_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"'slow'; there are best, fast"):
        Options.preset("slow")


def test_the_page_has_a_control_for_every_option_that_it_shows() -> None:
    shown = {name: option.shown for name, option in declared().items() if option.shown}
    with gr.Blocks():
        form = Form("", picking=False)
    assert list(form.controls) == list(shown) == list(choices.defaults().asked)
    for name, control in form.controls.items():
        assert isinstance(shown[name], Shown)
        assert (control.label, control.info) == (shown[name].label, shown[name].info)
        assert control.value == getattr(Options(), name)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": 0}, f"whole number from 1 to {STEPS}, not 0"),
        ({"steps": STEPS + 1}, f"whole number from 1 to {STEPS}, not {STEPS + 1}"),
        ({"steps": 1.5}, "whole number"),
        ({"steps": True}, "whole number"),
        ({"looks": "12"}, "whole number of at least 0, not '12'"),
        ({"looks": float("nan")}, "whole number"),
        ({"frames": 10**5000 * -1}, "whole number"),
        ({"refine": 1}, "true or false"),
        ({"video": "no"}, "true or false"),
        ({"rotate": "45"}, "degrees or 'auto'"),
        ({"device": "tpu"}, "use auto"),
        ({"device": None}, "use auto"),
        ({"lifter": None}, "not None"),
        ({"person": 1.5}, "a text"),
        ({"focal": "x"}, "a number"),
    ],
)
def test_what_makes_no_sense_is_one_short_sentence(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Options(**change)
    assert said in str(refused.value) and len(str(refused.value)) < 200


def test_numbers_and_paths_are_taken_as_text_where_any_text_is_taken() -> None:
    mine = Options(person=3, lifter=Path("my/own.safetensors"))  # type: ignore[arg-type]
    assert (mine.person, mine.lifter_weights) == ("3", "my/own.safetensors")
    assert mine.refiner_weights == "my/refiner-own.safetensors"


def test_a_whole_number_is_kept_as_one() -> None:
    assert type(Options(steps=2.0).steps) is int  # type: ignore[arg-type]  # as programs send it


def test_options_that_make_no_sense() -> None:
    for change in ({"steps": 0}, {"frames": 0}, {"looks": -1}):
        with pytest.raises(D3PError):
            Options(**change)  # type: ignore[arg-type]
    assert Options(lifter="mixste", frames=27).lifter_weights == "mixste-27"
    assert Options().refiner_weights == "refiner-stcformer-81"
    assert Options(lifter="my/own.safetensors").refiner_weights == "my/refiner-own.safetensors"


def test_the_lifter_that_needs_no_weights_is_refined_by_another_lifters_refiner() -> None:
    chosen = Options(lifter="blazepose")
    assert chosen.lifter_weights == "blazepose" and chosen.refiner_weights == "refiner-stcformer-81"
    assert Options.preset("fast", lifter="blazepose").refiner_weights == "refiner-stcformer-27"
    assert chosen.weights == ["refiner-stcformer-81"] and Options(lifter="blazepose", refine=False).weights == []
    assert Options(lifter="mixste", frames=27).weights == ["mixste-27", "refiner-mixste-27"]
