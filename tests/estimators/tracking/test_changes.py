"""Cuts are told from the pictures, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import count

import cv2
import numpy as np
import pytest

from estimators.observation import Provenance
from estimators.tracking.changes import Change, likeness, thumbnail, watch
from estimators.tracking.tracker import track_people
from tests.support.drawn import SIZE, Figure, Stage

FPS = Fraction(25)
WALK = np.linspace(60, 240, 60)


def changes(pictures: list[np.ndarray]) -> dict[int, Change]:
    views = list(watch(pictures, count(), float(FPS)))
    assert len(views) == len(pictures) and all(a.image is b for a, b in zip(views, pictures, strict=True))
    return {index: view.change for index, view in enumerate(views) if view.change is not Change.NONE}


def walk(x: np.ndarray = WALK, scenes: tuple[int, ...] = (0,)) -> list[np.ndarray]:
    return list(Stage([Figure(x)], scenes).frames())


JUMP = np.concatenate([WALK[:30], WALK[30:] - 70])


def test_a_jump_within_a_scene_and_another_scene() -> None:
    assert changes(walk(JUMP)) == {30: Change.JUMP}
    assert changes(walk(scenes=(0, 30))) == {30: Change.SCENE}


def _dark(image: np.ndarray, index: int) -> np.ndarray:
    return np.clip(0.05 * image + np.random.default_rng(index).normal(3, 4, image.shape), 0, 255).astype(np.uint8)


def _grainy(image: np.ndarray, index: int) -> np.ndarray:
    return np.clip(image + np.random.default_rng(index).normal(0, 20, image.shape), 0, 255).astype(np.uint8)


def _flash(image: np.ndarray, index: int) -> np.ndarray:
    return cv2.add(image, (120, 120, 120, 0)) if index in (20, 40, 41) else image


def _compressed(image: np.ndarray, index: int) -> np.ndarray:
    quality = [cv2.IMWRITE_JPEG_QUALITY, 70 if index % 12 == 0 else 12]
    return cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], 1)


def _moving_camera(image: np.ndarray, index: int) -> np.ndarray:
    return np.roll(image, (9 * index, 3 * index), axis=(1, 0))


def _fading(image: np.ndarray, index: int) -> np.ndarray:
    return (image * min(1.0, abs(index - 30) / 12)).astype(np.uint8)


@pytest.mark.parametrize("how", [_dark, _grainy, _flash, _compressed, _moving_camera, _fading])
def test_what_is_no_cut(how: Callable[[np.ndarray, int], np.ndarray]) -> None:
    assert changes([how(image, index) for index, image in enumerate(walk())]) == {}


@pytest.mark.parametrize("how", [_grainy, _compressed])
def test_a_jump_is_found_all_the_same(how: Callable[[np.ndarray, int], np.ndarray]) -> None:
    assert changes([how(image, index) for index, image in enumerate(walk(JUMP))]) == {30: Change.JUMP}


def test_fast_movement_and_repeated_frames_are_no_cuts() -> None:
    fast = 150 + 100 * np.sin(np.linspace(0, 12 * np.pi, 60))  # through the picture and back in 10 frames
    assert changes(walk(fast)) == {}
    pictures = walk()
    assert changes([pictures[3 * (index // 3)] for index in range(60)]) == {}


def test_what_is_late_has_moved_further() -> None:
    pictures = walk()
    left = [*range(20), *range(28, 60)]  # eight frames dropped
    late = list(watch([pictures[index] for index in left], iter(left), 25.0))
    assert [view.change for view in late] == [Change.NONE] * len(left)


def test_a_hand_before_the_camera_goes_again() -> None:
    pictures = walk()
    for index in range(30, 35):
        pictures[index] = np.full_like(pictures[index], 20 + index)
    assert changes(pictures) == {30: Change.SCENE, 35: Change.RETURN}


def test_pictures_of_nothing_are_alike_and_of_something_are_not() -> None:
    something = thumbnail(walk()[0])
    assert likeness(np.full_like(something, 20), np.full_like(something, 200)) == pytest.approx(1)
    assert abs(likeness(np.zeros_like(something), something)) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("every", [1, 2])
def test_people_say_whether_it_is_a_cut(every: int) -> None:
    """A light that is switched on moves nobody; a jump is a cut, on both sides of which the detector looks."""
    lit = Stage([Figure(WALK)])
    pictures = (cv2.add(image, (50, 50, 50, 0)) if index >= 31 else image for index, image in enumerate(lit.frames()))

    def numbered() -> object:
        for index, image in enumerate(pictures):
            image[0, 0, :2] = divmod(index, 256)
            yield image

    (track,) = track_people(numbered(), lit, FPS, SIZE, every=every)  # type: ignore[arg-type]
    assert track.cuts == () and (track.provenance != Provenance.MISSING).all()

    stage = Stage([Figure(np.concatenate([WALK[:31], WALK[31:] - 70]))])
    (track,) = track_people(stage.frames(), stage, FPS, SIZE, every=every)
    assert track.cuts == (31,)
    truth = np.stack([stage.figures[0].joints(frame) for frame in range(60)])
    assert np.linalg.norm(track.keypoints - truth, axis=-1).mean(axis=1).max() < 3  # nothing is drawn across the cut


def test_a_gap_is_not_filled_across_a_cut() -> None:
    x = np.concatenate([WALK[:30], WALK[30:] - 30])
    stage = Stage([Figure(x)], scenes=(0, 30))
    blind = stage.detect, stage.detect_in

    def nobody(found: object, image: np.ndarray) -> object:
        if 27 <= stage._number(image) < 33:
            found.scores[:] = 0  # type: ignore[attr-defined]
        return found

    stage.detect = lambda image: nobody(blind[0](image), image)  # type: ignore[assignment, method-assign]
    stage.detect_in = lambda image, *where: nobody(blind[1](image, *where), image)  # type: ignore[assignment, method-assign]
    for track in track_people(stage.frames(), stage, FPS, SIZE):
        assert not (track.provenance == Provenance.INTERPOLATED).any()
