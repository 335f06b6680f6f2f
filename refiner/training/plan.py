"""A family of networks from nothing but the motion-capture file: its trainings in order, calibration, and the report.

A plan is a config with `kind` "plan", a `name`, `trainings` (a later one may start from what an earlier one has made),
and perhaps `pairs` of (lifter, refiner) to calibrate and measure, bundled ones among them or not, `alone` (lifters to
measure beside), `every` (measure one take in so many) and `seed` (added to every training's). All goes into one folder:

    WORK_DIR/TRAINING/          checkpoints and logs, and `exported` once the training is done
    WORK_DIR/weights/           what the trainings have made; each finds the others' there, before the bundled ones
    WORK_DIR/report/report.md   the end; the clock does not stop what measures

A training is the name of a config beside the plan; or, for a variant of one, {"name": of its folder and weights,
"config": of what, "set": {entry, dotted: value}}. What is done is not done again: a plan goes on where it was stopped,
by the clock or otherwise.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from estimators import weights
from estimators.errors import ConfigError
from estimators.lifting import Lifter
from estimators.processes import module_command, own_environment
from refiner.data.mocap import Files, paths_of
from refiner.evaluation import report
from refiner.evaluation.calibration import calibrate_simulated
from refiner.evaluation.mocap import evaluate
from refiner.evaluation.pairs import Pair, load_pairs
from refiner.training.config import load_config
from refiner.uncertainty import FIELD

UNFINISHED = 3  # exit code of a training, and of a plan, that the clock has stopped


class TimeIsUpError(Exception):
    """The plan is to go on another time."""


def variant(training: str | dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """A plan's training: its folder, its config, and the entries to set in that."""
    if isinstance(training, str):
        return training, training, {}
    return training["name"], training["config"], {"name": training["name"], **training["set"]}


class Plan:
    """One plan at work.

    Args:
        config: a plan's, see `check_config`.
        folder: where the configs of its trainings lie.
        mocap: motion-capture file, or several.
        seconds: stop after so many; None: when all is done.
    """

    def __init__(
        self, config: Config, folder: Path, mocap: Files, work_dir: str | Path, seconds: float | None = None
    ) -> None:
        self.config, self.folder = config, folder
        self.mocap = [path.absolute() for path in paths_of(mocap)]
        self.work_dir = Path(work_dir).absolute()
        self.deadline = None if seconds is None else time.monotonic() + seconds
        self.made = self.work_dir / "weights"
        self.pairs: list[tuple[str, str]] = config.get("pairs", [])
        self.every: int = config.get("every", 1)

    def run(self) -> bool:
        """Do what is left to do; whether all is done.

        Raises:
            ConfigError: a step fails; what it said is on the terminal.
        """
        try:
            for number, training in enumerate(self.config.trainings, start=1):
                name, config, entries = variant(training)
                print(f"{number} of {len(self.config.trainings)}: {name}", flush=True)
                self._train(name, config, entries)
            for lifter, refiner in self.pairs:
                self._calibrate(lifter, refiner)
            if self.pairs:
                self._report()
        except TimeIsUpError:
            return False
        return True

    def _train(self, name: str, config: str, entries: dict[str, Any]) -> None:
        folder = self.work_dir / name
        exported = folder / "exported"
        if exported.exists():
            return
        file = self.folder / f"{config}.py"
        if seed := self.config.get("seed", 0):
            entries["seed"] = seed + load_config(file, entries).get("seed", 0)
        common = [file, "--data", *self.mocap, "--work-dir", folder]
        if entries:
            common += ["--set", *(f"{key}={value!r}" for key, value in entries.items())]
        clock = [] if self.deadline is None else ["--minutes", f"{self._left() / 60:.2f}"]
        self._call([*common, "--resume", *clock])
        self._call([*common, "--export", self.made])
        exported.touch()

    def _calibrate(self, lifter: str, refiner: str) -> None:
        card = self.made / f"{refiner}.json"
        if card.exists() and FIELD not in weights.read_card(card):
            self._left()
            (pair,) = self._loaded([(lifter, refiner)])
            calibrated = calibrate_simulated(self.mocap, *pair, "val", every=self.every)
            calibrated.write_card(self._weights(refiner))
            print(calibrated.markdown(), flush=True)

    def _report(self) -> None:
        folder = self.work_dir / "report"
        if (folder / report.PICTURE).exists():  # which is written last
            return
        self._left()
        measured = evaluate(
            self.mocap, self._loaded(self.pairs), every=self.every, ablate=report.ABLATED_STEPS,
            alone=[Lifter.load(self._weights(name), "auto") for name in self.config.get("alone", [])],
        )  # fmt: skip
        own = all((self.made / f"{name}.json").exists() for pair in self.pairs for name in pair)
        for one in measured:
            print(f"\n{one.name}\n\n{one.markdown()}", flush=True)
            if own:  # the bundled networks' cards are not this plan's to write
                one.write_cards(self.made)
        report.write(measured, folder, "test")

    def _loaded(self, pairs: Sequence[Sequence[str]]) -> list[Pair[Lifter]]:
        lifters, refiners = ([self._weights(name) for name in names] for names in zip(*pairs, strict=True))
        return load_pairs(lifters, refiners)

    def _weights(self, name: str) -> str:
        """What a training of this plan has made of that name, or else the bundled weights."""
        path = self.made / f"{name}.safetensors"
        return str(path) if path.exists() else name

    def _left(self) -> float:
        """How long the plan has run, seconds."""
        left = float("inf") if self.deadline is None else self.deadline - time.monotonic()
        if left <= 0:
            raise TimeIsUpError
        return left

    def _call(self, arguments: list[Any]) -> None:
        """Run `refiner.training` in a process of its own: mmengine keeps what belongs to one training in globals."""
        self._left()
        environment = own_environment(D3P_WEIGHTS=str(self.made))
        command = module_command("refiner.training", *arguments)
        code = subprocess.run(command, env=environment, check=False).returncode
        if code == UNFINISHED:
            raise TimeIsUpError
        if code:
            raise ConfigError(f"The plan {self.config.name} stops: a training ended with exit code {code}, see above.")
