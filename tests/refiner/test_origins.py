"""Cards say whose motion a network was trained on: what the motion-capture file says, under licences of any name."""

from types import SimpleNamespace

import numpy as np
import pytest

from estimators.errors import DataError, WeightsError
from refiner.data.mocap import NOT_TOLD, origins, read_mocap
from refiner.training.export import _origins
from tests.support.synthetic import write_mocap

CONFIG = SimpleNamespace(data={})


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Four people; the test person's licence is no training's."""
    path = tmp_path_factory.mktemp("mixed") / "mocap.npz"
    return write_mocap(
        path, 120, source=["lab/A", "lab/B", "lab/A", "lab/C"], licence=["PDDL", "CMU", "PDDL", "secret"]
    )


def test_people_clips_minutes_sources_and_licences_are_counted(mixed):
    assert origins(read_mocap(mixed, "train")) == {
        "people": 2, "clips": 2, "minutes": 0.08,
        "sources": [
            {"source": "lab/B", "licence": "CMU", "people": 1, "clips": 1, "minutes": 0.04},
            {"source": "lab/A", "licence": "PDDL", "people": 1, "clips": 1, "minutes": 0.04},
        ],
    }  # fmt: skip
    half = origins(read_mocap(mixed, "train", (0, 2)))
    assert half["people"] == 1 and [one["licence"] for one in half["sources"]] == ["PDDL"]


def test_a_file_that_says_nothing_of_them_is_read_as_before(mocap, tmp_path):
    assert origins(read_mocap(mocap, "train"))["sources"] == [
        {"source": NOT_TOLD, "licence": NOT_TOLD, "people": 2, "clips": 2, "minutes": 0.08}
    ]
    with pytest.raises(DataError, match="licence is"):
        read_mocap(write_mocap(tmp_path / "short.npz", 60, licence=["PDDL"]), "train")
    with np.load(mocap) as stored:
        np.savez(tmp_path / "numbers.npz", **{**stored, "source": np.arange(4)})
    with pytest.raises(DataError, match="source is int64"):
        read_mocap(tmp_path / "numbers.npz", "train")


def test_a_card_says_what_the_checkpoint_was_trained_on(mixed, mocap):
    told = origins(read_mocap(mixed, "train"))
    about, licence = _origins(CONFIG, {"meta": {"origins": told}}, mocap)  # whatever --data is at the export
    assert about["people"] == "the 2 of the train split"
    assert "lab/B (CMU), lab/A (PDDL)" in about["data"] and "2 clips, 0.1 minutes" in about["data"]
    assert about["sources"] == told["sources"] and "NSF EIA-0196217" in about["thanks"][0]
    assert "CMU, PDDL for the motion" in licence and "secret" not in licence + about["data"]


def test_of_an_older_checkpoint_the_file_is_taken_or_nothing_is_claimed(mixed):
    about, licence = _origins(CONFIG, {"meta": {}}, mixed)
    assert "CMU, PDDL" in licence and about["people"] == "the 2 of the train split"
    folds = SimpleNamespace(data={"folds": (0, 2)})
    about, licence = _origins(folds, {"meta": {}}, mixed)
    assert about["people"] == "1 of the train split" and "thanks" not in about and "CMU" not in licence
    about, licence = _origins(CONFIG, {"meta": {}}, None)
    assert about == {"data": "not known", "people": "not known"} and "not known for the motion" in licence


@pytest.mark.parametrize("told", ["CMU", {"sources": 3}, {"sources": [{}]}, {"sources": [{"licence": 1, "source": 2}]}])
def test_a_checkpoint_that_tells_nonsense_is_one_sentence(told):
    with pytest.raises(WeightsError, match="does not say what it was trained on"):
        _origins(CONFIG, {"meta": {"origins": told}}, None)


def test_several_files_are_read_as_one(mocap, mixed, tmp_path):
    both = read_mocap([mixed, str(mocap)], "train")
    assert [clip.source for clip in both] == ["lab/A", "lab/B", "", ""]
    assert [len(clip.joints) for clip in both] == [120] * 4
    assert {clip.subject for clip in read_mocap([mixed, mocap], "train", (1, 2))} == {"b"}  # a person is in one fold
    with np.load(mocap) as stored:
        np.savez(tmp_path / "no_val.npz", **{**stored, "split": np.array(["train", "train", "test", "test"])})
        np.savez(tmp_path / "fast.npz", **{**stored, "fps": np.float32(60)})
    assert len(read_mocap([mixed, tmp_path / "no_val.npz"], "val")) == 1
    with pytest.raises(DataError, match=r"no_val.npz has no clips in split 'val'"):
        read_mocap([tmp_path / "no_val.npz"], "val")
    with pytest.raises(DataError, match=r"mocap.npz and fast.npz have several frame rates: 50, 60"):
        read_mocap([mixed, tmp_path / "fast.npz"], "train")
    with pytest.raises(DataError, match="No motion-capture file at"):
        read_mocap([mixed, tmp_path / "nowhere.npz"], "train")
