"""Turn the newest checkpoint of a training into weights with a model card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.model import BaseModel

from estimators import weights
from estimators.checkpoints import first_line
from estimators.errors import ConfigError, WeightsError
from estimators.lifting import Lifter
from refiner.data.mocap import THANKS, Files, origins, read_mocap
from refiner.refiner import list_of
from refiner.training.capture_preprocessor import CapturePreprocessor
from refiner.training.checkpoints import check_fit, latest_checkpoint
from refiner.training.refiner_training import RefinerTraining
from refiner.training.runner import MODELS, UNBUILDABLE

CODE = "Apache-2.0 for the code that made them"
UNKNOWN = "not known"


def export(
    config: Config,
    work_dir: str | Path,
    folder: str | Path,
    mocap: Files | None = None,
    source_fps: float = 50.0,
) -> Path:
    """Write `folder/NAME.safetensors` and its card; returns the path of the weights.

    Args:
        mocap: motion-capture file or files, on whose validation people a refiner's trust and ambiguity are fitted; None
            leaves it without guidance. The card tells of the files that the training has read, or, where the
            checkpoint is of an earlier version and does not say, of these.
        source_fps: frame rate of the motion-capture file, from which the card's `tds_fps` follows.

    Raises:
        ConfigError: no checkpoint, or one of another config, or `folder` cannot be written.
        WeightsError: no checkpoint can be read. DataError: the motion-capture file cannot be.
    """
    newest, checkpoint = latest_checkpoint(work_dir)
    training = _training(config, mocap)
    check_fit(training, newest, checkpoint)
    prefix = {"lifter": "network.", "refiner": "model."}[config.kind]
    state = {
        key.removeprefix(prefix): value for key, value in checkpoint["state_dict"].items() if key.startswith(prefix)
    }
    slow, fast = config.data["strides"]
    about, licence = _origins(config, checkpoint, mocap)
    card: dict[str, Any] = {
        "name": config.name,
        "kind": config.kind,
        "architecture": _architecture(config),
        "normalisation": _normalisation(config),
        "frames": config.data["stages"][-1][1],
        "tds_fps": config.get("tds_fps", 2 * source_fps / (slow + fast)),
        "training": {
            **about,
            "steps": checkpoint["meta"]["iter"],
            "windows": _windows(config, checkpoint["meta"]["iter"]),
            "config": config.to_dict(),
        },
        "metrics": {},
        "licence": licence,
    }
    if config.kind == "refiner":
        lifters = [Path(one).stem for one in list_of(config.model["lifter"])]
        card["lifter"] = lifters if len(lifters) > 1 else lifters[0]
        card |= {told: config.model.get(told, False) for told in ("scores", "pictured")}
        if mocap:
            assert isinstance(training, RefinerTraining)
            training.load_state_dict(checkpoint["state_dict"])
            state |= _fitted(training)
        card["trust"] = round(float(state["trust"]), 4)
    if config.get("half", False):
        state = {key: value.half() if _of_network(key, config.kind) else value for key, value in state.items()}
    path = Path(folder) / f"{config.name}.safetensors"
    weights.save(path, state, card)
    return path


def _origins(config: Config, checkpoint: dict[str, Any], mocap: Files | None) -> tuple[dict[str, Any], str]:
    """What a card says of the motion that a network was trained on, and the licence of its weights.

    Raises:
        WeightsError: the checkpoint says something else than a training does. DataError: see `read_mocap`.
    """
    folds = config.data.get("folds")
    told = checkpoint["meta"].get("origins") or (mocap and origins(read_mocap(mocap, "train", folds)))
    if not told:
        return {"data": UNKNOWN, "people": UNKNOWN}, f"{CODE}; {UNKNOWN} for the motion that they were trained on"
    try:
        licences = sorted({str(one["licence"]) for one in told["sources"]})
        named = ", ".join(f"{one['source']} ({one['licence']})" for one in told["sources"])
        amount = f"{told['clips']} clips, {told['minutes']:.1f} minutes"
        about = {
            "data": f"motion capture, {amount}, seen by virtual cameras; {named}",
            "people": f"{'' if folds else 'the '}{told['people']} of the train split",
            "sources": told["sources"],
        }
    except (LookupError, TypeError, ValueError) as error:
        raise WeightsError(f"This checkpoint does not say what it was trained on: {first_line(error)}.") from error
    if thanks := [THANKS[licence] for licence in licences if licence in THANKS]:
        about["thanks"] = thanks
    return about, f"{CODE}; {', '.join(licences)} for the motion that they were trained on"


def _training(config: Config, mocap: Files | None) -> BaseModel:
    preprocessor = {"type": CapturePreprocessor, "mocap": mocap or "", **config.data}
    try:
        return MODELS[config.kind](data_preprocessor=preprocessor, **{**config.model, "start": None})
    except UNBUILDABLE as error:
        raise ConfigError(f"The model of this config cannot be built: {first_line(error)}") from error


def _fitted(training: RefinerTraining) -> dict[str, torch.Tensor]:
    training.fit_trust()
    training.fit_ambiguity()
    return {"trust": training.model.trust, "ambiguity": training.model.ambiguity}


def _of_network(key: str, kind: str) -> bool:
    """And not of what is fitted: a lifter is all network."""
    return kind == "lifter" or key.startswith("network.")


def _architecture(config: Config) -> dict[str, Any]:
    network = dict(config.model["network"])
    return {"type": "PoseDenoiser", **network} if config.kind == "refiner" else network


def _normalisation(config: Config) -> str:
    if config.kind == "lifter":
        return config.model["normalisation"]
    return str(Lifter.load(list_of(config.model["lifter"])[0]).normalisation)


def _windows(config: Config, steps: int) -> dict[str, int]:
    """How many windows of each length the training has seen."""
    seen, start = {}, 0
    for until, frames, batch in config.data["stages"]:
        seen[f"T={frames}"] = batch * max(0, min(until, steps) - start)
        start = until
    return seen
