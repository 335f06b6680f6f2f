import json

import numpy as np
import pytest

from estimators.lifting import Lifter
from estimators.observation import Observation
from refiner.evaluation import report
from refiner.evaluation.mocap import PairAccuracy
from refiner.evaluation.protocol import Take
from refiner.evaluation.tally import Tally, activity_of
from refiner.refiner import Refiner
from tests.support.synthetic import joints

LIFTED, REFINED = "stcformer-81", "+ refiner, K=2"


def take(activity: str, frames: int, seed: int) -> Take:
    poses = joints(frames, seed=seed)
    poses = (poses - poses[:, :1]).astype(np.float32)
    keypoints, scores = np.zeros((frames, 17, 2)), np.ones((frames, 17))
    observed = Observation.of(keypoints, scores, (640, 480), 50.0)
    return Take(f"clip@{seed}", "someone", activity, observed, poses)


def off(one: Take, mm: float) -> np.ndarray:
    """Poses of which every joint but the hip is `mm` too far right."""
    poses = one.poses.copy()
    poses[:, 1:, 0] += mm / 1000
    return poses


def made_up(refined_mm: float = 40) -> Tally:
    """Errors of 16/17 of 80 mm before and 40 mm after, but in the shorter walk, which gets worse."""
    tally = Tally()
    for one, after in (
        (take("walk", 10, 0), 120),
        (take("walk", 30, 1), refined_mm),
        (take("dance - pirouette", 50, 2), refined_mm),
    ):
        tally.add(LIFTED, off(one, 80), one)
        tally.add(REFINED, off(one, after), one)
    return tally


@pytest.fixture
def run() -> PairAccuracy:
    tallies = {"true 2D": made_up(), "detected 2D": made_up(60)}
    return PairAccuracy(Lifter.load("stcformer-81"), Refiner.load("refiner-stcformer-81"), tallies, REFINED)


def test_a_tally_weighs_takes_by_their_frames():
    tally = made_up()
    before, after = tally.rows()
    assert before.mpjpe == pytest.approx(80 * 16 / 17)
    assert after.mpjpe == pytest.approx((10 * 120 + 80 * 40) / 90 * 16 / 17)
    assert after.accel == pytest.approx(0, abs=1e-2)
    walks = tally.by_activity(REFINED)
    assert list(walks) == ["dance", "walk"] and walks["walk"].mpjpe == pytest.approx(
        (10 * 120 + 30 * 40) / 40 * 16 / 17
    )
    assert tally.worse(REFINED, LIFTED) == pytest.approx(1 / 3)
    shares = tally.histogram(REFINED)
    assert shares.sum() == pytest.approx(1)
    assert shares[7] == pytest.approx(80 / 90) and shares[22] == pytest.approx(10 / 90)  # 37.6 and 112.9 mm


def test_takes_without_an_acceleration_are_left_out():
    tally = Tally()
    tally.add(LIFTED, take("walk", 2, 0).poses, take("walk", 2, 0))
    assert not tally.rows()


@pytest.mark.parametrize(
    ("text", "activity"),
    [("dance - jete, turn", "dance"), ("run/jog", "run"), ("idle standing, acted", "idle standing"), ("walk", "walk")],
)
def test_activities(text, activity):
    assert activity_of(text) == activity


@pytest.mark.slow
def test_the_report_holds_every_table(run, tmp_path):
    report.write([run, run], tmp_path / "new", "test")
    text = (tmp_path / "new" / "report.md").read_text()
    assert "33 % of the takes have a larger MPJPE" in text
    assert "| walk | 75.3 | 56.5 | -25 % | 75.3 | 70.6 | -6 % |" in text
    assert "| all | " in text and "| + refiner, K=2 | 46.0 ± 0.0 | " in text  # of two equal seeds
    numbers = json.loads((tmp_path / "new" / "report.json").read_text())
    assert numbers[0]["conditions"]["true 2D"]["takes_made_worse"] == pytest.approx(1 / 3)
    assert (tmp_path / "new" / "errors.png").read_bytes().startswith(b"\x89PNG")


def test_one_seed_has_no_spread(run, tmp_path):
    report.write([run], tmp_path, "test")
    assert "Seeds" not in (tmp_path / "report.md").read_text()


def test_operations_count_the_linear_layers_at_least(run):
    per_frame = report.operations(run.lifter)
    width, depth = 96, 4
    linear = 2 * 17 * depth * 12 * width**2  # qkv, projection and MLP of every block
    assert linear < per_frame < 1.5 * linear
    assert report.operations(run.refiner) > 1.3 * per_frame  # a second attention in every block
