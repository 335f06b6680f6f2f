"""mmpose's own models: names, configs and checkpoints from the index inside the installed package, fetched on request.

Checkpoints are kept in `$D3P_CACHE` (default: the platform's cache folder). `$D3P_ZOO` names another server that offers
the same paths, a mirror for instance.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import platformdirs
import yaml

from estimators import openmmlab
from estimators.errors import ConfigError, WeightsError
from estimators.files import complete_file
from estimators.hashes import file_sha256

TIMEOUT_S = 30
CHUNK_BYTES = 1 << 20
MAX_BYTES, MAX_SECONDS = 2 << 30, 3600  # a server that sends for ever must not fill the disk, or keep anybody waiting
# Short names for what people use most; any full name of the index works too.
ALIASES = {
    "rtmpose-t": "rtmpose-t_8xb256-420e_body8-256x192",
    "rtmpose-s": "rtmpose-s_8xb256-420e_body8-256x192",
    "rtmpose-m": "rtmpose-m_8xb256-420e_body8-256x192",
    "rtmpose-l": "rtmpose-l_8xb256-420e_body8-256x192",
    "rtmo-t": "rtmo-t_8xb32-600e_body7-416x416",
    "rtmo-s": "rtmo-s_8xb32-600e_body7-640x640",
    "rtmo-m": "rtmo-m_16xb16-600e_body7-640x640",
    "rtmo-l": "rtmo-l_16xb16-600e_body7-640x640",
}
# OpenMMLab ends a checkpoint's name in the first eight digits of its sha256, and mostly a date
_HASH = re.compile(r"[-_]([0-9a-f]{8})(?:[-_]\d{8})?\.pth$")


class _BrokenOffError(Exception):
    """Why a download did not come to its end."""


@dataclass(frozen=True)
class ZooModel:
    """One model of mmpose's index: its name there, its config file, and where its checkpoint lies."""

    name: str
    config: Path
    url: str


def mmpose_folder() -> Path:
    """Where mmpose keeps configs and the index: the `.mim` folder of the installed package."""
    openmmlab.require()
    spec = importlib.util.find_spec("mmpose")
    if spec is None or spec.origin is None:
        raise ConfigError("mmpose is installed without its files; install it again.")
    return Path(spec.origin).parent / ".mim"


@cache
def models() -> dict[str, ZooModel]:
    """The 2D body models of mmpose's index, by name."""
    root = mmpose_folder()
    index = _read_yaml(root / "model-index.yml")
    found: dict[str, ZooModel] = {}
    for path in index["Import"]:
        if not path.startswith("configs/body_2d_keypoint/"):
            continue
        for entry in _read_yaml(root / path).get("Models", []):
            if "Weights" in entry:
                model = ZooModel(entry["Name"], root / entry["Config"], entry["Weights"])
                found.setdefault(model.name, model)
    return found


def find(name: str) -> ZooModel | None:
    """The model of an alias or of a name in mmpose's index; None if there is none."""
    return models().get(ALIASES.get(name, name))


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        # the parser in C, where PyYAML has it: ten times as fast
        return yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"mmpose's model index cannot be read ({path.name}: {error}); reinstall mmpose.") from error


def cache_folder() -> Path:
    """Where downloads are kept: `$D3P_CACHE`, or the platform's cache folder."""
    if custom := os.environ.get("D3P_CACHE"):
        return Path(custom)
    return platformdirs.user_cache_path("d3prefiner", appauthor=False, opinion=False)


def fetch(model: ZooModel) -> Path:
    """The checkpoint of a model: from the cache if it is there and whole, downloaded otherwise.

    Raises:
        WeightsError: it cannot be downloaded, or what came is not what its name says.
    """
    return fetch_hashed(model)[0]


def fetch_hashed(model: ZooModel) -> tuple[Path, str]:
    """The checkpoint of a model, see `fetch`, and its sha256, by which it was verified."""
    name = PurePosixPath(urlsplit(model.url).path).name
    target = cache_folder() / "checkpoints" / name
    match = _HASH.search(name)
    if match is None:
        raise WeightsError(
            f"The checkpoint {name} has no hash in its name, so that a download cannot be verified; get it from "
            f"{model.url} yourself and pass the config and the file."
        )
    if target.is_file() and (sha256 := file_sha256(target)).startswith(match[1]):
        return target, sha256
    try:
        with complete_file(target) as temporary:
            return target, _download(_address(model.url), temporary, match[1])
    except (_BrokenOffError, ConfigError) as error:
        raise WeightsError(
            f"The weights of {model.name} could not be downloaded from {_address(model.url)} ({error}); connect to the "
            f"network, set D3P_ZOO to a mirror, put the file at {target}, or use the bundled detector 'movenet'."
        ) from error


def _address(url: str) -> str:
    mirror = os.environ.get("D3P_ZOO")
    return mirror.rstrip("/") + urlsplit(url).path if mirror else url


def _download(url: str, target: Path, sha256_start: str) -> str:
    """Stream `url` to a file, hashing on the way. Returns the sha256.

    Raises:
        _BrokenOffError: it does not come, or not to its end.
        WeightsError: what came is not what it should be.
    """
    try:
        digest = _stream(url, target)
    except (OSError, HTTPException) as error:
        # an HTTPError's own words have the status; of another URLError the reason is the better part
        reason = error if isinstance(error, urllib.error.HTTPError) else getattr(error, "reason", error)
        raise _BrokenOffError(str(reason)) from error
    if not digest.startswith(sha256_start):
        raise WeightsError(
            f"The download {url} is not what it should be: its sha256 starts with {digest[:8]}, not {sha256_start}; "
            "nothing was kept, try again or use another server."
        )
    return digest


def _stream(url: str, target: Path) -> str:
    """Write what `url` sends to a file; returns its sha256. Raises OSError if it is too much,
    too slow or too little."""
    digest, received = hashlib.sha256(), 0
    with target.open("wb") as file, urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
        announced, deadline = response.headers.get("Content-Length"), time.monotonic() + MAX_SECONDS
        if announced is not None and not (announced.isdecimal() and int(announced) <= MAX_BYTES):
            raise OSError(f"the server announces {announced[:20]} bytes")
        while chunk := response.read1(CHUNK_BYTES):
            file.write(chunk)
            digest.update(chunk)
            received += len(chunk)
            if received > MAX_BYTES or time.monotonic() > deadline:
                raise OSError(f"the server sends too much, or too slowly: {received} bytes so far")
    if announced is not None and received != int(announced):
        raise OSError(f"the connection ended after {received} of {announced} bytes")
    return digest.hexdigest()
