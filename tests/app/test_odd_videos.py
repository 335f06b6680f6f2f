"""Videos that are not as they should be, through the whole job: uneven times, turned, of odd size, cut short."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app import outputs
from tests.support.fakes import fake_models, pictures
from tests.support.runs import SIZE, Recorder, clip
from tests.support.video_files import decode, set_display_matrix, write_video


@pytest.mark.slow
def test_variable_rate(tmp_path: Path) -> None:
    times_ms = [0, 33, 66, 100, 300, 333, 366, 1000, 1017, 1034, 1051, 2000]
    source = clip(tmp_path / "vfr.mp4", [True] * 12, times_ms=times_ms, b_frames=0)
    motion = outputs.run(source, tmp_path / "out", models=fake_models()).motion
    np.testing.assert_allclose(motion.timestamps, np.array(times_ms) / 1000, atol=1e-9)
    _, in_times, in_rate = decode(source)
    _, out_times, out_rate = decode(tmp_path / "out" / "side_by_side.mp4")
    np.testing.assert_allclose(out_times, in_times, atol=1e-6)
    assert out_rate == in_rate


@pytest.mark.slow
def test_a_phone_held_upright(tmp_path: Path) -> None:
    source = set_display_matrix(clip(tmp_path / "phone.mp4", [True] * 10), (0, 1, -1, 0))
    motion = outputs.run(source, tmp_path / "out", models=fake_models()).motion
    assert motion.image_size == (120, 160)
    ankles, head = motion.people[0].keypoints_2d[5, [3, 6], 1].mean(), motion.people[0].keypoints_2d[5, 10, 1]
    assert ankles - head > 60


def test_odd_size(tmp_path: Path) -> None:
    source = write_video(
        tmp_path / "odd.mp4", size=(161, 121), pix_fmt="yuv444p", pictures=pictures([True] * 8, 161, 121)
    )
    motion = outputs.run(source, tmp_path / "out", models=fake_models()).motion
    assert motion.image_size == (161, 121)
    picture = decode(tmp_path / "out" / "side_by_side.mp4")[0][0]
    assert picture.shape[0] % 2 == picture.shape[1] % 2 == 0


@pytest.mark.slow
def test_a_truncated_video_is_used_with_a_warning(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    bright = [rng.integers(150, 255, (120, 160, 3), dtype=np.uint8) for _ in range(40)]
    whole = write_video(tmp_path / "whole.mp4", size=SIZE, pictures=bright, movflags="+faststart")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    recorder = Recorder()
    result = outputs.run(cut, tmp_path / "out", progress=recorder, models=fake_models())
    assert 20 <= len(result.motion) < 40
    assert recorder.warnings == result.warnings and any("truncated" in warning for warning in result.warnings)
    assert len(decode(tmp_path / "out" / "side_by_side.mp4")[0]) == len(result.motion)
