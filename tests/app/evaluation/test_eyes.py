"""What is measured of a detector's joints is what was put in."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from app.evaluation import eyes
from demo_videos.truth import Truth
from estimators.observation import Observation, Provenance
from estimators.skeleton import COCO17
from tests.support.fakes import STANDING

N, SIZE = 40, (640, 480)


@pytest.fixture
def truth() -> Truth:
    """A person 200 px tall who walks to the right."""
    points = STANDING[None] * 170 + [100, 100] + np.arange(N)[:, None, None] * [2.0, 0]
    joints = np.zeros((N, 17, 3))
    joints[..., 2] = 4.0
    joints[:, [2, 5], 1], joints[:, [3, 6], 1] = 0.4, 0.8  # knees and feet
    joints[:, 7, 1], joints[:, 8, 1], joints[:, 10, 1] = -0.3, -0.5, -0.74
    tall = 0.8 + 0.5 + 0.24
    focal = 200 * 4.0 / (tall / 0.96)
    return Truth(
        joints_3d=joints, keypoints_2d=points, coco_2d=points, focal=np.full(2, focal), center=np.array(SIZE) / 2,
        rotation=np.eye(3), translation=np.zeros(3), fps=Fraction(25), image_size=SIZE, meta={},
    )  # fmt: skip


def track(points: np.ndarray, frames: slice = slice(None), score: float = 0.8, **more) -> Observation:
    """COCO points that are found in some frames."""
    seen = np.full(len(points), Provenance.MISSING, np.uint8)
    seen[frames] = Provenance.DETECTED
    there = seen == Provenance.DETECTED
    keypoints = np.where(there[:, None, None], points, np.nan).astype(np.float32)
    scores = np.repeat(np.where(there, score, 0)[:, None], 17, axis=1).astype(np.float32)
    return Observation(keypoints, scores, seen, SIZE, Fraction(25), skeleton=COCO17, **more)


def test_errors_are_shares_of_the_height(truth: Truth) -> None:
    assert eyes.heights(truth) == pytest.approx(np.full(N, 200), rel=0.01)
    off = truth.coco_2d + [6.0, 8.0]
    off[:, 0] += [30.0, 0]  # the nose: beyond 5 %
    seen = eyes.see([track(off, slice(0, 30))], truth)
    assert seen.found.sum() == 30 and seen.on_the_person.sum() == 30
    assert seen.errors[0, 1:] == pytest.approx(np.full(16, 0.05), abs=0.001)
    assert not seen.right[0, 0] and np.isnan(seen.errors[30:]).all() and (seen.scores[30:] == 0).all()
    assert not seen.ghosts.any() and not seen.swapped.any() and seen.others == 0


def test_nobody_found_is_measured_too(truth: Truth) -> None:
    seen = eyes.see([], truth)
    assert not seen.found.any() and not seen.on_the_person.any() and not seen.ghosts.any()


def test_a_pose_far_from_the_person_is_a_ghost(truth: Truth) -> None:
    astray = truth.coco_2d.copy()
    astray[25:] += [150.0, 0]  # three quarters of the height
    seen = eyes.see([track(astray)], truth)
    assert seen.found.all() and seen.on_the_person.sum() == 25
    assert seen.ghosts.tolist() == [0] * 25 + [1] * 15


def test_a_second_skeleton_is_a_ghost_and_the_rest_of_a_broken_track_is_none(truth: Truth) -> None:
    person = track(truth.coco_2d, slice(0, 25))
    twice = track(truth.coco_2d + 3, slice(0, 25), id=1)
    rest = track(truth.coco_2d, slice(25, 40), id=2)
    faint = track(truth.coco_2d + 200, score=0.1, id=3)  # is not reported
    assert eyes.see([person, rest, faint], truth).ghosts.sum() == 0
    seen = eyes.see([person, twice, rest], truth)
    assert seen.ghosts.tolist() == [1] * 25 + [0] * 15 and seen.others == 2


@pytest.mark.parametrize("limbs", ["shoulder elbow wrist", "hip knee ankle"])
def test_exchanged_limbs_are_swaps(truth: Truth, limbs: str) -> None:
    joints = [index for index, name in enumerate(COCO17.joints) if name.split("_")[-1] in limbs.split()]
    swapped = truth.coco_2d.copy()
    swapped[10:15, joints] = truth.coco_2d[10:15][:, list(COCO17.flip_order)][:, joints]
    assert eyes.see([track(swapped)], truth).swapped.tolist() == [10 <= i < 15 for i in range(N)]
    narrow = replace(truth, coco_2d=truth.coco_2d * [0.1, 1.0])  # in profile nobody can say
    swapped[..., 0] *= 0.1
    assert not eyes.see([track(swapped)], narrow).swapped.any()


def test_jitter_is_the_acceleration_that_is_not_the_persons(truth: Truth) -> None:
    assert np.nanmax(eyes.see([track(truth.coco_2d + 5)], truth).jitter) == pytest.approx(0, abs=0.05)
    shaking = truth.coco_2d + np.where(np.arange(N) % 2, 1.0, -1.0)[:, None, None] * [1, 0]
    jitter = eyes.see([track(shaking, slice(0, 20))], truth).jitter
    assert np.isfinite(jitter).sum() == 18 and np.nanmean(jitter) == pytest.approx(4 / 200 * 25**2, rel=0.01)
