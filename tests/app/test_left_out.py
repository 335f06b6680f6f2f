"""What a run leaves out is said, everywhere: people whom it is not about, frames in which it has nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console

from app import outputs
from app.cli._console import print_result
from app.console import ConsoleProgress
from app.left_out import sentences
from app.motion import Motion
from app.options import Options
from app.web import panels
from estimators.finding import Sight
from tests.support.fakes import STANDING, FakeDetector, Found, fake_models
from tests.support.video_files import write_video

SIZE = (320, 240)
N = 50
MISSING = range(20, 40)  # of the first person, who is the larger
SECOND = range(10, 50)


class TwoPeople(FakeDetector):
    """A large person on the left, and a small one on the right, each where a square of their colour says so."""

    def detect(self, image: np.ndarray) -> Found:
        points = [
            STANDING * height + [x, 20]
            for x, height in ((80, 200), (250, 120))
            if image[230, x].max() > 150 and image[230, x].min() < 90
        ]
        return Found(np.array(points, np.float32).reshape(-1, 17, 2), np.full((len(points), 17), 0.9, np.float32))

    def detect_in(self, image: np.ndarray, boxes: np.ndarray, before: np.ndarray | None = None) -> Found:
        found = self.detect(image)
        keypoints, scores = np.zeros((len(boxes), 17, 2), np.float32), np.zeros((len(boxes), 17), np.float32)
        for index, box in enumerate(boxes):
            for joints, sure in zip(found.keypoints, found.scores, strict=True):
                if box[0] < joints[:, 0].mean() < box[2]:
                    keypoints[index], scores[index] = joints, sure
        return Found(keypoints, scores)

    def look_closer(self, image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> None:
        """There is no second look."""

    def settle(self, sights: Sequence[Sight]) -> None:
        """The first look stays."""


def _pictures() -> Iterator[np.ndarray]:
    for frame in range(N):
        image = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
        if frame not in MISSING:
            cv2.rectangle(image, (40, 0), (120, 239), (30, 30, 220), -1)
        if frame in SECOND:
            cv2.rectangle(image, (220, 0), (280, 239), (220, 60, 30), -1)
        yield image


def result_of(tmp_path: Path, person: str) -> outputs.Result:
    video = write_video(tmp_path / "two.mp4", size=SIZE, rate=25, pictures=_pictures())
    models = fake_models()
    models.detector = TwoPeople()
    options = Options(person=person, video=False)
    with ConsoleProgress(Console(quiet=True)) as progress:
        return outputs.run(video, tmp_path / person, options, progress, models)


PEOPLE = "One more person is in the video and left out: person 1, seen in 40 of 50 frames (0.4 to 2.0 s); "
FRAMES = "Person 0 is not seen in 20 of 50 frames (0.8 to 1.6 s), which stay empty."


def test_the_default_says_whom_and_what_it_leaves_out(tmp_path: Path) -> None:
    result = result_of(tmp_path, "largest")
    assert [person.id for person in result.motion.people] == [0]
    assert result.motion.left_out == ({"id": 1, "frames": 40, "first": 10, "last": 49},)
    assert result.warnings == [PEOPLE + "a run about everyone has this person as well.", FRAMES]
    again = Motion.load(tmp_path / "largest" / "motion.npz")
    assert again.left_out == result.motion.left_out and sentences(again) == result.warnings
    page = (tmp_path / "largest" / "quality.html").read_text()
    assert all(warning in page for warning in result.warnings)

    console = Console(record=True, width=200, quiet=False, file=open("/dev/null", "w"))  # noqa: SIM115
    print_result(console, result)
    assert "--person all, or --person 1" in console.export_text()
    assert "Everyone" in panels.finished(1.0, 1, result.warnings, len(result.motion.left_out))
    assert "Everyone" not in panels.finished(1.0, 1, [FRAMES])


def test_who_is_complete_is_told_nothing(tmp_path: Path) -> None:
    result = result_of(tmp_path, "all")
    assert len(result.motion.people) == 2
    assert result.motion.left_out == () and result.warnings == []  # somebody is there in every frame


def test_the_batch_report_says_it_too(tmp_path: Path) -> None:
    from app.batch.clips import Clip
    from app.batch.outcome import Treatment, process_clip
    from app.batch.report import page
    from app.progress import Silent

    video = write_video(tmp_path / "two.mp4", size=SIZE, rate=25, pictures=_pictures())
    models = fake_models()
    models.detector = TwoPeople()
    clip = Clip(video, "two.mp4", tmp_path / "out" / "two.mp4")
    outcome = process_clip(clip, Treatment(Options(video=False), (), {}), models, Silent())
    assert outcome.status == "done"
    report = page(tmp_path / "out", [clip], [outcome], 1.0)
    assert PEOPLE in report and FRAMES in report
    assert PEOPLE in (clip.folder / "log.txt").read_text()
