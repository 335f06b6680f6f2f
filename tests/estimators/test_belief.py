"""Which joints are believed: those out of the picture are not, those hidden for a moment are."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from demo_videos.truth import demo_clips
from estimators.belief import believed_joints, widened
from estimators.observation import Observation, Provenance
from estimators.skeleton import H36M17

J = {name: index for index, name in enumerate(H36M17.joints)}
FPS, SIZE = 25, (640, 480)
# Pixels from the hip, of somebody 300 pixels tall.
_BODY = {
    "spine": (0, -45), "thorax": (0, -90), "neck": (0, -115), "head": (0, -140), "left_hip": (16, 0),
    "right_hip": (-16, 0),
    "left_knee": (16, 73), "right_knee": (-16, 73), "left_foot": (16, 150), "right_foot": (-16, 150),
    "left_shoulder": (34, -90), "right_shoulder": (-34, -90), "left_elbow": (34, -36), "right_elbow": (-34, -36),
    "left_wrist": (34, 14), "right_wrist": (-34, 14),
}  # fmt: skip


def standing(n: int, hip: tuple[float, float] = (320, 220)) -> Observation:
    """Somebody whose hip is at `hip` pixels, seen surely."""
    points = np.zeros((n, 17, 2), np.float32)
    for name, offset in _BODY.items():
        points[:, J[name]] = offset
    provenance = np.full(n, Provenance.DETECTED, np.uint8)
    return Observation(points + np.float32(hip), np.full((n, 17), 0.8, np.float32), provenance, SIZE, Fraction(FPS))


def doubted(track: Observation) -> dict[str, int]:
    """Joint: number of frames in which the person is there and it is not believed."""
    wrong = (track.provenance != Provenance.MISSING)[:, None] & ~believed_joints(track)
    return {name: int(count) for name, count in zip(H36M17.joints, wrong.sum(axis=0), strict=True) if count}


def test_what_is_seen_is_believed() -> None:
    assert doubted(standing(50)) == {}


def test_joints_below_the_border_are_not() -> None:
    """The detector squeezes the legs into the picture, unsurely."""
    track = standing(50, hip=(320, 440))
    for side in ("left", "right"):
        track.keypoints[:, J[f"{side}_knee"], 1] = 465
        track.keypoints[:, J[f"{side}_foot"], 1] = 472
        track.scores[:, [J[f"{side}_knee"], J[f"{side}_foot"]]] = 0.05
    assert doubted(track) == {f"{side}_{joint}": 50 for side in ("left", "right") for joint in ("knee", "foot")}


def test_a_joint_leaves_and_comes_back() -> None:
    """Half of the clip; a frame in which it seems to be seen between does not cut the stretch in two."""
    track = standing(100, hip=(320, 360))
    track.scores[40:90, J["left_foot"]] = 0.05
    track.scores[60, J["left_foot"]] = 0.6
    assert doubted(track) == {"left_foot": 50}
    assert not believed_joints(track)[40:90, J["left_foot"]].any()


@pytest.mark.parametrize(
    ("hip", "frames", "expected"),
    [
        ((320, 360), 10, 0),  # at the border, but for a moment
        ((320, 360), 20, 20),
        ((320, 220), 30, 0),  # hidden behind the other leg: the border is too far
        ((320, 220), 60, 60),  # for so long nobody knows
    ],
)
def test_hidden_for_a_moment_is_believed(hip: tuple[float, float], frames: int, expected: int) -> None:
    track = standing(100, hip)
    track.scores[20 : 20 + frames, J["left_foot"]] = 0.05
    assert doubted(track) == ({"left_foot": expected} if expected else {})


def test_a_joint_that_is_never_seen_is_not_believed_however_short_the_clip() -> None:
    track = standing(8)
    track.scores[:, J["right_wrist"]] = 0.1
    assert doubted(track) == {"right_wrist": 8}


def test_low_scores_alone_are_no_reason() -> None:
    """Between the two thresholds: unsure, but not lost."""
    track = standing(60, hip=(320, 360))
    track.scores[:, J["left_foot"]] = 0.25
    assert doubted(track) == {}


def test_nothing_is_believed_where_the_person_is_missing() -> None:
    track = standing(30)
    track.provenance[10:20] = Provenance.MISSING
    track.keypoints[10:20], track.scores[10:20] = np.nan, 0
    believed = believed_joints(track)
    assert not believed[10:20].any() and believed[:10].all() and believed[20:].all()


def test_sigma_says_that_the_legs_may_be_anywhere() -> None:
    believed = np.ones((3, 17), bool)
    believed[1, [J["left_knee"], J["left_foot"]]] = False
    wide = widened(np.full((3, 17), 0.03, np.float32), believed)
    assert wide.dtype == np.float32 and (wide[[0, 2]] == np.float32(0.03)).all()
    assert wide[1, J["left_knee"]] == pytest.approx(np.hypot(0.03, 0.406 / np.sqrt(3)), rel=1e-5)
    assert wide[1, J["left_foot"]] == pytest.approx(np.sqrt(0.03**2 + (0.406**2 + 0.437**2) / 3), rel=1e-5)
    assert wide[1, J["right_foot"]] == np.float32(0.03)


@pytest.mark.slow
def test_the_bundled_detector_on_a_clip_cut_off_at_the_thighs() -> None:
    from app.media.video import VideoReader
    from estimators.detection import Detector
    from estimators.tracking.tracker import track_people

    frames = [picture for index, picture in enumerate(VideoReader(demo_clips()["boxer"][0])) if index < 16]
    detector = Detector()
    for height, expected in ((480, set()), (274, {"left_knee", "right_knee", "left_foot", "right_foot"})):
        cut = [np.ascontiguousarray(picture[:height]) for picture in frames]
        (track,) = track_people(cut, detector, Fraction(30), (854, height))
        assert set(doubted(track.to_h36m())) == expected
