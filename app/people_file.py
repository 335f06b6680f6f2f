"""A file of `People`: what the first pass over a video has found, for runs on another day.

An .npz that NumPy loads without pickle. `clock/ticks` and `clock/durations` (N,) int64; `track{i}/NAME` for each array
of `estimators.observation.Observation` that the i-th track has (keypoints, scores, provenance, looked, and pose_3d,
where a detector gives one); `meta`, a JSON string with all the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from app.media.clock import Clock
from app.people import People
from estimators.arrays import read_arrays
from estimators.errors import DataError
from estimators.files import complete_file
from estimators.observation import Observation
from estimators.skeleton import COCO17, H36M17

FORMAT, FORMAT_VERSION = "d3p-people", 1
_WHAT = "a file of people found in a video"
_SKELETONS = {skeleton.name: skeleton for skeleton in (COCO17, H36M17)}


def save(people: People, path: str | Path) -> Path:
    """Write the .npz, whole or not at all. Returns the path.

    Raises:
        ConfigError: it cannot be written.
    """
    arrays: dict[str, np.ndarray] = {"clock/ticks": people.clock.ticks, "clock/durations": people.clock.durations}
    for index, track in enumerate(people.tracks):
        arrays |= {f"track{index}/{name}": array for name, array in track.arrays().items()}
    arrays["meta"] = np.array(json.dumps(_meta_of(people), ensure_ascii=False))
    with complete_file(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    return Path(path)


def load(path: str | Path) -> People:
    """Read what `save` has written.

    Raises:
        DataError: no such file, or not a file of people.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no {_WHAT.removeprefix('a ')} at {path}.")
    arrays = read_arrays(path, _WHAT)
    try:
        return _from_arrays(arrays)
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise DataError(f"{path.name} is not {_WHAT}: {type(error).__name__}.") from error


def _meta_of(people: People) -> dict[str, Any]:
    clock = people.clock
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "sha256": people.sha256,
        "detector": people.detector,
        "warnings": list(people.warnings),
        "every": people.every,
        "turn": people.turn,
        "turn_found": people.turn_found,
        "clock": {
            "fps": str(clock.fps), "time_base": str(clock.time_base), "constant": clock.constant, "start": clock.start
        },
        "tracks": [
            {
                "id": track.id,
                "image_size": list(track.image_size),
                "fps": str(Fraction(track.fps)),
                "focal": track.focal,
                "skeleton": track.skeleton.name,
                "scored": track.scored,
                "every": track.every,
                "cuts": list(track.cuts),
            }
            for track in people.tracks
        ],
    }  # fmt: skip


def _from_arrays(arrays: Mapping[str, np.ndarray]) -> People:
    """The people of a file's arrays. Raises LookupError, ValueError, TypeError or DataError on anything malformed."""
    meta = json.loads(str(arrays["meta"]))
    if meta["format"] != FORMAT or int(meta["format_version"]) > FORMAT_VERSION:
        raise DataError(
            f"Cannot read {meta['format']} version {meta['format_version']}; newest known: {FORMAT_VERSION}."
        )
    clock = Clock(
        Fraction(meta["clock"]["fps"]),
        Fraction(meta["clock"]["time_base"]),
        arrays["clock/ticks"],
        arrays["clock/durations"],
        bool(meta["clock"]["constant"]),
        float(meta["clock"]["start"]),
    )
    return People(
        sha256=str(meta["sha256"]),
        detector=dict(meta["detector"]),
        tracks=[_track(index, told, arrays) for index, told in enumerate(meta["tracks"])],
        clock=clock,
        warnings=[str(warning) for warning in meta["warnings"]],
        every=int(meta["every"]),
        turn=int(meta["turn"]),
        turn_found=bool(meta["turn_found"]),
    )


def _track(index: int, told: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Observation:
    start = f"track{index}/"
    width, height = told["image_size"]
    return Observation(
        **{name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)},
        image_size=(int(width), int(height)),
        fps=Fraction(told["fps"]),
        focal=None if told["focal"] is None else float(told["focal"]),
        skeleton=_SKELETONS[told["skeleton"]],
        scored=bool(told["scored"]),
        id=int(told["id"]),
        every=int(told["every"]),
        cuts=tuple(int(cut) for cut in told["cuts"]),
    )
