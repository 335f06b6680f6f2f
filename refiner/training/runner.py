"""Build and run a training from a config, on mmengine's Runner: one process, or many under torchrun."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import DefaultSampler, InfiniteSampler
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel, is_model_wrapper
from mmengine.runner import Runner
from torch.utils.data import Dataset

from estimators.checkpoints import first_line
from estimators.errors import ConfigError, D3PError
from refiner.data.mocap import Files, origins, read_mocap
from refiner.evaluation.metrics import POSITION
from refiner.training.capture_preprocessor import CapturePreprocessor, step_seed
from refiner.training.checkpoints import check_fit, newest_checkpoint
from refiner.training.lifter_training import LifterTraining
from refiner.training.pace import PaceHook, TimeLimitHook
from refiner.training.refiner_training import FitNoiseHook, RefinerTraining

MODELS: dict[str, type[BaseModel]] = {"lifter": LifterTraining, "refiner": RefinerTraining}
VALIDATION_STEPS = 12
# what mmengine and torch raise when they are to build what there is not, or of what does not fit
UNBUILDABLE = (
    AssertionError, AttributeError, ImportError, IndexError, KeyError, RuntimeError, TypeError, ValueError,
    ZeroDivisionError,
)  # fmt: skip


class PlainCheckpointHook(Hook):
    """Leave the log history out of checkpoints: its pickled objects are what torch's safe loader refuses.

    What stays is which checkpoints there are, so that a resumed training removes the old ones.
    """

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        kept = [int(step) for step in runner.message_hub.runtime_info.get("keep_ckpt_ids", [])]
        checkpoint["message_hub"] = {
            "log_scalars": {}, "runtime_info": {"keep_ckpt_ids": kept}, "resumed_keys": {"keep_ckpt_ids": True},
        }  # fmt: skip


class OriginsHook(Hook):
    """Every checkpoint says whose motion it was trained on, see `refiner.data.mocap.origins`: its card will say so."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        checkpoint["meta"]["origins"] = self.told


class SeedEveryStepHook(Hook):
    """What is drawn in a step (noise, dropout) follows from its number: a resumed training draws what it would have."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        torch.manual_seed(step_seed(self.seed, runner.iter * runner.world_size + runner.rank))


class StepNumbers(Dataset):
    """Numbers: the preprocessor makes windows of them."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, step: int) -> dict[str, int]:
        return {"step": step}


class PoseMetric(BaseMetric):
    """MPJPE and P-MPJPE in mm over validation windows; entries ending in `_pose` are compared with `target`."""

    default_prefix = "val"

    def process(self, data_batch: Any, data_samples: list[dict]) -> None:
        # One result a batch: mmengine keeps as many as there are batches, and drops what is more.
        rows = [self._errors({key: value.cpu().numpy() for key, value in one.items()}) for one in data_samples]
        self.results.append({key: sum(row[key] for row in rows) / len(rows) for key in rows[0]})

    @staticmethod
    def _errors(sample: dict[str, np.ndarray]) -> dict[str, float]:
        target = sample.pop("target")
        return {
            f"{key}_{measure.field}": measure.in_mm(pose, target)
            for measure in POSITION
            for key, pose in sample.items()
        }

    def compute_metrics(self, results: list[dict[str, float]]) -> dict[str, float]:
        return {key: sum(result[key] for result in results) / len(results) for key in results[0]}


def build_runner(
    config: Config, mocap: Files, work_dir: str | Path, resume: bool = False, seconds: float | None = None
) -> Runner:
    """An mmengine Runner for a config, ready for `.train()`.

    Args:
        mocap: motion-capture file, or several.
        work_dir: where checkpoints and logs go.
        resume: continue from the newest whole checkpoint in `work_dir`, if there is one.
        seconds: stop, with a checkpoint, after so many.

    Raises:
        ConfigError: the config's model or optimizer cannot be built, or the checkpoint is of another model.
        DataError: the motion-capture file cannot be read. WeightsError: the checkpoints cannot be.
    """
    told = origins(read_mocap(mocap, "train", config.data.get("folds")))
    read_mocap(mocap, "val")
    newest = newest_checkpoint(work_dir) if resume else None
    try:
        runner = _build(config, mocap, work_dir, newest[0] if newest else None)
        runner.register_hook(OriginsHook(told))
        if seconds is not None:
            runner.register_hook(TimeLimitHook(seconds))
        # mmengine would build it while training
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    except D3PError:
        raise
    except OSError as error:
        raise ConfigError(f"Cannot write to {work_dir}: {error.strerror or error}.") from error
    except UNBUILDABLE as error:
        raise ConfigError(f"This training cannot be built: {first_line(error)}") from error
    if newest:
        check_fit(runner.model.module if is_model_wrapper(runner.model) else runner.model, *newest)
    return runner


def _build(config: Config, mocap: Files, work_dir: str | Path, checkpoint: Path | None) -> Runner:
    distributed = "RANK" in os.environ  # as torchrun sets it
    if distributed and not torch.cuda.is_available() and not torch.distributed.is_initialized():
        torch.distributed.init_process_group("gloo")  # mmengine by itself would ask for a GPU
    seed = config.get("seed", 0)  # the same training twice gives the same weights
    preprocessor = {"type": CapturePreprocessor, "mocap": mocap, "seed": seed, **config.data}
    steps = config.data["stages"][-1][0]
    ranks = int(os.environ.get("WORLD_SIZE", 1))  # each draws windows of its own, see CapturePreprocessor
    falling = {"type": "CosineAnnealingLR", "T_max": steps - config.warmup, "begin": config.warmup, "end": steps}
    return Runner(
        model={"type": MODELS[config.kind], "data_preprocessor": preprocessor, **config.model},
        work_dir=str(work_dir),
        train_dataloader=_loader(steps * ranks, {"type": InfiniteSampler, "shuffle": False}),
        val_dataloader=_loader(VALIDATION_STEPS, {"type": DefaultSampler, "shuffle": False}),
        train_cfg={"by_epoch": False, "max_iters": steps, "val_interval": config.validate_every},
        val_cfg={},
        val_evaluator=[{"type": PoseMetric}],
        optim_wrapper={"optimizer": config.optimizer, "clip_grad": {"max_norm": 1.0}},
        param_scheduler=[
            {"type": "LinearLR", "start_factor": 0.05, "begin": 0, "end": config.warmup, "by_epoch": False},
            {**falling, "by_epoch": False},
        ],
        default_hooks={
            "checkpoint": {
                "type": "CheckpointHook",
                "interval": config.save_every,
                "by_epoch": False,
                "max_keep_ckpts": 2,
            },
            "logger": {"type": "LoggerHook", "interval": 50},
        },
        custom_hooks=[
            FitNoiseHook(),
            PlainCheckpointHook(),
            SeedEveryStepHook(seed),
            PaceHook(config.get("compiled", False)),
        ],
        visualizer={"type": "Visualizer", "vis_backends": _log_backends()},
        launcher="pytorch" if distributed else "none",
        load_from=None if checkpoint is None else str(checkpoint),
        resume=checkpoint is not None,
        randomness={"seed": seed},
        # no device ids: a wrapped CPU model must not have them, and on a GPU the model's own device is taken
        cfg=Config(
            {"model_wrapper_cfg": {"type": "MMDistributedDataParallel", "device_ids": None}} if distributed else {}
        ),
        experiment_name=config.name,
    )


def _log_backends() -> list[dict]:
    """A JSON log always, TensorBoard where the `train` extra is installed."""
    backends = [{"type": "LocalVisBackend"}]
    if find_spec("tensorboard"):
        backends.append({"type": "TensorboardVisBackend"})
    return backends


def _loader(steps: int, sampler: dict) -> dict:
    # one step number a "batch": the preprocessor makes the windows
    return {"dataset": StepNumbers(steps), "sampler": sampler, "batch_size": 1, "num_workers": 0}
