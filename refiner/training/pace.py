"""How fast a training goes, of what its machine can do, and when its time is up."""

from __future__ import annotations

import time
from math import prod
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import CheckpointHook, Hook
from mmengine.logging import print_log
from mmengine.model import BaseModel, is_model_wrapper
from mmengine.runner import Runner
from torch.utils.flop_counter import FlopCounterMode

from refiner.training.capture_preprocessor import Stage

_MATRIX = {"cuda": 8192, "cpu": 1024}  # rows: enough to keep the device busy, few enough to be done at once


class TimeLimitHook(Hook):
    """Ends a training after so many seconds, with a checkpoint, so that `--resume` goes on at the same step."""

    priority = "HIGH"  # before the checkpoint hook, which is to save in the same step

    def __init__(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        late = torch.tensor(
            time.monotonic() >= self.deadline, dtype=torch.int, device=_model(runner).data_preprocessor.device
        )
        all_reduce(late, "max")  # processes must stop at the same step
        if late:
            runner.train_loop.stop_training = True
            next(hook for hook in runner.hooks if isinstance(hook, CheckpointHook)).interval = 1


class PaceHook(Hook):
    """Logs windows a second and the share of the machine's peak; compiles the networks once the operations are counted.

    Scalars of the log: `windows_per_s`; `tflop`, the operations of a step in all processes, 10^12; `peak_share`, of
    what one large matrix product reaches in the training's precision on the same device.
    """

    priority = "LOW"  # after the noise is fitted, which the loss needs

    def __init__(self, compiled: bool = False) -> None:
        self.compiled = compiled

    def before_train(self, runner: Runner) -> None:
        model = _model(runner)
        self.stages = model.data_preprocessor.stages
        self.flops = [operations(model, stage) for stage in self.stages]
        self.peak = peak(model.data_preprocessor.device, torch.bfloat16 if model.bf16 else torch.float32)
        print_log(f"peak of a matrix product: {self.peak / 1e12:.2f} TFLOP/s", "current")
        if self.compiled:
            for network in model.networks:
                network.compile()
        self.then = time.perf_counter()

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        now = time.perf_counter()
        seconds, self.then = now - self.then, now
        number = next((i for i, stage in enumerate(self.stages) if runner.iter < stage.until), -1)
        hub = runner.message_hub
        hub.update_scalar("train/windows_per_s", self.stages[number].batch * get_world_size() / seconds)
        hub.update_scalar("train/tflop", self.flops[number] * get_world_size() / 1e12)
        hub.update_scalar("train/peak_share", self.flops[number] / seconds / self.peak)

    def after_val_epoch(self, runner: Runner, metrics: Any = None) -> None:
        self.then = time.perf_counter()  # validation is no training


def operations(model: BaseModel, stage: Stage) -> float:
    """Floating-point operations of a training step on windows of a stage, forward and back, counted in one."""
    windows = model.data_preprocessor.capture("train").draw(stage.batch, stage.frames, seed=0)
    before = model.training
    with FlopCounterMode(display=False, custom_mapping=_GROUPED) as counter:
        model.train()(windows, mode="loss")["loss"].backward()
    model.zero_grad()
    model.train(before)
    return float(counter.get_total_flops())


def _convolution_backward(out_gradient: list[int], _: list[int], weight: list[int], *rest: Any, **shapes: Any) -> int:
    """Two products as large as the forward one; torch's own count forgets that a group sees its own channels only."""
    return 2 * 2 * prod(out_gradient) * prod(weight[1:])


_GROUPED = {torch.ops.aten.convolution_backward: _convolution_backward}


def peak(device: torch.device | str, dtype: torch.dtype, repeats: int = 5) -> float:
    """Operations a second of a large matrix product, the best of several."""
    device = torch.device(device)
    size = _MATRIX.get(device.type, 1024)
    matrix = torch.ones(size, size, dtype=dtype, device=device)
    best = float("inf")
    for _ in range(repeats + 1):
        start = time.perf_counter()
        matrix @ matrix
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def _model(runner: Runner) -> BaseModel:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model
