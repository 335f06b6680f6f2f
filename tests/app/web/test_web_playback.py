"""What the page's viewer and curves show of a motion."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app import outputs
from app.motion import Motion
from app.options import Options
from app.quality.curves import curves
from app.quality.measures import acceleration_and_jerk, reprojection_error
from app.web.playback import playback, save_playback
from tests.support.serving import FRAMES, stand_in


@pytest.fixture(scope="module")
def motion(clip: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Motion:
    folder = tmp_path_factory.mktemp("run") / "out"
    return outputs.run(clip[0], folder, Options(video=False), models=stand_in()).motion


def test_curves_have_the_means_of_the_measures(motion: Motion) -> None:
    (person,) = motion.people
    found = curves(motion, person)
    for name, poses in (("lifted", person.lifted), ("refined", person.refined)):
        assert poses is not None
        mean = acceleration_and_jerk(poses[:, 1:], person.runs(), float(motion.fps))[0]
        assert np.nanmean(found["acceleration"][name]) == pytest.approx(mean)
        error = reprojection_error(motion, person, poses)
        assert np.nanmean(found["reprojection"][name]) == pytest.approx(error)  # all joints are trusted here
        assert found["bones"][name].shape == (FRAMES,)


def test_playback_says_which_joints_are_guesses(motion: Motion) -> None:
    (person,) = motion.people
    assert playback(replace(motion, people=(replace(person, believed=None),)))["people"][0]["believed"] is None
    believed = person.known.copy()
    believed[:, 3] = False
    told = playback(replace(motion, people=(replace(person, believed=believed),)))["people"][0]["believed"]
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(told), np.uint8).reshape(-1, 17), believed)


def test_playback_holds_the_poses_and_the_truth(
    motion: Motion, clip: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.picture.scene import Scene
    from app.web import playback as module

    module._bundled.cache_clear()
    monkeypatch.setattr(module, "demo_clips", lambda: {"walker": clip})
    data = json.loads(save_playback(playback(motion), tmp_path / "playback.json").read_text())
    module._bundled.cache_clear()
    person = data["people"][0]
    millimetres = np.frombuffer(base64.b64decode(person["refined"]), "<i2").reshape(FRAMES, 17, 3)
    refined = Scene(motion).refined
    assert refined is not None
    np.testing.assert_allclose(millimetres / 1000, refined[0], atol=0.0006)
    assert data["truth"] == "walker" and person["truth"] and data["errors"]["refined"]["mpjpe"] > 0
    assert len(data["timestamps"]) == len(person["provenance"]) == FRAMES
    crop = data["crop"]
    assert 0 < crop["width"] < crop["of_width"] and 0 < crop["height"] < crop["of_height"]
