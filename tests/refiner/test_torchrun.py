"""Training on several processes and machines, with torchrun's real launcher on this machine (gloo, no GPU)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.dataset import InfiniteSampler

from refiner.training import capture_preprocessor
from refiner.training.capture_preprocessor import CapturePreprocessor
from tests.support.paths import ROOT
from tests.support.training_command import SMALL_LIFTER, write


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def torchrun(nodes: int, processes: int, *arguments: object) -> list[str]:
    """Start the launcher once a machine, as the README says; return what each has printed."""
    launcher = [
        sys.executable, "-m", "torch.distributed.run", f"--nnodes={nodes}", f"--nproc-per-node={processes}",
        "--rdzv-id=test",
        "--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{free_port()}", "--local-addr=127.0.0.1",
    ]  # fmt: skip
    command = [*launcher, "-m", "refiner.training", *map(str, arguments)]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "cwd": ROOT}
    started = [subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, **options) for _ in range(nodes)]
    try:
        outputs = [one.communicate(timeout=900)[0] for one in started]
    finally:
        for one in started:
            one.kill()
    for one, output in zip(started, outputs, strict=True):
        assert one.returncode == 0, output[-3000:]
    return outputs


@pytest.mark.slow
def test_two_processes_train_and_two_machines_go_on_where_they_stopped(tmp_path: Path, mocap: Path) -> None:
    work, config = tmp_path / "work", write(tmp_path / "lifter.py", SMALL_LIFTER)
    arguments = (config, "--data", mocap, "--work-dir", work)
    (first,) = torchrun(1, 2, *arguments, "--set", "data.stages=[(4, 5, 8)]")
    assert "Distributed training: True" in first and "GPU number: 2" in first
    assert sorted(path.name for path in work.glob("*.pth")) == ["iter_4.pth"]
    outputs = torchrun(2, 1, *arguments, "--resume")
    assert "".join(outputs).count("resumed epoch: 0, iter: 4") == 1  # as the first process says, for all
    assert "".join(outputs).count("Saving checkpoint at 8 iterations") == 1
    assert sorted(path.name for path in work.glob("*.pth")) == ["iter_4.pth", "iter_8.pth"]
    before, after = (torch.load(work / f"iter_{step}.pth", weights_only=True) for step in (4, 8))
    assert after["meta"]["iter"] == 8
    floating = {key: value for key, value in after["state_dict"].items() if value.is_floating_point()}
    assert all(torch.isfinite(value).all() for value in floating.values())
    assert any(not torch.equal(value, before["state_dict"][key]) for key, value in floating.items())


def test_ranks_draw_windows_of_their_own_and_pass_the_stages_in_step(
    mocap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the numbers taken for steps, two ranks would be through both stages after half of the training."""
    monkeypatch.setattr(capture_preprocessor, "get_world_size", lambda: 2)
    preprocessor = CapturePreprocessor(str(mocap), stages=[(2, 5, 3), (4, 9, 3)], strides=(2, 4))
    drawn = []
    for rank in range(2):
        monkeypatch.setattr("mmengine.dataset.sampler.get_dist_info", lambda rank=rank: (rank, 2))
        numbers = iter(InfiniteSampler(range(4 * 2), shuffle=False))  # as the runner has it
        for _ in range(4):
            drawn.append(preprocessor({"step": torch.tensor([next(numbers)])}, training=True)["windows"].keypoints)
    assert [windows.shape[1] for windows in drawn] == [5, 5, 9, 9] * 2
    assert not any(torch.equal(drawn[step], drawn[other]) for step in range(8) for other in range(step))
