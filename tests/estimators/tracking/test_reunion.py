"""Who comes back is the same person, and who only looks a little alike is not."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from app.media.video import VideoReader
from demo_videos.truth import demo_clips
from estimators.observation import Observation, Provenance
from estimators.tracking.tracker import track_people
from tests.support.drawn import BEIGE, BLUE, GREEN, NAVY, RED, SIZE, Figure, Stage

FPS = Fraction(25)
NOWHERE = np.full(40, np.nan)


def tracks_of(*figures: Figure, scenes: tuple[int, ...] = (0,)) -> list[Observation]:
    stage = Stage(figures, scenes)
    return track_people(stage.frames(), stage, FPS, SIZE)


def walk(start: float, end: float, frames: int = 30) -> np.ndarray:
    return np.linspace(start, end, frames)


OUT, IN = walk(160, -40, 40), walk(-40, 160, 40)
AWAY_AND_BACK = np.concatenate([OUT, NOWHERE, IN])
FIRST, LATER = np.concatenate([OUT, NOWHERE, NOWHERE]), np.concatenate([NOWHERE, NOWHERE, IN])


def test_who_leaves_and_comes_back_is_one_person_with_a_gap() -> None:
    (track,) = tracks_of(Figure(AWAY_AND_BACK))
    seen = track.provenance == Provenance.DETECTED
    assert seen[:30].all() and seen[95:].all() and not seen[45:80].any()
    assert not (track.provenance == Provenance.INTERPOLATED).any()
    assert track.id == 0 and track.cuts == ()


@pytest.mark.slow
def test_who_comes_back_twice_is_still_one() -> None:
    (track,) = tracks_of(Figure(np.concatenate([AWAY_AND_BACK, OUT, NOWHERE, IN])))
    assert (track.provenance == Provenance.DETECTED).sum() > 130


@pytest.mark.slow
def test_who_comes_back_while_somebody_else_is_there() -> None:
    standing = Figure(np.full(120, 240.0), GREEN, NAVY)
    tracks = tracks_of(Figure(AWAY_AND_BACK), standing)
    assert len(tracks) == 2
    assert sorted((track.provenance == Provenance.DETECTED).sum() > 110 for track in tracks) == [False, True]


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [
        Figure(LATER, GREEN, BLUE),
        Figure(LATER, RED, BEIGE),
        Figure(LATER, height=60.0),
        Figure(np.concatenate([NOWHERE, NOWHERE, walk(360, 220, 40)])),
        Figure(np.concatenate([OUT[-10:], IN, NOWHERE, NOWHERE])[:120]),
    ],
    ids=["another shirt", "other trousers", "a child", "from the other side", "no time to turn round"],
)
def test_somebody_else_is_somebody_else(other: Figure) -> None:
    first = Figure(np.concatenate([OUT, NOWHERE, NOWHERE]))
    if np.isfinite(other.x[:40]).any():  # comes the moment the first one is gone
        other = Figure(np.concatenate([np.full(37, np.nan), walk(-4, 190, 40), np.full(43, np.nan)]))
    assert len(tracks_of(first, other)) == 2


@pytest.mark.slow
def test_where_two_wear_the_same_nobody_is_joined() -> None:
    twin = Figure(np.full(120, 240.0))
    assert len(tracks_of(Figure(AWAY_AND_BACK), twin)) == 3


def test_another_place_tells_nobody_apart_so_they_stay_two() -> None:
    assert len(tracks_of(Figure(AWAY_AND_BACK), scenes=(0, 60))) == 2


@pytest.mark.slow
@pytest.mark.skipif("walker" not in demo_clips(), reason="no demo clips in this checkout")
def test_the_walker_who_leaves_a_narrow_picture_with_the_real_detector() -> None:
    from estimators.detection import Detector

    # Of six seconds every third frame: he leaves on the left, and is back two seconds later, larger and facing the
    # other way.
    cut = [picture[:, 220:] for picture in islice(VideoReader(demo_clips()["walker"][0]), 30, None, 3)]
    (track,) = track_people(iter(cut), Detector(), FPS / 3, (420, 480))
    seen = track.provenance == Provenance.DETECTED
    assert seen[:7].all() and seen[-10:].all() and not seen[11:26].any()
