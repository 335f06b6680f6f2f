"""Find, verify and load weights: `NAME.safetensors` beside a model card `NAME.json`.

The card states what the file is: `kind` (detector, lifter, refiner), `architecture` (class name and arguments),
`frames`, training data, metrics, licence, and the `sha256` of the safetensors file, checked on every load.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as serialise

from estimators.errors import WeightsError
from estimators.files import complete_file

Card = dict[str, Any]


def weight_folders() -> list[Path]:
    """Where bundled weights may lie, best first: `$D3P_WEIGHTS`, the checkout, the installation."""
    folders = [
        Path(__file__).resolve().parent.parent / "weights",
        Path(sys.prefix) / "share" / "d3prefiner" / "weights",
    ]
    if custom := os.environ.get("D3P_WEIGHTS"):
        folders.insert(0, Path(custom))
    return folders


def available() -> dict[str, Card]:
    """All bundled weights: name to card.

    Raises:
        WeightsError: a card is not readable as one.
    """
    cards: dict[str, Card] = {}
    for path in _cards_and_files("json"):
        if path.stem not in cards:
            cards[path.stem] = read_card(path)
    return cards


def bundled_names() -> list[str]:
    """Names that have a card, a file, or both: what `load` must be able to load, each."""
    return sorted({path.stem for path in _cards_and_files("json", "safetensors")})


def read_card(path: Path) -> Card:
    """The model card in a JSON file.

    Raises:
        WeightsError: it is missing, or not a JSON object.
    """
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WeightsError(f"{path.stem}.safetensors has no model card {path.name} beside it.") from None
    except (ValueError, OSError, RecursionError) as error:
        raise WeightsError(f"The model card {path} cannot be read: {error}.") from error
    if not isinstance(card, dict):
        raise WeightsError(f"The model card {path} holds no JSON object.")
    return card


def find(name_or_path: str | Path) -> Path:
    """The safetensors file of a bundled name (`stcformer-81`) or of a path.

    Raises:
        WeightsError: nothing of that name is there.
    """
    path = Path(name_or_path)
    try:
        if path.suffix == ".safetensors" and path.is_file():
            return path
        if path.name == str(name_or_path):  # a name, not a path that leads out of the folders
            for folder in weight_folders():
                candidate = folder / f"{name_or_path}.safetensors"
                if candidate.is_file():
                    return candidate
    except (OSError, ValueError):  # a name that no file can have, or a folder that may not be entered
        pass
    known = ", ".join(available()) or "none"
    raise WeightsError(f"No weights named {str(name_or_path)!r}; bundled are: {known}.")


def load(name_or_path: str | Path) -> tuple[dict[str, torch.Tensor], Card]:
    """Load weights and their card, after checking the hash.

    Returns:
        State dict on the CPU as stored (weights may be float16), and the card.

    Raises:
        WeightsError: missing file or card, or a file that is not what its card says.
    """
    path = find(name_or_path)
    card = read_card(path.with_suffix(".json"))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}.") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != card.get("sha256"):
        raise WeightsError(f"{path.name} is damaged or changed: its sha256 {digest[:12]}... is not that of its card.")
    try:
        return load_safetensors(data), card
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:  # a type that torch has not, too
        raise WeightsError(f"{path.name} is not a safetensors file: {error}.") from error


def save(path: str | Path, state: dict[str, torch.Tensor], card: Card) -> Card:
    """Write `path` (.safetensors) and its card; the card's `sha256` is filled in here. Returns the card.

    Raises:
        ConfigError: it cannot be written.
    """
    path = Path(path)
    # not safetensors' save_file, whose files only their owner can read, installed copies included
    data = serialise({key: value.contiguous() for key, value in state.items()})
    card = {**card, "sha256": hashlib.sha256(data).hexdigest()}
    with complete_file(path) as temporary:
        temporary.write_bytes(data)
    _write_card(path.with_suffix(".json"), card)
    return card


def set_in_card(name_or_path: str | Path, **fields: Any) -> None:
    """Write fields into the model card of weights, what was measured for instance; the weights stay as they are.

    Raises:
        WeightsError: no such weights, or no readable card.
        ConfigError: the card cannot be written.
    """
    path = find(name_or_path).with_suffix(".json")
    _write_card(path, {**read_card(path), **fields})


def _write_card(path: Path, card: Card) -> None:
    with complete_file(path) as temporary:
        temporary.write_bytes((json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode())


def _cards_and_files(*kinds: str) -> list[Path]:
    """Files of these endings in the weights' folders, best folder first,
    without what a killed process left half written."""
    found = (path for folder in weight_folders() for kind in kinds for path in sorted(folder.glob(f"*.{kind}")))
    return [path for path in found if not path.name.startswith(".")]
