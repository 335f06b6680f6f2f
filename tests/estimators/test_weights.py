"""Weights are found in the right order, and nothing but what the card promises is ever loaded."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from estimators import weights
from estimators.errors import ConfigError, WeightsError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder that is searched first."""
    monkeypatch.setenv("D3P_WEIGHTS", str(tmp_path))
    return tmp_path


def save(folder, name="tiny", value=1.0, **card):
    state = {"layer.weight": torch.full((2, 3), value)}
    return weights.save(folder / f"{name}.safetensors", state, {"kind": "lifter", **card})


def test_saved_weights_come_back_with_their_card(folder):
    written = save(folder, value=2.5, metrics={"mpjpe_mm": 44.0})
    state, card = weights.load("tiny")
    assert card == written
    assert card["metrics"] == {"mpjpe_mm": 44.0} and len(card["sha256"]) == 64
    torch.testing.assert_close(state["layer.weight"], torch.full((2, 3), 2.5))
    assert sorted(path.name for path in folder.iterdir()) == ["tiny.json", "tiny.safetensors"]


def test_float16_and_strided_tensors_are_stored_as_they_are(folder):
    values = torch.arange(6, dtype=torch.float16).reshape(2, 3)
    weights.save(folder / "half.safetensors", {"w": values.T}, {})
    state, _ = weights.load("half")
    assert state["w"].dtype == torch.float16
    torch.testing.assert_close(state["w"], values.T.contiguous())


def test_saved_files_have_the_usual_rights(folder):
    """Others can read them, as any file made here."""
    save(folder)
    (folder / "plain").touch()
    modes = {path.stat().st_mode for path in folder.iterdir()}
    assert len(modes) == 1


def test_weights_are_found_by_name_and_by_path(folder):
    save(folder)
    assert weights.find("tiny") == folder / "tiny.safetensors"
    assert weights.find(folder / "tiny.safetensors") == folder / "tiny.safetensors"


def test_the_users_folder_goes_before_all_others(tmp_path, monkeypatch):
    first, second = tmp_path / "first", tmp_path / "second"
    for place, value in ((first, 1.0), (second, 2.0)):
        place.mkdir()
        save(place, value=value, place=place.name)
    monkeypatch.setattr(weights, "weight_folders", lambda: [first, second])
    state, card = weights.load("tiny")
    assert card["place"] == weights.available()["tiny"]["place"] == "first"
    assert state["layer.weight"][0, 0] == 1.0


def test_the_search_starts_at_the_environment_variable(folder):
    assert weights.weight_folders()[0] == folder


@pytest.mark.parametrize("byte", [0, 20, -1])
def test_one_changed_byte_is_noticed(folder, byte):
    save(folder)
    path = folder / "tiny.safetensors"
    data = bytearray(path.read_bytes())
    data[byte] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=r"tiny\.safetensors is damaged or changed"):
        weights.load("tiny")


def test_a_file_cut_short_is_noticed(folder):
    save(folder)
    path = folder / "tiny.safetensors"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(WeightsError, match="damaged"):
        weights.load("tiny")


@pytest.mark.parametrize("card", ["{", "[]", '"text"', "\x00\x01"])
def test_a_card_that_is_no_card_is_named(folder, card):
    save(folder)
    (folder / "tiny.json").write_text(card)
    for read in (lambda: weights.load("tiny"), weights.available):
        with pytest.raises(WeightsError, match=r"tiny\.json"):
            read()


def test_a_card_without_a_hash_promises_nothing(folder):
    save(folder)
    (folder / "tiny.json").write_text(json.dumps({"kind": "lifter"}))
    with pytest.raises(WeightsError):
        weights.load("tiny")


def test_weights_without_a_card_are_refused(folder):
    save(folder)
    (folder / "tiny.json").unlink()
    with pytest.raises(WeightsError, match="no model card"):
        weights.load("tiny")


def test_a_pickle_in_disguise_is_refused_even_with_its_hash(folder):
    card = save(folder)
    path = folder / "tiny.safetensors"
    torch.save({"w": torch.zeros(1)}, path)
    card["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "tiny.json").write_text(json.dumps(card))
    with pytest.raises(WeightsError, match="not a safetensors file"):
        weights.load("tiny")


def test_an_unknown_name_lists_what_there_is(folder):
    save(folder, "stcformer-81")
    with pytest.raises(WeightsError, match=r"'mixste-9'.*stcformer-81"):
        weights.load("mixste-9")


def test_a_missing_folder_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "weight_folders", lambda: [tmp_path / "nowhere"])
    assert weights.available() == {} and weights.bundled_names() == []
    with pytest.raises(WeightsError, match="bundled are: none"):
        weights.find("tiny")


def test_saving_again_leaves_the_old_file_whole_until_the_end(folder, monkeypatch):
    """A save that dies while writing leaves what was there loadable."""
    save(folder, value=1.0)

    def dies(path, data):
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError("disk full")

    with monkeypatch.context() as patch, pytest.raises(ConfigError, match="disk full"):
        patch.setattr(Path, "write_bytes", dies)
        save(folder, value=2.0)
    assert weights.load("tiny")[0]["layer.weight"][0, 0] == 1.0


def test_every_bundled_file_is_what_its_card_says(monkeypatch):
    monkeypatch.delenv("D3P_WEIGHTS", raising=False)
    for name in weights.bundled_names():
        state, card = weights.load(name)
        assert state, name
        assert card.get("kind") in {"detector", "detector-noise", "lifter", "refiner"}, name
        assert card.get("licence"), name
