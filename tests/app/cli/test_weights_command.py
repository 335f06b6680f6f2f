"""`d3p weights`: list, verify, get, import."""

import argparse

import pytest
import torch

from app.cli import weights as command
from estimators import weights
from estimators.detection import zoo
from estimators.errors import WeightsError


def run(*arguments):
    parser = argparse.ArgumentParser(prog="d3p")
    command.add_parser(parser.add_subparsers(dest="command", required=True))
    command.run(parser.parse_args(["weights", *arguments]))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with two sets of weights, the only one that is searched."""
    monkeypatch.setattr(weights, "weight_folders", lambda: [tmp_path])
    monkeypatch.setenv("COLUMNS", "120")
    card = {"kind": "lifter", "licence": "Apache-2.0", "metrics": {"val": {"mpjpe_mm": 41.25}, "frames": 81}}
    weights.save(tmp_path / "one.safetensors", {"w": torch.zeros(500_000)}, card)
    weights.save(tmp_path / "two.safetensors", {"w": torch.ones(3)}, {"kind": "refiner"})
    return tmp_path


def test_list_shows_kind_size_licence_and_metrics(folder, capsys):
    run("list")
    out = capsys.readouterr().out
    (row,) = [line for line in out.splitlines() if line.strip().startswith("one")]
    assert row.split() == ["one", "lifter", "2.0", "Apache-2.0", "val.mpjpe_mm", "41.25"]
    assert "frames 81" in out and "two" in out


def test_list_says_where_it_looked_when_there_is_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "weight_folders", lambda: [tmp_path / "nowhere"])
    with pytest.raises(WeightsError, match="nowhere"):
        run("list")


def test_list_names_a_card_without_weights(folder):
    (folder / "one.safetensors").unlink()
    with pytest.raises(WeightsError, match="'one'"):
        run("list")


def test_verify_passes_what_is_whole(folder, capsys):
    run("verify")
    assert capsys.readouterr().out.split() == ["ok", "one", "ok", "two"]


def test_verify_goes_on_after_a_damaged_file_and_names_each(folder, capsys):
    path = folder / "one.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    (folder / "stray.safetensors").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"one\.safetensors is damaged.*stray\.safetensors has no model card"):
        run("verify")
    assert capsys.readouterr().out.split() == ["FAILED", "one", "FAILED", "stray", "ok", "two"]


def test_verify_of_nothing_is_no_success(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "weight_folders", lambda: [tmp_path])
    with pytest.raises(WeightsError, match="nothing was verified"):
        run("verify")


def test_get_of_an_unknown_model_lists_the_short_names():
    with pytest.raises(WeightsError, match=r"'rtmpose-xxl'.*rtmpose-m"):
        run("get", "rtmpose-xxl")


def test_get_prints_where_the_checkpoint_lies(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(zoo, "fetch", lambda model: tmp_path / f"{model.name}.pth")
    run("get", "rtmpose-t")
    assert capsys.readouterr().out.strip() == str(tmp_path / f"{zoo.ALIASES['rtmpose-t']}.pth")


def test_import_refuses_another_file(tmp_path):
    other = tmp_path / "model.tflite"
    other.write_bytes(b"TFL3 but not the one")
    with pytest.raises(WeightsError, match="does not hold the network"):
        run("import", str(other), "-o", str(tmp_path / "weights"))
    assert not (tmp_path / "weights").exists()
