"""The people of a video: found once, shown, and chosen."""

from __future__ import annotations

import base64
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.options import Options
from app.web.delivery import deliver
from app.web.jobs import JobProgress
from app.web.kept import KeptModels
from app.web.people import Portrait, _clear_frame, find
from app.web.pictures import people_cards
from estimators.errors import NobodyFoundError
from estimators.observation import Observation, Provenance
from tests.support.fakes import STANDING, pictures, use
from tests.support.serving import stand_in
from tests.support.video_files import write_video


@pytest.mark.slow
def test_the_people_are_found_once(clip: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = stand_in()
    use(monkeypatch, lambda: models)
    kept = KeptModels()
    progress = JobProgress()
    found = find(clip[0], "movenet", "auto", kept, progress)
    (one,) = found.portraits
    assert (one.id, one.share, one.largest) == (0, 1.0, True)
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(one.picture), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (168, 126, 3)
    assert [name for name, _ in progress.snapshot().finished] == ["Prepare", "Detect and track"]

    def never(image: np.ndarray) -> None:
        raise AssertionError("the people were known")

    monkeypatch.setattr(models.detector, "detect", never)
    deliver(
        clip[0], tmp_path / "fast", Options(looks=12), kept, JobProgress(), found.people
    )  # every frame is more than that
    again = deliver(clip[0], tmp_path / "run", Options(), kept, JobProgress(), found.people)
    assert again.result.people is found.people and again.result.motion.people[0].id == 0
    other = write_video(tmp_path / "other.mp4")
    with pytest.raises(AssertionError, match="were known"):  # another video: they do not fit
        deliver(other, tmp_path / "other", Options(), kept, JobProgress(), found.people)


def test_nobody_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, stand_in)
    dark = write_video(tmp_path / "dark.mp4", pictures=pictures([False] * 12))
    with pytest.raises(NobodyFoundError, match="Nobody was seen"):
        find(dark, "movenet", "auto", KeptModels(), JobProgress())


def test_a_picture_comes_from_a_frame_in_which_the_person_is_clear() -> None:
    size = np.array([0.5, 0.5, 0.95, 1.0, 1.0])  # seen well from frame 2 on
    keypoints = (STANDING[None] * 100 * size[:, None, None] + 50).astype(np.float32)
    provenance = np.full(5, Provenance.DETECTED, np.uint8)
    track = Observation(keypoints, np.full((5, 17), 0.9, np.float32), provenance, (300, 300), Fraction(25))
    assert _clear_frame(track) == 2


def test_the_cards_of_several_people_offer_everyone() -> None:
    two = [Portrait(0, 1.0, False, "AA"), Portrait(3, 0.127, True, "AA")]
    cards = people_cards(two)
    assert "in every frame" in cards and "in 13 % of frames" in cards and "data-person='all'" in cards
    assert cards.count("aria-checked='true'") == 1 and "aria-checked='true' data-person='3'" in cards
    assert "data-person='all'" not in people_cards(two[:1])
