"""SIGKILL a training at random moments, resume it, and compare its weights with those of one that was left alone."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch

from refiner.training.checkpoints import latest_checkpoint
from tests.support.paths import ROOT
from tests.support.training_command import lifter_config, refiner_config

# dropout, drawn noise and bfloat16: all that could make a resumed training differ
LIFTER = lifter_config(
    "small-9", [(40, 5, 8), (80, 9, 4)], dropout=0.1, warmup=5, validate_every=40, save_every=4, bf16=True
)


def _refiner(lifter: Path) -> str:
    return refiner_config(
        "refiner-small-9", str(lifter), [(60, 9, 4)], warmup=5, validate_every=30, save_every=3,
        network={"channels": 32, "depth": 1, "dropout": 0.1}, real_share=0.5, inference_share=0.5, fit_windows=32,
        bf16=True,
    )  # fmt: skip


@dataclass
class Outcome:
    """What became of one training."""

    name: str
    kills: int = 0
    resumed_at: list[int] = field(default_factory=list)  # steps
    ends: int = 0  # trainings brought to their end and compared
    tensors: int = 0
    different: int = 0
    worst: float = 0.0
    left: list[str] = field(default_factory=list)  # files that an uninterrupted training has not

    @property
    def good(self) -> bool:
        return self.different == 0 and not self.left


def table(outcomes: list[Outcome]) -> str:
    """Markdown."""
    heads = ("training", "SIGKILLs", "resumed at steps", "brought to their end", "tensors", "different",
             "largest difference", "left over")  # fmt: skip
    rows = [heads, ("---", "---:", "---", *["---:"] * 5)]
    for one in outcomes:
        steps = ", ".join(map(str, one.resumed_at))
        counts = (one.ends, one.tensors, one.different, f"{one.worst:g}", len(one.left))
        rows.append((one.name, str(one.kills), steps, *map(str, counts)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def kill_trainings(folder: Path, mocap: Path, kills: int, seed: int, lifter_only: bool = False) -> list[Outcome]:
    """A lifter, and a refiner of it."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "lifter.py"
    config.write_text(LIFTER)
    outcomes = [_kill(config, mocap, folder / "lifter", kills, rng)]
    if not lifter_only:
        _train(config, mocap, folder / "lifter-alone", "--export", str(folder)).wait()
        config = folder / "refiner.py"
        config.write_text(_refiner(folder / "small-9.safetensors"))
        outcomes.append(_kill(config, mocap, folder / "refiner", kills, rng))
    return outcomes


def _train(config: Path, mocap: Path, work: Path, *options: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "refiner.training", str(config), "--data", str(mocap), "--work-dir", str(work)]
    work.parent.mkdir(parents=True, exist_ok=True)
    with work.with_suffix(".log").open("a") as log:
        return subprocess.Popen(
            [*command, *options], cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip


def _kill(config: Path, mocap: Path, work: Path, kills: int, rng: random.Random) -> Outcome:
    outcome, alone = Outcome(config.stem), work.with_name(f"{work.name}-alone")
    started = time.monotonic()
    first = _first_checkpoint(_train(config, mocap, alone), alone)
    length = time.monotonic() - started
    if not any(alone.glob("iter_*.pth")):
        raise RuntimeError(f"the uninterrupted training failed: {alone.with_suffix('.log').read_text()[-2000:]}")
    print(
        f"{config.stem}, uninterrupted: {length:.1f} s, of which {first - started:.1f} until the first checkpoint",
        flush=True,
    )
    while outcome.kills < kills:
        process = _train(config, mocap, work, "--resume")
        # every fourth time while it starts, else some checkpoints later and anywhere between two
        wait_for = rng.randrange(4)
        moment = rng.uniform(0.5, first - started) if wait_for == 0 else rng.uniform(0, (length - first + started) / 4)
        if _over_before(process, work, wait_for, moment):
            if process.returncode != 0:
                raise RuntimeError(f"the training failed: {work.with_suffix('.log').read_text()[-2000:]}")
            _compare(alone, work, outcome)
            shutil.rmtree(work)
            continue
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        outcome.kills += 1
        steps = _steps(work)
        outcome.resumed_at.append(max(steps, default=0))
        print(f"{config.stem}, kill {outcome.kills}: checkpoints {steps}", flush=True)
    if _train(config, mocap, work, "--resume").wait() != 0:
        raise RuntimeError(f"the training could not be resumed: {work.with_suffix('.log').read_text()[-2000:]}")
    _compare(alone, work, outcome)
    return outcome


def _steps(work: Path) -> list[int]:
    return sorted(int(path.stem[5:]) for path in work.glob("iter_*.pth"))


def _over_before(process: subprocess.Popen, work: Path, new: int, seconds: float) -> bool:
    """Wait for so many new checkpoints, then so many seconds; returns whether the training ended before."""
    newest = max(_steps(work), default=0)
    while new:
        if process.poll() is not None:
            return True
        if (now := max(_steps(work), default=0)) > newest:
            newest, new = now, new - 1
        time.sleep(0.01)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _first_checkpoint(process: subprocess.Popen, work: Path) -> float:
    """Wait for the end; returns when the first checkpoint appeared."""
    first = 0.0
    while process.poll() is None:
        if not first and any(work.glob("iter_*.pth")):
            first = time.monotonic()
        time.sleep(0.05)
    return first or time.monotonic()


def _compare(alone: Path, work: Path, outcome: Outcome) -> None:
    (path, expected), (other, found) = latest_checkpoint(alone), latest_checkpoint(work)
    outcome.ends += 1
    outcome.left += sorted({one.name for one in work.glob("*.pth")} ^ {one.name for one in alone.glob("*.pth")})
    outcome.left += [] if path.name == other.name else [f"{path.name} and {other.name}"]
    for key, value in expected["state_dict"].items():
        outcome.tensors += 1
        if not torch.equal(value, found["state_dict"][key]):
            outcome.different += 1
            outcome.worst = max(outcome.worst, float((value - found["state_dict"][key]).abs().max()))
