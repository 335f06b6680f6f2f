"""One way to name a device, for every command and every network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from app.cli import build_parser, main
from app.cli.run import options
from app.options import Options
from estimators.detection import Detector
from estimators.devices import placed, resolve_device
from estimators.errors import ConfigError
from estimators.lifting import Lifter
from refiner.refiner import Refiner

NONSENSE = ("foo", "", "CPU", "mps", "meta", "cuda:", "cuda:x", "cuda:-1", "cpu:0", "cuda:99999", "auto:1")


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_names_become_devices(two_gpus: None) -> None:
    names = ("auto", "cpu", "cuda", "cuda:0", "cuda:1")
    assert [str(resolve_device(name)) for name in names] == ["cuda", "cpu", "cuda", "cuda:0", "cuda:1"]
    assert resolve_device(torch.device("cuda", 1)).index == 1
    with pytest.raises(ConfigError, match="no GPU 2 on this machine, which has 2"):
        resolve_device("cuda:2")


def test_without_a_gpu_auto_is_the_cpu_and_a_gpu_is_an_error(no_gpu: None) -> None:
    assert str(resolve_device("auto")) == "cpu"
    for name in ("cuda", "cuda:0"):
        with pytest.raises(ConfigError, match="No CUDA device"):
            resolve_device(name)


@pytest.mark.parametrize("name", NONSENSE)
def test_other_names_are_refused_with_those_that_there_are(name: str) -> None:
    for refused in (lambda: resolve_device(name), lambda: Options(device=name)):
        with pytest.raises(ConfigError, match=r"use auto .*, cpu, cuda, or cuda:N"):
            refused()


def test_a_device_that_is_there_and_cannot_be_used_is_one_sentence(two_gpus: None) -> None:
    class Full(torch.nn.Linear):
        def to(self, *_: object) -> Full:
            raise RuntimeError("CUDA out of memory.\nmany lines")

    with pytest.raises(ConfigError, match=r"^The device 'cuda' cannot be used: CUDA out of memory\.$"):
        placed(Full(1, 1), "auto")


@pytest.mark.parametrize("load", [Lifter.load, Refiner.load], ids=["lifter", "refiner"])
def test_lifters_and_refiners_know_the_names(load, no_gpu: None) -> None:
    load(device="auto")
    for name in ("foo", "cuda", "cuda:1"):
        with pytest.raises(ConfigError, match=r"device"):
            load(device=name)


def test_the_detector_knows_the_names(no_gpu: None) -> None:
    assert Detector(device="auto").description()["device"] == "cpu"
    with pytest.raises(ConfigError, match="no device 'foo'"):
        Detector(device="foo")


@pytest.mark.parametrize(
    "command",
    [["run", "x.mp4"], ["batch", "x"], ["demo"], ["bench"], ["refine", "x.npz"], ["evaluate", "rendered", "x"]],
    ids=lambda command: command[0],
)
def test_every_command_takes_the_same_names(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("auto", "cpu", "cuda", "cuda:1"):
        assert build_parser(command[0]).parse_args([*command, "--device", name]).device == name
    args = build_parser(command[0]).parse_args(command)
    assert (options(args) if "preset" in args else args).device == "auto"
    for name in NONSENSE:
        with pytest.raises(SystemExit) as stop:
            build_parser(command[0]).parse_args([*command, f"--device={name}"])
        assert stop.value.code == 2 and "There is no device" in capsys.readouterr().err


@pytest.mark.slow
def test_refine_runs_on_whatever_there_is(tmp_path: Path, no_gpu: None, capsys: pytest.CaptureFixture[str]) -> None:
    still = np.random.default_rng(0).normal(0, 0.4, (1, 17, 3)).repeat(9, 0)
    arrays = {"keypoints_2d": 300 + 100 * still[..., :2], "poses": still, "image_size": [640, 480], "fps": 25.0}
    np.savez(tmp_path / "mine.npz", **arrays)
    assert main(["refine", str(tmp_path / "mine.npz"), "--device", "auto"]) == 0
    assert main(["refine", str(tmp_path / "mine.npz"), "--device", "cuda"]) == 2
    assert capsys.readouterr().err.startswith("error: No CUDA device")


def test_evaluating_rendered_clips_knows_auto(tmp_path: Path, no_gpu: None, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["evaluate", "rendered", str(tmp_path), "--lifter", "stcformer-27", "--device"]
    assert main([*arguments, "auto"]) == 2
    assert "No clips with ground truth" in capsys.readouterr().err  # so the networks are loaded
    assert main([*arguments, "cuda"]) == 2
    assert "No CUDA device" in capsys.readouterr().err
