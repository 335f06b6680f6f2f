"""Which way up pictures are: cameras on their side are found out, people on their hands are not turned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from app import outputs
from app.media.orientation import turned
from app.media.video import VideoReader, probe
from app.options import Options
from app.people import People, find_people
from app.progress import Silent
from app.turn import FirstLook, find_turn
from demo_videos.truth import demo_clips
from estimators.errors import ConfigError
from estimators.skeleton import COCO17
from tests.support.fakes import STANDING, FakeDetector, Found, fake_models
from tests.support.video_files import decode, write_video

DATA = Path(__file__).with_name("data")
TURNS = (0, 90, 180, 270)
SURE = {0: 0.75, 90: 0.5, 180: 0.4, 270: 0.5}  # how sure MoveNet is of people turned so far from upright


def picture(head: int = 0, width: int = 160, height: int = 120) -> np.ndarray:
    """Somebody whose head is at the top, turned clockwise by `head` degrees: the side of the head is bright."""
    upright = np.full((height, width, 3) if head % 180 == 0 else (width, height, 3), 60, np.uint8)
    upright[: len(upright) // 4] = 220
    return turned(upright, head)


class Arrow(FakeDetector):
    """Finds somebody as the brightness of the picture's sides tells; counts its looks."""

    def __init__(self, arms_up: bool = False) -> None:
        self.looks, self.body = 0, STANDING.copy()
        if arms_up:
            for side in ("left", "right"):
                self.body[COCO17.joints.index(f"{side}_wrist"), 1] = -0.1

    def detect(self, image: np.ndarray) -> Found:
        self.looks += 1
        height, width = image.shape[:2]
        edge = {0: image[:4], 90: image[:, -4:], 180: image[-4:], 270: image[:, :4]}
        bright = {turn: float(side.mean()) for turn, side in edge.items()}
        if max(bright.values()) < 130:
            return Found(np.empty((0, 17, 2), np.float32), np.empty((0, 17), np.float32))
        head = max(bright, key=lambda turn: bright[turn])
        angle = np.deg2rad(head)
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        points = (self.body - [0, 0.5]) @ rotation.T * 0.7 * min(height, width) + [width / 2, height / 2]
        return Found(points[None].astype(np.float32), np.full((1, 17), SURE[head], np.float32))


@pytest.mark.parametrize("head", TURNS)
def test_the_turn_is_found_with_few_looks(head: int) -> None:
    detector = Arrow()
    assert find_turn([picture(head)] * 9, 9, detector) == -head % 360
    assert detector.looks == (1 if head == 0 else 13)


def test_who_stands_on_the_hands_is_not_turned() -> None:
    assert find_turn([picture(180)] * 9, 9, Arrow(arms_up=True)) == 0


def test_one_upright_frame_is_enough_to_leave_the_pictures_alone() -> None:
    cartwheel = [picture(head) for head in (180, 180, 180, 180, 180, 180, 0, 0, 0)]
    assert find_turn(cartwheel, 9, Arrow()) == 0
    rolling = [picture(head, 120, 120) for head in (90, 90, 90, 270, 270, 270, 90, 90, 90)]
    assert find_turn(rolling, 9, Arrow()) == 0  # once to the one side, once to the other


def test_nobody_and_next_to_nothing() -> None:
    dark = np.full((120, 160, 3), 20, np.uint8)
    detector = Arrow()
    assert find_turn([dark] * 20, 20, detector) == 0 and detector.looks <= 13
    assert find_turn([picture(180)], 1, Arrow()) == 180
    assert find_turn([], 5, Arrow()) == 0
    assert find_turn([dark, dark, *[picture(90)] * 7], 9, Arrow()) == 270  # fades in


def test_the_first_picture_is_not_looked_at_twice() -> None:
    detector = Arrow()
    looking = FirstLook(detector)
    pictures = [picture(), picture(90)]
    assert looking.detect(pictures[0]) is looking.detect(pictures[0].copy())
    looking.detect(pictures[1])
    assert detector.looks == 2


@pytest.fixture
def video(tmp_path: Path) -> Callable[[int], Path]:
    def write(head: int) -> Path:
        one = picture(head)
        size = (one.shape[1], one.shape[0])
        return write_video(tmp_path / f"{head}.mp4", size=size, pictures=[one] * 8)

    return write


@pytest.mark.slow
@pytest.mark.parametrize("head", [90, 180])
def test_a_run_uses_the_turn_and_says_so(video: Callable[[int], Path], tmp_path: Path, head: int) -> None:
    models = replace(fake_models(), detector=Arrow())
    result = outputs.run(video(head), tmp_path / "out", Options(), models=models)
    motion = result.motion
    assert motion.image_size == ((160, 120) if head == 180 else (120, 160))
    assert motion.camera["turned_deg"] == 360 - head
    assert motion.camera["principal_point_px"] == [side / 2 for side in motion.image_size]
    (warning,) = [one for one in result.warnings if "turned" in one]
    assert f"{360 - head} degrees" in warning and "the rotation 0" in warning
    nose, foot = (
        motion.people[0].keypoints_2d[:, motion.skeleton.joints.index(name), 1] for name in ("head", "left_foot")
    )
    assert (nose < foot).all()
    shown = decode(tmp_path / "out" / outputs.SIDE_BY_SIDE)[0][4]
    assert shown[40, 150:200].mean() > shown[300, 20:60].mean() + 60  # the input's panel is upright: bright above


@pytest.mark.parametrize("rotate", ["0", "90", "180", "270"])
def test_rotate_overrides(video: Callable[[int], Path], rotate: str) -> None:
    info, detector = probe(video(180)), Arrow()
    people = find_people(info, detector, Silent(), rotate=rotate)
    assert people.turn == int(rotate) and not people.turn_found and people.warnings == []
    assert people.tracks[0].image_size == ((160, 120) if rotate in ("0", "180") else (120, 160))


def test_people_found_before_know_their_turn(video: Callable[[int], Path]) -> None:
    info, detector = probe(video(180)), Arrow()

    def find(rotate: str, known: People | None = None) -> People:
        return find_people(info, detector, Silent(), known, rotate=rotate)

    found = find("auto")
    assert found.turn == 180 and find("auto", found) is found and find("180", found) is found
    left = find("0", found)
    assert left is not found and left.turn == 0
    assert find("auto", left).turn == 180


def test_other_turns_are_refused() -> None:
    for wrong in ("45", "-90", 90, None, ["90"]):
        with pytest.raises(ConfigError, match="90, 180, 270"):
            Options(rotate=wrong)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def movenet() -> object:
    from estimators.detection import Detector

    return Detector()


@pytest.mark.slow
@pytest.mark.parametrize("head", TURNS)
def test_the_bundled_detector_finds_the_turn_of_a_clip(movenet: Arrow, head: int) -> None:
    frames = [one for index, one in enumerate(VideoReader(demo_clips()["walker"][0])) if index in (0, 37, 75, 112)]
    assert find_turn([turned(one, head) for one in frames], 4, movenet) == -head % 360


@pytest.mark.slow
@pytest.mark.parametrize("still", ["handstand_1.jpg", "handstand_2.jpg"])
def test_the_bundled_detector_leaves_people_on_their_hands_alone(movenet: Arrow, still: str) -> None:
    """Rendered as the bundled clips are; for the whole clip upside down."""
    upright = cv2.imread(str(DATA / still))
    assert upright is not None
    assert find_turn([upright] * 2, 2, movenet) == 0
