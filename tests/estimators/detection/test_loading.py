"""Models of mmpose from config and checkpoint: what fits runs, what does not is refused, and files are read once."""

import hashlib
import io
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from estimators import weights
from estimators.detection import Detector, loading, zoo
from estimators.detection.networks import MULTIPOSE
from estimators.errors import ConfigError, WeightsError
from tests.support.detectors import IMAGE, NOBODY, assert_well_formed, config_of, save_checkpoint


@pytest.mark.slow
@pytest.mark.parametrize("alias", ["rtmpose-t", "rtmo-t"])
def test_a_model_of_mmpose_runs_from_config_and_checkpoint(checkpoints, alias):
    model = Detector(config_of(alias), checkpoints[alias])
    people = model.detect(IMAGE)
    assert_well_formed(people, len(people))
    if alias == "rtmpose-t":
        assert len(people) == 2  # found by the bundled model
    rectangles = np.array([[0, 0, 192, 384], [150, 0, 400, 384], [-20, -20, 10, 10]])
    again = model.detect_in(IMAGE, rectangles)
    assert_well_formed(again, 3)
    assert_well_formed(model.detect_in(IMAGE, np.zeros((0, 4))), 0)
    assert model.description()["sha256"] == zoo.file_sha256(checkpoints[alias])


def test_a_top_down_model_sees_nobody_where_nobody_is(checkpoints):
    """mmpose's own call takes the whole image for a person when given no boxes."""
    assert_well_formed(Detector("rtmpose-t", checkpoints["rtmpose-t"]).detect(NOBODY), 0)


def test_the_weights_of_the_file_are_really_used(checkpoints, tmp_path):
    content = loading.read_checkpoint(checkpoints["rtmpose-t"])
    content["state_dict"] = {name: value * 0 for name, value in content["state_dict"].items()}
    torch.save(content, tmp_path / "zeros.pth")
    box = np.array([[0, 0, 192, 384]])
    random = Detector("rtmpose-t", checkpoints["rtmpose-t"]).detect_in(IMAGE, box)
    zeros = Detector("rtmpose-t", tmp_path / "zeros.pth").detect_in(IMAGE, box)
    assert not np.allclose(random.keypoints, zeros.keypoints)
    assert np.ptp(zeros.keypoints, axis=1).max() == 0  # all joints alike


def test_a_checkpoint_for_another_model_is_refused(checkpoints):
    with pytest.raises(WeightsError, match="does not fit"):
        Detector("rtmo-t", checkpoints["rtmpose-t"])


def test_a_checkpoint_that_would_run_code_is_refused_and_does_not_run_it(tmp_path):
    class Harmful:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    (tmp_path / "bad.pth").write_bytes(pickle.dumps({"state_dict": Harmful()}))
    torch.save({"state_dict": {}, "meta": Harmful()}, tmp_path / "worse.pth")
    for name in ("bad", "worse"):
        with pytest.raises(WeightsError, match=name):
            Detector("rtmpose-t", tmp_path / f"{name}.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut off"])
def test_a_damaged_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "cut.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=r"cut\.pth"):
        Detector("rtmpose-t", tmp_path / "cut.pth")


def test_joints_are_chosen_by_name_in_models_with_more_than_cocos(tmp_path):
    name = "rtmpose-t_8xb1024-700e_body8-halpe26-256x192"
    model = Detector(name, save_checkpoint(tmp_path / "halpe.pth", config_of(name)))
    assert_well_formed(model.detect_in(IMAGE, np.array([[0, 0, 192, 384]])), 1)


def test_a_model_without_cocos_joints_is_refused(tmp_path):
    (name,) = (name for name in zoo.models() if name.startswith("td-hm_mobilenetv2_8xb64-210e_mpii"))
    with pytest.raises(ConfigError, match="joints"):
        Detector(name, save_checkpoint(tmp_path / "mpii.pth", config_of(name)))


def test_every_alias_names_a_config_of_the_installed_mmpose():
    for alias in zoo.ALIASES:
        assert config_of(alias).is_file()


@pytest.mark.parametrize("text", ["x = 1", "model = dict(type='Nonsense')", "syntax error here(", ""])
def test_a_config_that_is_none_is_refused(tmp_path, text, checkpoints):
    (tmp_path / "odd.py").write_text(text)
    with pytest.raises(ConfigError, match=r"odd\.py"):
        Detector(tmp_path / "odd.py", checkpoints["rtmpose-t"])


@pytest.fixture
def hashed(monkeypatch):
    """Names of the files of weights that are opened, and how many bytes are hashed."""
    opened, lengths = [], []
    real_open, real_hash, real_digest = io.open, hashlib.sha256, hashlib.file_digest

    def open_and_note(file, *rest, **named):
        if Path(str(file)).suffix in (".safetensors", ".pth"):
            opened.append(Path(file).name)
        return real_open(file, *rest, **named)

    monkeypatch.setattr(io, "open", open_and_note)
    monkeypatch.setattr(hashlib, "sha256", lambda data=b"": lengths.append(len(data)) or real_hash(data))
    monkeypatch.setattr(
        hashlib,
        "file_digest",
        lambda file, name: lengths.append(Path(file.name).stat().st_size) or real_digest(file, name),
    )
    return opened, lengths


def test_the_bundled_weights_are_read_once_and_hashed_once(hashed):
    opened, lengths = hashed
    description = Detector().description()
    size = weights.find(MULTIPOSE.weights).stat().st_size
    assert opened == [f"{MULTIPOSE.weights}.safetensors"]
    assert [length for length in lengths if length >= 1000] == [size]
    assert (
        description["sha256"] == weights.load(MULTIPOSE.weights)[1]["sha256"] and "Lightning" in description["version"]
    )


@pytest.mark.slow
def test_a_checkpoint_is_hashed_once_and_its_finder_read_once(checkpoints, hashed, monkeypatch, tmp_path):
    opened, lengths = hashed
    own = checkpoints["rtmpose-t"]
    detector = Detector("rtmpose-t", own)
    assert detector.description()["sha256"] == hashlib.file_digest(own.open("rb"), "sha256").hexdigest()
    assert opened.count(f"{MULTIPOSE.weights}.safetensors") == 1
    # of a download, too, by which it was verified
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    found = replace(zoo.find("rtmpose-t"), url=f"https://models.invalid/net-{digest[:8]}.pth")
    monkeypatch.setenv("D3P_CACHE", str(tmp_path))
    monkeypatch.setattr(zoo, "find", lambda name: found)
    (tmp_path / "checkpoints").mkdir()
    kept = Path(shutil.copy(own, tmp_path / "checkpoints" / f"net-{digest[:8]}.pth"))
    lengths.clear()
    assert Detector("rtmpose-t").description()["sha256"] == digest
    assert lengths.count(kept.stat().st_size) == 1
