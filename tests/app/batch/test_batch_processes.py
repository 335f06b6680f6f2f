"""Several processes: the results of one, and a clip that kills its worker takes no other with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from app.batch.clips import Clip, find_clips
from app.batch.outcome import Treatment
from app.batch.pool import run_here, run_on
from app.batch.processes import Processes
from app.motion import Motion
from app.options import Options
from estimators.errors import WeightsError
from tests.support.batches import RECIPE, clip_of, quiet, video
from tests.support.fakes import load_dying, load_fakes, load_nothing, load_noting


@pytest.mark.slow
def test_two_workers_give_the_results_of_one(folder: Path, tmp_path: Path) -> None:
    treatment = Treatment(Options(video=False), (), RECIPE, load_fakes)
    seen: set[str] = set()
    outcomes = {}
    for workers in (1, 2):
        clips = find_clips(folder, tmp_path / str(workers)).clips
        if workers == 1:
            outcomes[workers] = list(run_here(clips, treatment, quiet))
        else:
            watch = lambda name, stage, done, total: seen.add(name)  # noqa: E731
            outcomes[workers] = sorted(run_on(lambda: Processes(treatment, 2), clips, watch), key=lambda one: one.name)
    status = [[(one.name, one.status, one.error, one.frames) for one in outcomes[workers]] for workers in (1, 2)]
    assert sorted(status[0]) == status[1] and len(status[1]) == 5
    assert seen == {clip.name for clip in clips}
    for name in ("a.mp4", "a.mov", "deep er/ümläut b.mkv"):
        one, two = (Motion.load(tmp_path / workers / name / "motion.npz").people[0] for workers in "12")
        np.testing.assert_array_equal(one.best, two.best)


@pytest.mark.slow
def test_workers_load_the_networks_once_each_and_divide_the_cores(tmp_path: Path) -> None:
    clips = [clip_of(video(tmp_path / f"{name}.mp4"), tmp_path / "out") for name in "abcdef"]
    treatment = Treatment(Options(detector=str(tmp_path / "loads"), video=False), (), RECIPE, load_noting)
    assert {one.status for one in run_on(lambda: Processes(treatment, 2), clips, quiet)} == {"done"}
    loads = [line.split() for line in (tmp_path / "loads").read_text().splitlines()]
    share = str(max(1, torch.get_num_threads() // 2))
    assert 1 <= len({process for process, *_ in loads}) == len(loads) <= 2  # a quick one may do all
    assert {(threads, more) for _, threads, more in loads} == {(share, share)}


@pytest.mark.slow
def test_a_clip_that_kills_its_worker_takes_no_other_with_it(tmp_path: Path) -> None:
    paths = [video(tmp_path / f"{name}.mp4", grey=name == "b") for name in "abcd"]
    clips = [clip_of(path, tmp_path / "out") for path in paths]
    treatment = Treatment(Options(video=False), (), RECIPE, load_dying)
    outcomes = {one.name: one for one in run_on(lambda: Processes(treatment, 2), clips, quiet)}
    assert {name: one.status for name, one in outcomes.items()} == {
        "a.mp4": "done", "b.mp4": "failed", "c.mp4": "done", "d.mp4": "done",
    }  # fmt: skip
    assert "died 3 times (exit code 9)" in str(outcomes["b.mp4"].error)


@pytest.mark.slow
def test_a_clip_whose_worker_died_by_accident_is_done_all_the_same(tmp_path: Path) -> None:
    clips = [clip_of(video(tmp_path / "b.mp4", grey=True), tmp_path / "out")]
    treatment = Treatment(Options(detector=str(tmp_path / "died"), video=False), (), RECIPE, load_dying)
    (outcome,) = run_on(lambda: Processes(treatment, 1), clips, quiet)
    assert outcome.status == "done" and (tmp_path / "died").exists()


@pytest.mark.slow
def test_networks_that_do_not_load_are_one_clear_error(tmp_path: Path) -> None:
    clips = [clip_of(video(tmp_path / f"{name}.mp4"), tmp_path / "out") for name in "ab"]
    with pytest.raises(WeightsError, match="damaged"):
        list(run_on(lambda: Processes(Treatment(Options(), (), RECIPE, load_nothing), 2), clips, quiet))


@pytest.mark.slow
def test_workers_are_ours_in_a_folder_with_modules_of_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("app", "pickle", "socket"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(9)\n")
    clip = Clip(video(tmp_path / "a.mp4"), "a.mp4", tmp_path / "out" / "a.mp4")
    monkeypatch.chdir(tmp_path)
    (outcome,) = run_on(lambda: Processes(Treatment(Options(video=False), (), RECIPE, load_fakes), 1), [clip], quiet)
    assert outcome.status == "done", outcome.error
