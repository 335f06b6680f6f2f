"""Lifters and their refiners."""

from __future__ import annotations

import pytest

from estimators.errors import ConfigError
from estimators.lifting import Lifter, PictureLifter
from refiner.evaluation.pairs import load_pairs, load_pairs_for_pictures
from refiner.pairing import refiner_of


def test_every_lifter_has_a_refiner():
    assert refiner_of("mixste-27") == "refiner-mixste-27"
    assert refiner_of("my/own.safetensors") == "my/refiner-own.safetensors"
    assert refiner_of("blazepose") == "refiner-stcformer-81"


def test_the_pictures_own_poses_are_a_lifter_where_there_are_pictures():
    pairs = load_pairs_for_pictures(["blazepose", "stcformer-81", "blazepose"], device="cpu")
    assert [type(pair.lifter) for pair in pairs] == [PictureLifter, Lifter, PictureLifter]
    assert pairs[0].lifter is pairs[2].lifter and {pair.refiner.name for pair in pairs} == {"refiner-stcformer-81"}
    assert pairs[0].name == "blazepose and refiner-stcformer-81"
    with pytest.raises(ConfigError, match="no pictures"):
        load_pairs(["stcformer-81", "blazepose"])
    with pytest.raises(ConfigError, match="1 lifters, but 2"):
        load_pairs_for_pictures(["blazepose"], ["a", "b"])
