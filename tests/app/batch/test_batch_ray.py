"""A batch on a real Ray cluster of two nodes on this machine: the results of one machine, and lost workers replaced."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import app
from app import cli
from app.batch import marker
from app.batch.clips import Clip, find_clips
from app.batch.outcome import Outcome, Treatment
from app.batch.pool import run_here, run_on
from app.motion import Motion
from app.options import Options
from estimators.errors import ConfigError, WeightsError
from tests.support.batches import quiet, video
from tests.support.fakes import load_dying, load_fakes, load_nothing
from tests.support.paths import ROOT

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
    "RAY_memory_monitor_refresh_ms": "0",  # would kill workers if other programs filled the machine
    "PYTHONPATH": str(ROOT),  # for the stand-ins
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of two nodes with one core each."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install .[ray]")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in QUIET.items():
            patch.setenv(name, value)
        from ray.cluster_utils import Cluster

        nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        try:
            nodes.add_node(num_cpus=1)
            yield nodes.address
        finally:
            nodes.shutdown()


def on_ray(cluster: str, clips: list[Clip], treatment: Treatment) -> dict[str, Outcome]:
    from app.batch.ray_cluster import RayActors

    return {one.name: one for one in run_on(lambda: RayActors(treatment, cluster), clips, quiet)}


def treatment_with(load: object, options: Options | None = None) -> Treatment:
    options = options or Options(video=False)
    return Treatment(options, (), marker.recipe(options), load)  # type: ignore[arg-type]


def test_a_cluster_gives_the_results_and_markers_of_one_process(cluster: str, tmp_path: Path) -> None:
    for name in ("a.mp4", "b/a.mov", "c.mkv"):
        video(tmp_path / "clips" / name)
    (tmp_path / "clips" / "text.mp4").write_text("no video at all")
    treatment = treatment_with(load_fakes)
    here, there = (find_clips(tmp_path / "clips", tmp_path / where).clips for where in ("here", "there"))
    one = {outcome.name: outcome for outcome in run_here(here, treatment, quiet)}
    two = on_ray(cluster, there, treatment)
    assert {name: (a.status, a.error, a.frames) for name, a in one.items()} == {
        name: (a.status, a.error, a.frames) for name, a in two.items()
    }
    assert {outcome.status for outcome in two.values()} == {"done", "failed"}
    for mine, its in zip(here, there, strict=True):
        assert sorted(file.name for file in mine.folder.iterdir()) == sorted(file.name for file in its.folder.iterdir())
        if two[its.name].status == "done":
            assert marker.what_is_done(its.path, its.folder, treatment.recipe)
            a, b = (Motion.load(clip.folder / "motion.npz").people[0] for clip in (mine, its))
            np.testing.assert_array_equal(a.best, b.best)
        else:
            assert marker.known_failure(its.path, its.folder, treatment.recipe)


def test_a_lost_worker_is_replaced_and_its_clip_tried_again(cluster: str, tmp_path: Path) -> None:
    """Grey frames kill their worker in the middle of a clip: once in the first batch, every time in the second."""
    clips = [Clip(video(tmp_path / f"{name}.mp4", grey=name == "b"), name, tmp_path / "out" / name) for name in "abc"]
    stop = tmp_path / "died"
    outcomes = on_ray(cluster, clips, treatment_with(load_dying, Options(detector=str(stop), video=False)))
    assert {name: one.status for name, one in outcomes.items()} == dict.fromkeys("abc", "done") and stop.exists()
    assert not list((tmp_path / "out").glob(".*"))
    outcomes = on_ray(cluster, clips[:2], treatment_with(load_dying))
    assert outcomes["a"].status == "done" and "died 3 times" in str(outcomes["b"].error)


def test_what_no_worker_can_do_is_one_clear_error(cluster: str, tmp_path: Path) -> None:
    clips = [Clip(video(tmp_path / "a.mp4"), "a", tmp_path / "out" / "a")]
    with pytest.raises(WeightsError, match="damaged"):
        on_ray(cluster, clips, treatment_with(load_nothing))
    with pytest.raises(ConfigError, match="other weights"):
        on_ray(cluster, clips, Treatment(Options(), (), {"weights": "of another machine"}, load_fakes))
    with pytest.raises(ConfigError, match="no GPU"):
        on_ray(cluster, clips, treatment_with(load_fakes, Options(device="cuda")))


# --- without a cluster ---------------------------------------------------------------------------------------------


def test_rays_workers_look_for_modules_in_our_folder_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ray has them look in the folder in which it is begun, before anywhere else: an app.py may be there."""
    from app.batch import ray_cluster

    monkeypatch.chdir(tmp_path)
    begun_in = []
    ray = SimpleNamespace(init=lambda *_, **__: begun_in.append(Path.cwd()), exceptions=ModuleType("ray.exceptions"))
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.exceptions", ray.exceptions)
    monkeypatch.setattr(ray.exceptions, "RayError", OSError, raising=False)
    assert ray_cluster._connect("auto") is ray
    assert begun_in == [Path(app.__file__).resolve().parents[1]] and Path.cwd() == tmp_path


def test_which_gpu_is_not_for_the_user_to_say() -> None:
    from app.batch.ray_cluster import RayActors

    with pytest.raises(ConfigError, match="Ray chooses the GPUs itself; use the device 'cuda'"):
        RayActors(treatment_with(load_fakes, Options(device="cuda:1")), "127.0.0.1:1")


@pytest.mark.parametrize(
    ("address", "message"),
    [("nowhere", "no address"), ("127.0.0.1:1", "answers"), ("127.0.0.1:x", "no address")],
)
def test_an_address_where_nothing_is_is_one_sentence(
    address: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install .[ray]")
    video(tmp_path / "clips" / "a.mp4")
    assert cli.main(["batch", str(tmp_path / "clips"), "-o", str(tmp_path / "out"), "--ray", address]) == 2
    assert message in capsys.readouterr().err


def test_what_is_not_ray_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.batch import ray_cluster

    monkeypatch.setattr(ray_cluster, "CONNECT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not ray_cluster._answers(f"127.0.0.1:{silent.getsockname()[1]}")


def test_without_ray_the_command_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    video(tmp_path / "clips" / "a.mp4")
    assert cli.main(["batch", str(tmp_path / "clips"), "-o", str(tmp_path / "out"), "--ray", "auto"]) == 2
    assert "pip install 'd3prefiner[ray]'" in capsys.readouterr().err
