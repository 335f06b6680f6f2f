"""What becomes of one clip, and how long it counts as done."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.batch import marker
from app.batch.clips import Clip
from app.batch.outcome import Treatment, process_clip
from app.motion import Motion
from app.options import Options
from app.progress import Silent
from estimators.errors import WeightsError
from tests.support.batches import RECIPE, clip_of, video
from tests.support.fakes import fake_models, load_fakes


@pytest.fixture
def done(tmp_path: Path) -> Clip:
    clip = clip_of(video(tmp_path / "a.mp4"), tmp_path / "out")
    treatment = Treatment(Options(video=False), (), RECIPE, load_fakes)
    assert process_clip(clip, treatment, fake_models(), Silent()).status == "done"
    assert marker.what_is_done(clip.path, clip.folder, RECIPE)
    return clip


def test_a_clip_is_done_as_long_as_nothing_has_changed(done: Clip) -> None:
    assert not marker.what_is_done(done.path, done.folder, {"options": "others"})
    os.utime(done.path)  # touched, not changed
    assert marker.what_is_done(done.path, done.folder, RECIPE)
    data = bytearray(done.path.read_bytes())
    data[-1] ^= 1  # changed, of the same size
    done.path.write_bytes(data)
    assert not marker.what_is_done(done.path, done.folder, RECIPE)


@pytest.mark.parametrize("name", ["motion.npz", "quality.json", "done.json"])
def test_a_clip_with_a_damaged_result_is_not_done(done: Clip, name: str) -> None:
    file = done.folder / name
    file.write_bytes(file.read_bytes()[:-5])
    assert not marker.what_is_done(done.path, done.folder, RECIPE)
    file.unlink()
    assert not marker.what_is_done(done.path, done.folder, RECIPE)


def test_options_and_weights_are_part_of_the_recipe_and_the_device_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = {"sha256": "one"}
    monkeypatch.setattr(marker.weights, "find", lambda name: Path(name).with_suffix(".safetensors"))
    monkeypatch.setattr(marker.weights, "read_card", lambda path: dict(cards))
    first = marker.recipe(Options())
    assert json.loads(json.dumps(first)) == first
    assert marker.recipe(Options(device="cpu")) == first
    assert marker.recipe(Options(steps=1)) != first and marker.recipe(Options(), ["bvh"]) != first
    cards["sha256"] = "another"
    assert marker.recipe(Options()) != first
    with pytest.raises(WeightsError, match="no checkpoint"):
        marker.recipe(Options(checkpoint="nowhere.pth"))


def test_what_a_killed_run_left_is_cleaned_up_and_its_clip_done_again(done: Clip) -> None:
    leftovers = [
        done.folder.parent / f".{done.folder.name}.partial-abc",
        done.folder.parent / f"..{done.folder.name}.partial-abc.partial-def",  # the pipeline's, for its part of it
    ]
    for leftover in leftovers:
        leftover.mkdir()
        (leftover / "motion.npz").write_bytes(b"half")
    (done.folder / "motion.npz").write_bytes(b"half a motion")
    treatment = Treatment(Options(video=False), (), RECIPE, load_fakes)
    assert process_clip(done, treatment, fake_models(), Silent()).status == "done"
    assert not any(leftover.exists() for leftover in leftovers) and len(Motion.load(done.folder / "motion.npz")) == 10


def test_an_error_nobody_foresaw_fails_its_clip_only(tmp_path: Path) -> None:
    class Broken:
        def lift(self, *args: object, **kwargs: object) -> None:
            raise IndexError("out of bounds")

        def description(self) -> dict:
            return {}

    clip = clip_of(video(tmp_path / "a.mp4"), tmp_path / "out")
    models = replace(fake_models(), lifter=Broken())  # type: ignore[arg-type]
    outcome = process_clip(clip, Treatment(Options(), (), RECIPE), models, Silent())
    assert outcome.status == "failed" and "IndexError: out of bounds" in str(outcome.error)
    assert "Traceback" in (clip.folder / "log.txt").read_text()
    assert [file.name for file in clip.folder.iterdir()] == ["log.txt"]


def test_a_lifter_without_weights_is_a_recipe_too() -> None:
    plain, deep = (marker.recipe(Options(lifter=lifter)) for lifter in ("stcformer", "blazepose"))
    assert plain["weights"].keys() - deep["weights"].keys() == {"stcformer-81"}
    assert plain["options"] != deep["options"]


def test_every_network_of_the_detector_is_part_of_the_recipe() -> None:
    both, one, zoo = (
        set(marker.recipe(Options(detector=name))["weights"]) for name in ("thunder+blazepose", "movenet", "rtmpose-m")
    )
    assert both - one == {"movenet-thunder", "blazepose-heavy"}
    assert "movenet-multipose" in one and one == zoo  # which finds people for the zoo's
