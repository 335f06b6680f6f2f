"""When a clip is done: a marker, written last, that says what its results were made of.

`done.json` in a clip's folder holds the video's hash, size and time of change, everything that the results depend on
(options, exports, versions, hashes of weights), and the sizes of the result files. A clip is done if all of that still
holds. Looking costs a millisecond: the video is hashed again only if its size or time of change is another.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.files import complete_file
from app.models import Options
from app.pipeline import own_version
from app.video import sha256_of
from estimators import weights
from estimators.errors import WeightsError

MARKER = "done.json"
DETECTOR = "movenet-multipose"  # finds people for every detector


def recipe(options: Options, exports: Sequence[str] = ()) -> dict[str, Any]:
    """Everything but the video that results depend on, ready for JSON.

    Raises:
        WeightsError: weights that the options name are not there.
    """
    if options.checkpoint and not Path(options.checkpoint).is_file():
        raise WeightsError(f"There is no checkpoint {options.checkpoint!r}.")
    names = [DETECTOR, options.lifter_weights] + ([options.refiner_weights] if options.refine else [])
    cards = {name: weights.read_card(weights.find(name).with_suffix(".json")) for name in names}
    checkpoint = options.checkpoint and sha256_of(Path(options.checkpoint))
    asked = {key: value for key, value in asdict(options).items() if key != "device"}  # where, not what
    return {
        "options": asked,
        "exports": sorted(exports),
        "weights": {Path(name).stem: card.get("sha256") for name, card in cards.items()} | {"checkpoint": checkpoint},
        "version": own_version(),
    }


def is_done(video: Path, folder: Path, made_with: dict[str, Any]) -> bool:
    """Whether `folder` holds the whole results of this video, made this way."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        if marker["recipe"] != made_with:
            return False
        if any((folder / name).stat().st_size != size for name, size in marker["files"].items()):
            return False
        now, then = video.stat(), marker["video"]
        if (now.st_size, now.st_mtime_ns) == (then["bytes"], then["changed_ns"]):
            return True
        return now.st_size == then["bytes"] and sha256_of(video) == then["sha256"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def mark_done(video: Path, sha256: str, folder: Path, files: Sequence[Path], made_with: dict[str, Any]) -> None:
    """Write the marker, whole or not at all."""
    state = video.stat()
    marker = {
        "recipe": made_with,
        "video": {"sha256": sha256, "bytes": state.st_size, "changed_ns": state.st_mtime_ns},
        "files": {file.name: file.stat().st_size for file in files},
    }
    with complete_file(folder / MARKER) as temporary:
        temporary.write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
