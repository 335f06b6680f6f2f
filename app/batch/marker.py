"""When a clip is done: a marker, written last, that says what its results were made of.

`done.json` in a clip's folder holds the video's hash, size and time of change, everything that the results depend on
(options, exports, versions, hashes of weights), and the sizes of the result files. A clip is done if all of that still
holds. Looking costs a millisecond: the video is hashed again only if its time of change is another.

`failed.json` is the same for a video that cannot be processed, be it damaged or without anybody in it: nothing is
gained by trying again what has not changed. Other failures (a full disk, say) leave no marker and are tried again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.options import Options
from app.version import __version__
from estimators import weights
from estimators.errors import WeightsError
from estimators.files import complete_file
from estimators.hashes import file_sha256

DONE, FAILED = "done.json", "failed.json"


def recipe(options: Options, exports: Sequence[str] = ()) -> dict[str, Any]:
    """Everything but the video that results depend on, ready for JSON.

    Raises:
        WeightsError: weights that the options name are not there.
    """
    if options.checkpoint and not Path(options.checkpoint).is_file():
        raise WeightsError(f"There is no checkpoint {options.checkpoint!r}.")
    from estimators.detection.networks import weights_of  # with torch, which takes a second to import

    names = [*weights_of(options.detector), *options.weights]
    cards = {name: weights.read_card(weights.find(name).with_suffix(".json")) for name in names}
    checkpoint = options.checkpoint and file_sha256(Path(options.checkpoint))
    asked = {key: value for key, value in asdict(options).items() if key != "device"}  # where, not what
    return {
        "options": asked,
        "exports": sorted(exports),
        "weights": {Path(name).stem: card.get("sha256") for name, card in cards.items()} | {"checkpoint": checkpoint},
        "version": __version__,
    }


def what_is_done(video: Path, folder: Path, made_with: dict[str, Any]) -> dict[str, Any] | None:
    """What was told of the run, if `folder` holds the whole results of this video, made this way; else None."""
    marker = _valid(folder / DONE, video, made_with)
    try:
        if marker is None or any((folder / name).stat().st_size != size for name, size in marker["files"].items()):
            return None
        return dict(marker["told"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def known_failure(video: Path, folder: Path, made_with: dict[str, Any]) -> str | None:
    """Why this very video could not be processed this way before; None if that is not known."""
    marker = _valid(folder / FAILED, video, made_with)
    return None if marker is None else str(marker.get("error"))


def mark_done(
    video: Path, sha256: str, folder: Path, files: Sequence[Path], made_with: dict[str, Any], told: dict[str, Any]
) -> None:
    """Write that `folder` holds the whole results, and what is to be told of the run."""
    sizes = {file.name: file.stat().st_size for file in files}
    _write(folder / DONE, video, sha256, made_with, files=sizes, told=told)


def mark_failed(video: Path, folder: Path, made_with: dict[str, Any], error: str) -> None:
    """Write that this video cannot be processed, if it is one that can at least be read."""
    with suppress(OSError):
        _write(folder / FAILED, video, file_sha256(video), made_with, error=error)


def remove_markers(folder: Path) -> None:
    """Remove what an earlier batch has noted of a clip, for it is begun anew."""
    for name in (DONE, FAILED):
        with suppress(OSError):
            (folder / name).unlink(missing_ok=True)


def _valid(path: Path, video: Path, made_with: dict[str, Any]) -> dict[str, Any] | None:
    """What a marker says, if it is about this video and this recipe."""
    try:
        marker = json.loads(path.read_text(encoding="utf-8"))
        now, then = video.stat(), marker["video"]
        if marker["recipe"] != made_with or now.st_size != then["bytes"]:
            return None
        same = now.st_mtime_ns == then["changed_ns"] or file_sha256(video) == then["sha256"]
        return marker if same else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _write(path: Path, video: Path, sha256: str, made_with: dict[str, Any], **more: Any) -> None:
    """A marker, whole or not at all."""
    state = video.stat()
    about = {"sha256": sha256, "bytes": state.st_size, "changed_ns": state.st_mtime_ns}
    with complete_file(path) as temporary:
        text = json.dumps({"recipe": made_with, "video": about, **more}, indent=2, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")  # names may be no text
